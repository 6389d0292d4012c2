/** Answers with a file, whole or in part or not at all, as the request's conditions and range say. @module */

import {
  type ByteRange,
  conditionsOf,
  type Exchange,
  type Problem,
  refusalOf,
  select,
} from "../../http/mod.ts";
import type { Entry } from "./entry.ts";
import { OpenFile, type Signature } from "./open_file.ts";
import { ActiveSends } from "./active_send.ts";
import { busy } from "./problems.ts";
import { NARROW_READ, sendFile, WIDE_READ } from "./send.ts";

/** Answers with an error. */
export type Refuse = (exchange: Exchange, problem: Problem) => void;

/** While no more files than this are sent at a time, they are read in wide pieces. */
const FEW = 32;
const encoder = new TextEncoder();

/** The answers of one origin, and the files among them that are still being sent. */
export class FileAnswers implements Disposable {
  readonly #sending: ActiveSends;
  readonly #refuse: Refuse;

  /** `maxSending`: how many files that are not in memory may be sent at a time. */
  constructor(maxSending: number, refuse: Refuse) {
    this.#sending = new ActiveSends(maxSending);
    this.#refuse = refuse;
  }

  /** How many files are being sent. */
  get sending(): number {
    return this.#sending.size;
  }

  /**
   * Answers a GET or HEAD. False, with nothing answered, when the file at the entry's path is no longer the entry's.
   * @throws {Error} with the system's `code` when it cannot be opened; nothing is answered then.
   */
  answer(exchange: Exchange, entry: Entry): boolean {
    const conditions = conditionsOf(exchange.head);
    if (conditions !== null) {
      const selection = select(conditions, entry);
      if (selection === "unmodified") {
        exchange.respond(304, entry.unmodifiedFields, null, -1);
        return true;
      }
      if (selection === "failed" || selection === "unsatisfiable") {
        this.#refuse(exchange, refusalOf(selection, entry));
        return true;
      }
      if (selection !== "whole") return this.#answerPart(exchange, entry, selection);
    }
    if (exchange.head.method === "HEAD") {
      exchange.respond(200, entry.fields, null, entry.size);
      return true;
    }
    if (entry.content !== null) {
      exchange.respond(200, entry.fields, entry.content);
      return true;
    }
    return this.#send(exchange, entry, {
      status: 200,
      fields: entry.fields,
      start: 0,
      end: entry.size,
    });
  }

  #answerPart(exchange: Exchange, entry: Entry, { start, end }: ByteRange): boolean {
    const line = encoder.encode(`Content-Range: bytes ${start}-${end - 1}/${entry.size}\r\n`);
    const fields = new Uint8Array(entry.fields.length + line.length);
    fields.set(entry.fields);
    fields.set(line, entry.fields.length);
    if (entry.content === null) {
      return this.#send(exchange, entry, { status: 206, fields, start, end });
    }
    exchange.respond(206, fields, entry.content.subarray(start, end));
    return true;
  }

  /** Begins to send a part of a file that is not in memory. */
  #send(exchange: Exchange, entry: Entry, part: Part): boolean {
    if (this.#sending.full) {
      const problem = busy("Too many files are being sent at the moment; try again in a second.");
      this.#refuse(exchange, problem);
      return true;
    }
    const file = OpenFile.open(entry.path);
    if (file === null) return false;
    if (!isSame(entry, file)) {
      file[Symbol.dispose]();
      return false;
    }
    exchange.start(part.status, part.fields, part.end - part.start);
    this.#run(exchange, file, part);
    return true;
  }

  async #run(exchange: Exchange, file: OpenFile, { start, end }: ByteRange): Promise<void> {
    using _ = file;
    using send = this.#sending.open(exchange);
    const width = this.#sending.size > FEW ? NARROW_READ : WIDE_READ;
    await sendFile(send, { file, start, end, width });
  }

  /** Aborts what is being sent. */
  [Symbol.dispose](): void {
    this.#sending[Symbol.dispose]();
  }
}

interface Part extends ByteRange {
  readonly status: number;
  readonly fields: Uint8Array;
}

function isSame(a: Signature, b: Signature): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtime === b.mtime &&
    a.ctime === b.ctime;
}
