/** The directory origin: finds out which file a request means, and has it answered. @module */

import { existsSync } from "node:fs";
import { sep } from "node:path";
import { answerProblem, coarseNow, type Exchange } from "../../http/mod.ts";
import type { Origin } from "../origin.ts";
import { type Entry, readEntry } from "./entry.ts";
import { EntryCache } from "./entry_cache.ts";
import { FileAnswers, type Refuse } from "./file_answers.ts";
import { type ListingOptions, sendListing } from "./listing.ts";
import { OpenDirectory, OpenFile, sameState } from "./open_file.ts";
import { ActiveSends } from "./active_send.ts";
import { decodePath, encodeSegment, safeBase } from "./path.ts";
import { BAD_PATH, busy, NOT_FOUND, problemOf } from "./problems.ts";
import { redirectTo } from "./redirect.ts";
import { type Place, Root } from "./root.ts";
import { Runs } from "./runs.ts";

/** What a directory origin may be told. */
export interface DirectoryOriginOptions {
  /** The directory to publish. It may be a symlink that is switched to another directory at run time. */
  readonly root: string;
  /** Bytes of memory for small files and for what is known of larger ones. Default 32 MiB; 0 keeps nothing. */
  readonly cacheBytes?: number;
  /** How many larger files may be sent at a time; further requests get 503. Default 1,024. */
  readonly maxSending?: number;
  /** How many listings may be made at a time; further requests get 503. Default 16. */
  readonly maxListings?: number;
  /** Answers with an error. Default `answerProblem`. */
  readonly refuse?: Refuse;
}

/**
 * Publishes a directory, for reading.
 *
 * A file in the cache costs one `lstat` a request, which shows every change of the file itself. Whether its address
 * still leads to it (no symlink or marker came in between) is looked up again when that is a second old.
 * A file that changes while it is sent ends in an abort; one that was appended to is sent as long as it was.
 * Of several ranges that do not join into one the answer is the whole file.
 * @throws {Error} when `root` is no directory.
 */
export function createDirectoryOrigin(options: DirectoryOriginOptions): Origin {
  return new DirectoryOrigin(options);
}

/** How long an address may lead to a file without being followed again, in ms. */
const TRUST = 1000;
/** A file that is replaced every time it is opened gets 503 after so many times. */
const ATTEMPTS = 3;
const INDEX_NAMES = ["index.html", "index.htm"];
const ALLOW = "Allow: GET, HEAD, OPTIONS\r\n";
/** As many as the streams of all connections to a relay: a burst of visitors is not refused here. */
const MOST_SENDING = 1_024;
const KNOWN_METHODS = ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"];
const encoder = new TextEncoder();
const ALLOW_FIELD = encoder.encode(ALLOW);
const BROKEN_FIELDS = encoder.encode(
  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
);

class DirectoryOrigin implements Origin {
  readonly #root: Root;
  readonly #cache: EntryCache;
  readonly #files: FileAnswers;
  readonly #listings: ActiveSends;
  readonly #refuse: Refuse;
  #closed = false;

  constructor(options: DirectoryOriginOptions) {
    this.#refuse = options.refuse ?? answerProblem;
    this.#root = new Root(options.root);
    this.#cache = new EntryCache(options.cacheBytes ?? 32 << 20);
    this.#files = new FileAnswers(options.maxSending ?? MOST_SENDING, this.#refuse);
    this.#listings = new ActiveSends(options.maxListings ?? 16);
  }

