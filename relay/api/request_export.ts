/** Answers that are a part of the request log as a file, read page by page as the reader takes it. @module */

import {
  type ExportFormat,
  exportHead,
  type LogReader,
  type RequestFilter,
  StoreError,
} from "../store/mod.ts";
import { Problem } from "./problem.ts";

/** What to export. */
export interface Export {
  readonly reader: LogReader | null;
  readonly filter: RequestFilter;
  readonly format: ExportFormat;
  /** Whether the reader may still have it; asked before each page. */
  readonly isAllowed: () => boolean;
}

/** Exports at once; each asks the log again and again. */
const MOST_EXPORTS = 8;
/** Requests a page. */
const PAGE = 1_000;
/** Until a log that answers others is asked again, ms. */
const BUSY_PAUSE = 250;

const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson",
};

/** All exports under way. */
export class RequestExports {
  #open = 0;

  /** The answer; newest first, each request once. Memory for one page only. @throws {Problem} 429. */
  answer(wanted: Export): Response {
    if (this.#open >= MOST_EXPORTS) {
      throw new Problem(429, "busy", "Too many exports are under way", {
        headers: { "retry-after": "5" },
      });
    }
    this.#open++;
    const { format } = wanted;
    const pages = pagesOf(wanted);
    const end = () => void this.#open--;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await pages.next();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(error); // a file that breaks off must not look whole
        }
      },
      async cancel() {
        end();
        await pages.return();
      },
    }, { highWaterMark: 0 });
    const filename = `requests-${new Date().toISOString().slice(0, 10)}.${format}`;
    return new Response(body, {
      headers: {
        "content-type": TYPES[format],
        "content-disposition": `attachment; filename="${filename}"`,
      },
    });
  }
}

async function* pagesOf(
  { reader, filter, format, isAllowed }: Export,
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = exportHead(format);
  if (head !== "") yield new TextEncoder().encode(head);
  let before: number | null = Number.MAX_SAFE_INTEGER;
  while (reader !== null && before !== null) {
    if (!isAllowed()) throw new Error("The export's reader may no longer have it");
    const page = await patient(reader, { ...filter, format, before, limit: PAGE });
    if (page.bytes.length > 0) yield page.bytes;
    before = page.next;
  }
}

/** Waits where others ask so much that the log takes no more questions. */
async function patient(reader: LogReader, page: Parameters<LogReader["export"]>[0]) {
  for (;;) {
    try {
      return await reader.export(page);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "busy")) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE));
    }
  }
}
