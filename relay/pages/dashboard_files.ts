/** The dashboard's files: the page at every address below `/admin`, its modules and styles, and what is vendored below `/static`. @module */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { answerProblem, Field, type Head, type ServerExchange } from "../../http/mod.ts";
import type { PageHandler } from "./own_pages.ts";
import { isReading } from "./read_only.ts";

/** Folders of the program, and where visitors find what is in them. */
const FOLDERS = [
  { url: new URL("../../dashboard/", import.meta.url), address: "/admin/" },
  { url: new URL("../../static/vendor/", import.meta.url), address: "/static/vendor/" },
] as const;
const PAGE = "/admin/index.html";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};
/** The best first. */
const ENCODINGS = ["br", "gzip"] as const;
type Encoding = typeof ENCODINGS[number] | "identity";

/** What begins; what that imports is asked for at once, not one after the other. */
const FIRST = "/admin/main.js";

const encoder = new TextEncoder();
const COMMON = "Vary: Accept-Encoding\r\nCross-Origin-Resource-Policy: same-origin\r\n" +
  "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n";

/** A file, ready to be sent. */
interface ServedFile {
  readonly bodies: Readonly<Record<Encoding, Uint8Array>>;
  readonly tag: string;
  readonly fields: string;
}

/** Answers below `/admin` and `/static`. Files are compressed at the first request. */
export class DashboardFiles {
  #texts: Map<string, string> | null = null;
  #preparing: Promise<void> | null = null;
  #files: Map<string, ServedFile> | null = null;

  /** Reads the files, which may go from then on. What cannot be read is tried again at the next request. */
  hold(): void {
    try {
      this.#texts ??= readFiles();
    } catch {
      // Who comes is told.
    }
  }

  readonly answer: PageHandler = (exchange) => {
    if (this.#files !== null) return answer(exchange, this.#files);
    this.#preparing ??= this.#prepare();
    this.#preparing.then(() => answer(exchange, this.#files!), (error) => {
      this.#preparing = null;
      if (exchange.aborted) return;
      answerProblem(exchange, {
        status: 500,
        code: "failed",
        detail: `The dashboard's files cannot be read: ${error.message}`,
      });
    });
  };

  async #prepare(): Promise<void> {
    this.#files = await compressed(this.#texts ?? readFiles());
    this.#texts = null;
  }
}

function answer(exchange: ServerExchange, files: ReadonlyMap<string, ServedFile>): void {
  if (exchange.aborted) return;
  const path = exchange.head.target.split("?", 1)[0]!;
  const file = files.get(path) ?? (isPlace(path) ? files.get(PAGE) : undefined);
  if (file === undefined) {
    return answerProblem(exchange, {
      status: 404,
      code: "not-found",
      detail: "There is nothing at this address.",
    });
  }
  if (!isReading(exchange)) return;
  send(exchange, file);
}

/** A place within the dashboard, which the page itself finds: `/admin/requests`. */
function isPlace(path: string): boolean {
  return path === "/admin" || /^\/admin\/(?:[^.]|\/)*$/.test(path) ||
    // Names and ids may have dots; what looks like a file does not lie that deep.
    /^\/admin\/[a-z]+\/[^/]+$/.test(path) && !/\.(js|css|html|svg|map|json)$/.test(path);
}

function send(exchange: ServerExchange, { bodies, tag, fields }: ServedFile): void {
  const { head } = exchange;
  const accepted = items(head, Field["accept-encoding"]);
  const encoding = ENCODINGS.find((coding) => accepted.some((item) => asks(item, coding))) ??
    "identity";
  // Bytes that differ have tags that differ (RFC 9110 section 8.8.3.3).
  const own = `"${tag}-${encoding}"`;
  if (items(head, Field["if-none-match"]).some((item) => item === own || item === `W/${own}`)) {
    return exchange.respond(304, encoder.encode(`ETag: ${own}\r\n${fields}`), null);
  }
  const body = bodies[encoding];
  const how = encoding === "identity" ? "" : `Content-Encoding: ${encoding}\r\n`;
  exchange.respond(
    200,
    encoder.encode(`ETag: ${own}\r\n${how}${fields}`),
    head.method === "HEAD" ? null : body,
    body.length,
  );
}

