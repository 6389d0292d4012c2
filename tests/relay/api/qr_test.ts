/** Claims about the QR codes of public addresses. @module */

import assert from "node:assert/strict";
import { encode } from "uqr";
import { House } from "./house.ts";

/** The dark modules of a drawing, with the light ones around them, as rows of `#` and `.`. */
function modulesOf(svg: string): { size: number; dark: Set<string> } {
  const box = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
  assert.equal(box[1], box[2]);
  const dark = [...svg.matchAll(/M(\d+),(\d+)h(\d+)v\d+h-\d+z/g)].map(([, x, y]) => `${x},${y}`);
  const scale = Number(/h(\d+)v/.exec(svg)![1]);
  const size = Number(box[1]) / scale;
  return {
    size,
    dark: new Set(dark.map((at) => at.split(",").map((n) => Number(n) / scale).join(","))),
  };
}

Deno.test("qr: draws the name's address, black on white, with the quiet zone around", async () => {
  await using house = await House.open();
  const response = await house.fetch("olga", "GET", "/names/olga/qr.svg");
  assert.equal(response.headers.get("content-type"), "image/svg+xml");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const svg = await response.text();
  assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert(svg.includes('fill="white"') && svg.includes('fill="black"'));
  // Nothing that the page's policy would refuse.
  assert(!/<style|style=|<script|href/.test(svg));
  const { size, dark } = modulesOf(svg);
  const wanted = encode("http://relay.test/olga/", { ecc: "M", border: 4 });
  assert.equal(size, wanted.size);
  wanted.data.forEach((row, y) =>
    row.forEach((isDark, x) => assert.equal(dark.has(`${x},${y}`), isDark, `${x},${y}`))
  );
  const margin = [...dark].flatMap((at) => at.split(",").map(Number));
  assert.equal(Math.min(...margin), 4);
  assert.equal(Math.max(...margin), size - 5);
});

Deno.test("qr: an address that the name does not have cannot be drawn", async () => {
  await using house = await House.open();
  for (const url of ["1", "10", "-1", "x"]) {
    const { status, body } = await house.call("olga", "GET", `/names/olga/qr.svg?url=${url}`);
    assert.deepEqual([status, body.errors[0].field], [422, "url"], url);
  }
});
