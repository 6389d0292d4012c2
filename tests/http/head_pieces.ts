/** Heads that arrive in pieces, for the tests of the parser: every split must tell the same. @module */

import assert from "node:assert/strict";
import { Head, type HeadKind, type HeadLimits } from "../../http/head.ts";
import { HttpError } from "../../http/http_error.ts";
import { bytesOf, randomFrom, textOf } from "./visitor.ts";

/** Everything that a head tells, or the status it is refused with. */
export function told(head: Head): Record<string, unknown> {
  const request = head.kind === "request";
  const lines: string[] = [];
  for (let i = 0; i < head.count; i++) {
    const raw = textOf(head.bytes.subarray(head.lineStart(i), head.lineEnd(i)));
    lines.push(`${head.number(i)}|${head.name(i)}|${head.value(i)}|${raw}`);
  }
  return {
    lines,
    length: head.end - head.start,
    minor: head.minor,
    bodyLength: head.bodyLength,
    contentLength: head.contentLength,
    keepAlive: head.keepAlive,
    expectsContinue: head.expectsContinue,
    upgrade: head.upgrade,
    options: head.connectionOptions(),
    ...(request
      ? {
        method: head.method,
        target: head.target,
        authority: head.authority,
        absolute: head.absolute,
      }
      : head.kind === "response"
      ? { status: head.status, reason: head.reason }
      : {}),
  };
}

/** `end` is how far the head reached in `bytes`. */
export type Outcome = { error: number; message: string } | {
  end: number;
  told: Record<string, unknown>;
} | "incomplete";

/** Parses `bytes`, which arrive in pieces that end at `cuts`; `moved` says by how much they move before each. */
export function parseInPieces(
  bytes: Uint8Array,
  kind: HeadKind,
  cuts: readonly number[],
  options: { limits?: HeadLimits; moved?: () => number } = {},
): Outcome {
  const head = new Head(options.limits);
  let offset = options.moved?.() ?? 0;
  head.reset(kind, offset);
  for (const cut of [...cuts, bytes.length]) {
    const next = options.moved?.() ?? offset;
    head.move(next - offset);
    offset = next;
    // Behind the bytes that have come lies what must not be read.
    const buffer = new Uint8Array(offset + bytes.length).fill(0xaa);
    buffer.set(bytes.subarray(0, cut), offset);
    try {
      if (head.parse(buffer, offset + cut)) {
        const end = head.end - offset;
        const before = told(head);
        // Moving a complete head keeps what it tells.
        const elsewhere = new Uint8Array(buffer.length + 7);
        elsewhere.set(buffer, 7);
        head.move(7);
        head.bytes = elsewhere;
        assert.deepEqual(told(head), before);
        return { end, told: before };
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return { error: error.status, message: error.message };
    }
  }
  return "incomplete";
}

/** The outcome in one piece, after showing that every other way of cutting gives the same. */
export function parseEveryWay(
  text: string | Uint8Array,
  kind: HeadKind = "request",
  limits?: HeadLimits,
): Outcome {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const options = limits === undefined ? {} : { limits };
  const whole = parseInPieces(bytes, kind, [], options);
  const each = Array.from(bytes.keys()).slice(1);
  const random = randomFrom(bytes.length);
  const moved = () => Math.floor(random() * 50);
  assert.deepEqual(parseInPieces(bytes, kind, each, options), whole);
  assert.deepEqual(parseInPieces(bytes, kind, each, { ...options, moved }), whole);
  for (const cut of each) {
    assert.deepEqual(parseInPieces(bytes, kind, [cut], { ...options, moved }), whole);
  }
  return whole;
}