/** What a list field lists. */
function items(head: Head, field: number): string[] {
  return head.getAll(field).join(",").split(",").map((item) => item.trim());
}

/** Whether an item of `Accept-Encoding` wants `coding` (RFC 9110 section 12.5.3). */
function asks(item: string, coding: string): boolean {
  const [name, ...parameters] = item.toLowerCase().split(";").map((part) => part.trim());
  return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
}

function readFiles(): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { url, address } of FOLDERS) collect(url, address, texts);
  const page = texts.get(PAGE)!.replace(
    "<!-- early modules -->",
    [...reached(FIRST, texts)].map((path) => `<link rel="modulepreload" href="${path}">`).join(
      "\n",
    ),
  );
  texts.set(PAGE, page);
  return texts;
}

async function compressed(texts: ReadonlyMap<string, string>): Promise<Map<string, ServedFile>> {
  return new Map(
    await Promise.all(
      [...texts].map(async ([path, text]) => [path, await served(path, text)] as const),
    ),
  );
}

/** A module and all that it imports, and what those do, as addresses; what is imported later (`import()`) is left out. */
function reached(first: string, texts: ReadonlyMap<string, string>): Set<string> {
  const map = JSON.parse(/type="importmap">([^<]*)</.exec(texts.get(PAGE)!)![1]!).imports;
  const found = new Set([first]);
  for (const path of found) {
    const imports = /^(?:import|export)\b[^;]*?\bfrom ?"([^"]+)"|[}\w]from"([\w@/.-]+)"/gm;
    for (const [, own, vendored] of withoutComments(texts.get(path) ?? "").matchAll(imports)) {
      const specifier = (own ?? vendored)!;
      const address = map[specifier] ?? new URL(specifier, `http://relay${path}`).pathname;
      if (texts.has(address)) found.add(address);
    }
  }
  return found;
}

function collect(folder: URL, address: string, texts: Map<string, string>): void {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const extension = name.slice(name.lastIndexOf(".") + 1);
    if (isDirectory) collect(new URL(`${name}/`, folder), `${address}${name}/`, texts);
    else if (Object.hasOwn(TYPES, extension)) {
      texts.set(`${address}${name}`, Deno.readTextFileSync(new URL(name, folder)));
    }
  }
}

async function served(path: string, text: string): Promise<ServedFile> {
  const identity = encoder.encode(/^\/admin\/.*\.js$/.test(path) ? withoutComments(text) : text);
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)]!;
  return {
    bodies: {
      identity,
      br: await promisify(brotliCompress)(identity),
      gzip: await promisify(gzip)(identity, { level: 9 }),
    },
    tag: createHash("sha256").update(identity).digest("base64url").slice(0, 22),
    fields: `Content-Type: ${type}\r\n${
      path === PAGE ? pageFields(text) : moduleFields()
    }${COMMON}`,
  };
}

/** A third of a module's compressed size is comments, which stand on lines of their own here; lines keep their numbers. */
export function withoutComments(module: string): string {
  return module.replace(
    /^[ \t]*(?:\/\*\*(?:(?!\*\/)[^])*\*\/|\/\/.*)[ \t]*$/gm,
    (comment) => comment.replace(/[^\n]+/g, ""),
  );
}

/** Only our own modules run, and the import map, which has to stand in the page, by its hash. */
function pageFields(page: string): string {
  const hashes = [...page.matchAll(/<script type="importmap">([^]*?)<\/script>/g)]
    .map(([, text]) => `'sha256-${Buffer.from(sha256(text!)).toString("base64")}'`);
  return "Cache-Control: no-store\r\nCross-Origin-Opener-Policy: same-origin\r\n" +
    `Content-Security-Policy: default-src 'none'; script-src 'self' ${hashes.join(" ")}; ` +
    "style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'\r\n";
}

/** Kept, and asked about each time: a new version of the program is there at once. */
function moduleFields(): string {
  return "Cache-Control: no-cache\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
}

function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
