/** Claims about reading bodies out of a read buffer: each kind, in every split. @module */

import assert from "node:assert/strict";
import { BodyReader } from "../../http/body_reader.ts";
import { CHUNKED, DEFAULT_HEAD_LIMITS, UNTIL_CLOSE } from "../../http/head.ts";
import { HttpError } from "../../http/http_error.ts";
import { ReadBuffer } from "../../http/read_buffer.ts";
import { bytesOf, textOf } from "./visitor.ts";

/** Reads a body that comes in pieces of `size`. @returns it, and what is left behind it; null where it is cut off. */
function read(text: string, length: number, size: number): [string, string] | null {
  const buffer = new ReadBuffer(64);
  const body = new BodyReader();
  body.begin(length, DEFAULT_HEAD_LIMITS);
  let read = "";
  for (let at = 0;; at += size) {
    for (;;) {
      const piece = body.next(buffer);
      if (piece === null) {
        const rest = textOf(buffer.bytes.subarray(buffer.start, buffer.end)) + text.slice(at);
        return [read, rest];
      }
      if (piece === undefined) break;
      read += textOf(piece);
    }
    if (at >= text.length) return body.close() ? [read, ""] : null;
    const bytes = bytesOf(text.slice(at, at + size));
    if (buffer.room < bytes.length) buffer.replace(buffer.size + bytes.length);
    buffer.space().set(bytes);
    buffer.filled(bytes.length);
  }
}

for (let size = 1; size < 12; size++) {
  Deno.test(`body: by length, by chunks and until close, in pieces of ${size}`, () => {
    assert.deepEqual(read("hello, next", 5, size), ["hello", ", next"]);
    assert.deepEqual(read("next", 0, size), ["", "next"]);
    assert.deepEqual(read("5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nA: b\r\n\r\nnext", CHUNKED, size), [
      "hello!",
      "next",
    ]);
    assert.deepEqual(read("all of it", UNTIL_CLOSE, size), ["all of it", ""]);
    assert.equal(read("hell", 5, size), null);
    assert.equal(read("5\r\nhello\r\n0\r\n", CHUNKED, size), null);
    assert.throws(() => read("5\r\nhello!\r\n", CHUNKED, size), HttpError);
  });
}

Deno.test("read buffer: what is held moves to the front, or to another buffer, as it was", () => {
  const buffer = new ReadBuffer(8);
  buffer.space().set(bytesOf("abcdefgh"));
  buffer.filled(8);
  assert.equal(buffer.full, true);
  buffer.start = 6;
  const piece = buffer.bytes.subarray(0, 6);
  buffer.resize(100);
  assert.equal(textOf(buffer.bytes.subarray(buffer.start, buffer.end)), "gh");
  assert.equal(textOf(piece), "abcdef");
  buffer.start = 1;
  buffer.resize(buffer.bytes.length);
  assert.deepEqual([buffer.start, buffer.end, buffer.bytes[0]], [0, 1, 104]);
  buffer.rest();
  assert.deepEqual([buffer.size, buffer.bytes.length], [0, 8]);
});
