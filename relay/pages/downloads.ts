/** Offers crunch itself: the page and the files below `/download`, and the scripts that install them. @module */

import {
  answerProblem,
  conditionsOf,
  escapeHtml,
  type Exchange,
  Field,
  type Head,
  serveFetch,
  type ServerExchange,
} from "../../http/mod.ts";
import { answerWithFile } from "./download_answer.ts";
import { DownloadFiles, platformsFor } from "./download_files.ts";
import type { Download, Platform } from "./download_files.ts";
import { insecureWords, installScript, NO_DOWNLOADS } from "./install_script.ts";
import type { OwnPages } from "./own_pages.ts";
import { type Listening, type Whereabouts, whereaboutsFor } from "../visitors/reach/mod.ts";
import { staticText } from "./static_text.ts";
import type { Visitor } from "../visitors/mod.ts";
import { isReading } from "./read_only.ts";

export interface DownloadsOptions {
  /** The directory with the programs; undefined offers none. */
  readonly directory: string | undefined;
  /** Where the relay listens, once it does. */
  readonly listening: () => Listening;
}

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #files: DownloadFiles | null;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    this.#files = options.directory === undefined ? null : new DownloadFiles(options.directory);
  }

  /** Puts all of it among the relay's own pages. */
  addTo(pages: OwnPages): void {
    pages.set("download", (exchange, visitor) => this.#download(exchange, visitor));
    for (const file of ["install.sh", "install.ps1"]) {
      pages.set(file, (exchange, visitor) => this.#script(exchange, visitor, file));
    }
  }

  #download(exchange: ServerExchange, visitor: Visitor): void {
    const { head } = exchange;
    if (!isReading(exchange)) return;
    const files = this.#files;
    if (files === null) return notFound(exchange, upperFirst(NO_DOWNLOADS) + ".");
    const [, rest = ""] = /^\/download\/?([^?]*)/.exec(head.target) ?? [];
    if (rest === "") {
      const where = this.#whereabouts(exchange, visitor);
      if (where === undefined) return badHost(exchange);
      const userAgent = head.get(Field["user-agent"]) ?? "";
      return serveFetch(exchange, async () => {
        const platforms = platformsFor(userAgent);
        const page = downloadPage(await files.list(platforms), where, platforms[0]!.os);
        return text(page, "text/html", { "vary": "User-Agent, Host" });
      });
    }
    const { signed } = files;
    if (rest === "SHA256SUMS.sig" && signed !== null) {
      return serveFetch(exchange, () => text(signed.signature, "text/plain"));
    }
    if (rest === "SHA256SUMS") {
      return serveFetch(exchange, async () => {
        // As it was signed: of the whole release.
        if (signed !== null) return text(signed.sums, "text/plain");
        const found = await files.list(platformsFor(""));
        return text(found.map(({ file, sha256 }) => `${sha256}  ${file}\n`).join(""), "text/plain");
      });
    }
    if (!files.has(rest)) return notFound(exchange, "There is no such file here.");
    const conditions = conditionsOf(head);
    serveFetch(exchange, () => answerWithFile(files, { exchange, name: rest, conditions }));
  }

  #script(exchange: ServerExchange, visitor: Visitor, file: string): void {
    if (!isReading(exchange)) return;
    const where = this.#whereabouts(exchange, visitor);
    if (where === undefined) return badHost(exchange);
    serveFetch(exchange, () => {
      const script = installScript(staticText(file), where, this.#files !== null);
      // Plain, so that a browser shows it to who wants to read it first.
      return text(script, "text/plain", { "vary": "Host" });
    });
  }

  #whereabouts(exchange: ServerExchange, visitor: Visitor): Whereabouts | undefined {
    return whereaboutsFor(exchange, visitor, this.#options.listening());
  }
}

function text(
  body: string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-store",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

function downloadPage(
  found: readonly Download[],
  { base, command }: Whereabouts,
  os: Platform["os"],
): string {
  const rows = found.map(({ file, platform, size, sha256 }) =>
    `      <li><b>${platform.label}</b> <a href="/download/${file}">${file}</a> ` +
    `<data value="${size}">${(size / 1e6).toFixed(1)} MB</data> <code>${sha256}</code></li>\n`
  );
  const values: Record<string, string> = {
    base: escapeHtml(base),
    ...insecureWords(base),
    command: escapeHtml(command ?? ""),
    reachable: command === null ? "hidden" : "",
    unreachable: command === null ? "" : "hidden",
    os,
    rows: rows.join(""),
    some: rows.length > 0 ? "" : "hidden",
    none: rows.length > 0 ? "hidden" : "",
  };
  return staticText("download.html").replace(/\{\{(\w+)\}\}/g, (_, name) => values[name] ?? "");
}

type Answering = Pick<Exchange, "id" | "respond"> & { readonly head: Head };

function notFound(exchange: Answering, detail: string): void {
  answerProblem(exchange, { status: 404, code: "not-found", detail });
}

function badHost(exchange: Answering): void {
  answerProblem(exchange, {
    status: 400,
    code: "bad-host",
    detail: "The Host field is no address that a script could use.",
  });
}

function upperFirst(sentence: string): string {
  return sentence[0]!.toUpperCase() + sentence.slice(1);
}