  handle(exchange: Exchange, path: string, base: string): void {
    try {
      const method = exchange.head.method;
      if (method !== "GET" && method !== "HEAD") return this.#answerMethod(exchange, method);
      const entry = this.#cache.get(path);
      if (entry !== undefined && isCurrent(entry) && this.#files.answer(exchange, entry)) return;
      this.#lookUp(exchange, path, base);
    } catch (error) {
      this.#refuse(exchange, problemOf(error));
    }
  }

  #answerMethod(exchange: Exchange, method: string): void {
    if (method === "OPTIONS") return exchange.respond(204, ALLOW_FIELD, null, -1);
    const isKnown = KNOWN_METHODS.includes(method);
    this.#refuse(exchange, {
      status: isKnown ? 405 : 501,
      code: isKnown ? "method-not-allowed" : "unknown-method",
      detail: "Files can be read with GET and HEAD, and nothing else.",
      fields: ALLOW,
    });
  }

  /** The long way: follows the path in the file system. */
  #lookUp(exchange: Exchange, path: string, base: string): void {
    if (this.#closed) return this.#refuse(exchange, busy("This directory is no longer published."));
    const asked = decodePath(path);
    if (asked === 404) return this.#refuse(exchange, NOT_FOUND);
    if (asked === 400) return this.#refuse(exchange, BAD_PATH);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const now = Date.now();
      let names = asked.segments;
      let place = this.#root.find(names);
      if (place?.info.isDirectory) {
        if (!asked.directory) {
          return redirectTo(exchange, `${safeBase(base)}/${names.map(encodeSegment).join("/")}/`);
        }
        const index = this.#findIndex(names, place);
        if (index === null) return this.#list(exchange, { names, place, base });
        ({ names, place } = index);
      } else if (asked.directory) {
        place = null;
      }
      if (place === null) return this.#refuse(exchange, NOT_FOUND);
      const entry = this.#entryOf(path, place, { name: names[names.length - 1]!, now });
      if (entry !== null && this.#files.answer(exchange, entry)) return;
    }
    this.#refuse(exchange, busy("The file is being replaced; try again in a second."));
  }

  /** The index file of a directory. One that may not be served is as good as none. */
  #findIndex(names: readonly string[], directory: Place): { names: string[]; place: Place } | null {
    for (const name of INDEX_NAMES) {
      if (!existsSync(directory.path + sep + name)) continue;
      const place = this.#root.find([...names, name]);
      if (place?.info.isFile) return { names: [...names, name], place };
    }
    return null;
  }

  /** The entry of the file at `place`: the one that is kept for this path, if it still holds, or a new one. */
  #entryOf(path: string, place: Place, { name, now }: { name: string; now: number }): Entry | null {
    const kept = this.#cache.get(path);
    if (kept !== undefined && kept.path === place.path && sameState(kept, place.info)) {
      kept.verified = coarseNow();
      return kept;
    }
    this.#cache.delete(path);
    using file = OpenFile.open(place.path);
    if (file === null) return null;
    const entry = readEntry(file, { path: place.path, name, now });
    if (entry?.lasting) this.#cache.set(path, entry);
    return entry;
  }

  #list(exchange: Exchange, { names, place, base }: Listed): void {
    if (this.#listings.full) {
      const problem = busy("Too many directories are being listed; try again in a second.");
      return this.#refuse(exchange, problem);
    }
    const directory = OpenDirectory.open(place.path);
    if (directory === null) return this.#refuse(exchange, NOT_FOUND);
    this.#runListing(exchange, { directory, root: this.#root, names, base: safeBase(base) });
  }

  async #runListing(exchange: Exchange, options: ListingOptions): Promise<void> {
    using _ = options.directory;
    using send = this.#listings.open(exchange);
    try {
      await sendListing(send, options);
    } catch (error) {
      // The request's head is gone by now, and with it which form of an error it would like.
      if (exchange.started) send.abort(`the listing broke off: ${(error as Error).message}`);
      else exchange.respond(problemOf(error).status, BROKEN_FIELDS, null, 0);
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#cache.clear();
    this.#files[Symbol.dispose]();
    this.#listings[Symbol.dispose]();
  }
}

/** A directory to be listed. */
interface Listed {
  readonly names: readonly string[];
  readonly place: Place;
  readonly base: string;
}

const runs = new Runs();

/** Whether the kept entry is still what lies at its path, and was followed to there lately. */
function isCurrent(entry: Entry): boolean {
  if (coarseNow() - entry.verified > TRUST) return false;
  const run = runs.current;
  if (entry.seen === run) return true;
  try {
    const isSame = sameState(entry, Deno.lstatSync(entry.path));
    if (isSame) entry.seen = run;
    return isSame;
  } catch {
    return false; // the long way says why
  }
}
