/** Rows of the request log between the request that made them and the worker that writes them. @module */

import type { FinishedRequest } from "./finished_request.ts";

/** A request as the log keeps it. */
export interface RequestRow {
  readonly kind: "request";
  /** Grows from row to row; a cursor, and the id of the event in a live view. */
  readonly seq: number;
  /** When it began, milliseconds since 1970. */
  readonly time: number;
  readonly id: string;
  /** The public name, as far as there was one. */
  readonly name: string;
  /** Whose name that was; empty for unknown names. */
  readonly account: string;
  readonly agent: string;
  /** The visitor's address. */
  readonly visitor: string;
  readonly method: string;
  /** As sent, in Latin-1, without the values of secret keys. */
  readonly target: string;
  /** 0 where the visitor went before there was one. */
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Until the last byte of the answer. */
  readonly ms: number;
  /** Until the first byte of the answer; null where there was none. */
  readonly ttfbMs: number | null;
}

/** Says that requests were left out of the log: too many came, or it could not be written. */
export interface GapRow {
  readonly kind: "gap";
  readonly seq: number;
  readonly time: number;
  /** How many since the last gap row. */
  readonly leftOut: number;
}

/** A row of the log. */
export type LogRow = RequestRow | GapRow;

/** Rows as they are posted to the worker: arrays that copy quickly, instead of objects. */
export interface RowBatch {
  /** The first row's `seq`; the others follow one by one. */
  readonly seq: number;
  readonly count: number;
  /** Six for each row: time, status, bytes in, bytes out, duration and time to first byte (µs, -1: none). */
  readonly numbers: Float64Array;
  /** Seven for each row: how much of `text` is id, name, account, agent, visitor, method, target. */
  readonly lengths: Uint16Array;
  readonly text: string;
  /** A gap row after the others. */
  readonly gap: { readonly time: number; readonly leftOut: number } | undefined;
}

/** Rows a stage holds; with more it has to be emptied first. */
export const STAGE_ROWS = 1024;
/** Longer texts are cut: a row has a bound, so a full queue has one. */
export const LONGEST_TEXT = 2048;

const NUMBERS = 6;
const TEXTS = 7;

/** Collects rows without making an object for any. */
export class RowStage {
  readonly #numbers = new Float64Array(STAGE_ROWS * NUMBERS);
  readonly #texts: string[] = new Array(STAGE_ROWS * TEXTS).fill("");
  #count = 0;

  /** How many rows it holds. */
  get count(): number {
    return this.#count;
  }

  /** Takes a row; `target` instead of its own, which may hold secrets. */
  add(request: FinishedRequest, target: string = request.target): void {
    const { ms } = request;
    const numbers = this.#numbers;
    const number = this.#count * NUMBERS;
    numbers[number] = Math.round(request.ended - ms);
    numbers[number + 1] = request.status;
    numbers[number + 2] = request.bytesIn;
    numbers[number + 3] = request.bytesOut;
    numbers[number + 4] = ms;
    numbers[number + 5] = request.ttfbMs;
    const texts = this.#texts;
    const text = this.#count++ * TEXTS;
    texts[text] = cut(request.id);
    texts[text + 1] = cut(request.name);
    texts[text + 2] = cut(request.account);
    texts[text + 3] = cut(request.agent);
    texts[text + 4] = cut(request.visitor);
    texts[text + 5] = cut(request.method);
    texts[text + 6] = cut(target);
  }

  /** Gives all rows away and begins anew. */
  take(seq: number, gap: RowBatch["gap"]): RowBatch {
    const count = this.#count;
    const texts = this.#texts.slice(0, count * TEXTS);
    const lengths = new Uint16Array(texts.length);
    for (let i = 0; i < texts.length; i++) lengths[i] = texts[i]!.length;
    const numbers = this.#numbers.slice(0, count * NUMBERS);
    for (let at = 4; at < numbers.length; at += NUMBERS) {
      numbers[at] = microseconds(numbers[at]!);
      numbers[at + 1] = microseconds(numbers[at + 1]!);
    }
    // A target is mostly a slice of its whole request head: holding on to it would hold on to that.
    this.#texts.fill("", 0, texts.length);
    this.#count = 0;
    return { seq, count, numbers, lengths, text: texts.join(""), gap };
  }
}

/** The rows of a batch as objects. */
export function rowsOf(batch: RowBatch): LogRow[] {
  const { seq, count, numbers, lengths, text, gap } = batch;
  const rows: LogRow[] = [];
  let at = 0;
  let i = 0;
  const next = () => text.slice(at, at += lengths[i++]!);
  for (let row = 0; row < count; row++) {
    const n = row * NUMBERS;
    const ttfb = numbers[n + 5]!;
    rows.push({
      kind: "request",
      seq: seq + row,
      time: numbers[n]!,
      id: next(),
      name: next(),
      account: next(),
      agent: next(),
      visitor: next(),
      method: next(),
      target: next(),
      status: numbers[n + 1]!,
      bytesIn: numbers[n + 2]!,
      bytesOut: numbers[n + 3]!,
      ms: numbers[n + 4]! / 1000,
      ttfbMs: ttfb < 0 ? null : ttfb / 1000,
    });
  }
  if (gap) rows.push({ kind: "gap", seq: seq + count, ...gap });
  return rows;
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
}

function microseconds(ms: number): number {
  return ms < 0 ? -1 : Math.round(ms * 1000);
}
