/** Claims about the Range field: one range, and what is no range. @module */

import assert from "node:assert/strict";
import { parseRange } from "../../http/range.ts";

const one = (start: number, end: number) => ({ start, end });

const SATISFIED: ReadonlyArray<readonly [string, number, number]> = [
  ["bytes=0-", 0, 1000],
  ["bytes=0-0", 0, 1],
  ["bytes=10-19", 10, 20],
  ["bytes=999-", 999, 1000],
  ["bytes=990-5000", 990, 1000],
  ["bytes=990-99999999999999999999999999", 990, 1000],
  ["bytes=-1", 999, 1000],
  ["bytes=-1000", 0, 1000],
  ["bytes=-99999", 0, 1000],
  ["bytes=-99999999999999999999999999", 0, 1000],
  ["BYTES=5-6", 5, 7],
  ["bytes=007-0009", 7, 10],
  ["bytes=,5-6", 5, 7],
  ["bytes=5-6 ,", 5, 7],
];
for (const [field, start, end] of SATISFIED) {
  Deno.test(`range: ${field} of 1000 bytes is ${start} to ${end}`, () => {
    assert.deepEqual(parseRange(field, 1000), one(start, end));
  });
}

for (
  const field of [
    "bytes=1000-",
    "bytes=1000-1001",
    "bytes=-0",
    "bytes=99999999999999999999-",
    "bytes=1000-,2000-",
  ]
) {
  Deno.test(`range: ${field} of 1000 bytes cannot be satisfied`, () => {
    assert.equal(parseRange(field, 1000), "unsatisfiable");
  });
}

for (
  const field of [
    "bytes=5-2",
    "bytes=a-b",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes",
    "bytes 0-5",
    "bytes= 0-5x",
    "bytes=0-5-7",
    "bytes=0x1-5",
    "bytes=+1-5",
    "bytes=1.0-5",
    "lines=1-2",
    "bytes=0-5, 9-3",
    "bytes=10000000000000000000001-10000000000000000000000",
  ]
) {
  Deno.test(`range: ${field} is ignored`, () => {
    assert.equal(parseRange(field, 1000), null);
  });
}

Deno.test("range: the empty file has no ranges", () => {
  for (const field of ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"]) {
    assert.equal(parseRange(field, 0), null);
  }
});

Deno.test("range: several that overlap or touch are one", () => {
  assert.deepEqual(parseRange("bytes=0-9,10-19", 1000), one(0, 20));
  assert.deepEqual(parseRange("bytes=5-30, 0-9 ,20-40", 1000), one(0, 41));
  assert.deepEqual(parseRange("bytes=-100,950-", 1000), one(900, 1000));
  assert.deepEqual(parseRange("bytes=2000-,0-9", 1000), one(0, 10));
});

Deno.test("range: several that lie apart are ignored", () => {
  assert.equal(parseRange("bytes=0-1,5-6", 1000), null);
  assert.equal(parseRange("bytes=0-0,-1", 1000), null);
});

Deno.test("range: very many are ignored, whatever they are", () => {
  assert.equal(parseRange(`bytes=${Array(33).fill("0-").join(",")}`, 1000), null);
  assert.equal(parseRange(`bytes=${",".repeat(60_000)}`, 1000), null);
  assert.deepEqual(parseRange(`bytes=${Array(32).fill("0-9").join(",")}`, 1000), one(0, 10));
});
