/** Claims about dates of HTTP: what is written, and what is read. @module */

import assert from "node:assert/strict";
import { formatHttpDate, parseHttpDate } from "../../http/http_date.ts";

Deno.test("HTTP date: reads all three forms", () => {
  const wanted = Date.UTC(1994, 10, 6, 8, 49, 37);
  assert.equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), wanted);
  assert.equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), wanted);
  assert.equal(parseHttpDate("Sun Nov  6 08:49:37 1994"), wanted);
});

Deno.test("HTTP date: a year of two digits lies at most 50 years ahead", () => {
  const year = new Date().getUTCFullYear();
  const two = (number: number) => String(number % 100).padStart(2, "0");
  const near = parseHttpDate(`Monday, 01-Jan-${two(year + 50)} 00:00:00 GMT`)!;
  const far = parseHttpDate(`Monday, 01-Jan-${two(year + 51)} 00:00:00 GMT`)!;
  const centuries = (time: number) => new Date(time).getUTCFullYear();
  assert.ok(centuries(near) <= year + 50 && centuries(near) > year - 50);
  assert.ok(centuries(far) <= year && centuries(far) >= year - 50);
});

for (
  const text of [
    "",
    "yesterday",
    "0",
    "784111777",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nop 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  ]
) {
  Deno.test(`HTTP date: ${JSON.stringify(text)} is none`, () => {
    assert.equal(parseHttpDate(text), undefined);
  });
}

Deno.test("HTTP date: writes what it reads, and nothing for years that do not fit", () => {
  for (const time of [0, -144_720_000_000, 784_111_777_000, Date.UTC(9999, 11, 31)]) {
    assert.equal(parseHttpDate(formatHttpDate(time)!), time);
  }
  for (const time of [NaN, 253_402_300_800_000, 8.64e15 + 1, -8.64e15]) {
    assert.equal(formatHttpDate(time), undefined);
  }
});
