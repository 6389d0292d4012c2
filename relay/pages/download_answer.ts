/** Answers with one of the programs that the relay offers; downloads that broke off can be continued. @module */

import {
  type Conditions,
  type Exchange,
  refusalOf,
  select,
  type Validators,
} from "../../http/mod.ts";
import type { DownloadFiles } from "./download_files.ts";

/** What is asked for. */
export interface Wanted {
  readonly exchange: Pick<Exchange, "aborted">;
  /** A name that is there. */
  readonly name: string;
  readonly conditions: Conditions | null;
}

/** Answers with a program, whole or in part or not at all, as the request's conditions and range say. */
export async function answerWithFile(
  files: DownloadFiles,
  { exchange, name, conditions }: Wanted,
): Promise<Response> {
  const opened = await files.open(name);
  if (opened === null) {
    const detail = "The file is just being replaced; try again in a second.";
    return refuse(503, detail, { "retry-after": "1" });
  }
  const { file, size, sha256 } = opened;
  const state: Validators = { size, tag: `"${sha256}"`, weak: false, modified: NaN };
  const selection = conditions === null ? "whole" : select(conditions, state);
  const headers = {
    "etag": state.tag,
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
  };
  // A visitor who left takes nothing, and would leave it open.
  if (exchange.aborted || selection === "unmodified") {
    file.close();
    return new Response(null, { status: 304, headers });
  }
  if (selection === "failed" || selection === "unsatisfiable") {
    file.close();
    const { status, detail } = refusalOf(selection, state);
    const range = { "content-range": `bytes */${size}` };
    return refuse(status, detail, selection === "failed" ? {} : range);
  }
  const { start, end } = selection === "whole" ? { start: 0, end: size } : selection;
  return new Response(bytesOf(file, start, end), {
    status: selection === "whole" ? 200 : 206,
    headers: {
      ...headers,
      ...selection === "whole" ? {} : { "content-range": `bytes ${start}-${end - 1}/${size}` },
      "content-type": "application/octet-stream",
      "content-length": String(end - start),
      "content-disposition": `attachment; filename="${name}"`,
    },
  });
}

function refuse(status: number, detail: string, headers: Record<string, string>): Response {
  return new Response(`${detail}\n`, {
    status,
    headers: {
      ...headers,
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Bytes read from a file at a time. */
const PIECE = 1 << 17;

/** The bytes `start` up to, not including, `end`, read as they are taken. It closes the file when it ends. */
function bytesOf(
  file: Deno.FsFile,
  start: number,
  end: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = start;
  return new ReadableStream({
    start: () => void file.seekSync(start, Deno.SeekMode.Start),
    async pull(controller) {
      const piece = new Uint8Array(Math.min(PIECE, end - at));
      const count = at < end ? await file.read(piece) : 0;
      if (count === null) {
        file.close();
        throw new Error("Cannot send the rest: the file became shorter");
      }
      at += count;
      if (count > 0) controller.enqueue(piece.subarray(0, count));
      if (at < end) return;
      file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}
