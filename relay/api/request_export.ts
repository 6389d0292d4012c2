/** Answers that are a part of the request log as a file, read page by page as the reader takes it. @module */

import {
  type Asker,
  type ExportFormat,
  exportHead,
  type ExportPage,
  type ExportPart,
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
  readonly asker: Asker;
  /** Whether the reader may still have it; asked before each page. */
  readonly isAllowed: () => boolean;
}

/** Exports at once; each asks the log again and again. */
const MOST_EXPORTS = 8;
/** Of one account: it cannot keep the others from theirs. */
const MOST_OF_ACCOUNT = 4;
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
  /** Who asked for those that are open. */
  readonly #open: string[] = [];

  /**
   * The answer; newest first, each request once. Memory for two pages only: one goes while the next is read.
   * @throws {Problem} 429. @throws {StoreError} where the log cannot be read.
   */
  async answer(wanted: Export): Promise<Response> {
    const { account } = wanted.asker;
    const own = this.#open.filter((name) => name === account).length;
    if (this.#open.length >= MOST_EXPORTS || own >= MOST_OF_ACCOUNT) {
      throw new Problem(429, "busy", "Too many exports are under way", {
        headers: { "retry-after": "5" },
      });
    }
    this.#open.push(account);
    let isOpen = true;
    const end = (): void => {
      if (isOpen) this.#open.splice(this.#open.indexOf(account), 1);
      isOpen = false;
    };
    const pages = pagesOf(wanted);
    // Read before anything is answered: until then it can still be a refusal.
    let page: Promise<IteratorResult<Uint8Array>> = pages.next();
    await page.catch((error) => {
      end();
      throw error;
    });
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await page;
          if (!isOpen) return;
          if (!done) {
            controller.enqueue(value);
            page = pages.next();
            page.catch(() => {}); // told by the next pull
            return;
          }
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
    const { format } = wanted;
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
  { reader, filter, format, asker, isAllowed }: Export,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (reader === null) return yield new TextEncoder().encode(exportHead(format));
  let before: { before?: number } | null = {};
  while (before !== null) {
    if (!isAllowed()) throw new Error("The export's reader may no longer have it");
    const { bytes, next } = await patient(reader, asker, {
      ...filter,
      ...before,
      format,
      limit: PAGE,
    });
    if (bytes.length > 0) yield bytes;
    before = next === null ? null : { before: next };
  }
}

/** Waits where others ask so much that the log takes no more questions. */
async function patient(reader: LogReader, asker: Asker, page: ExportPage): Promise<ExportPart> {
  for (;;) {
    try {
      return await reader.export(page, asker);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "busy")) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE));
    }
  }
}
