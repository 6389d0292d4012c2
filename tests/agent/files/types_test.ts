/** Claims about the types of files: what people read is shown as text, and the rest is what its bytes are. @module */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { pattern, Site } from "./site.ts";

const TEXT = "text/plain; charset=utf-8";

Deno.test("types: sources and notes of developers are shown as text", async () => {
  using site = new Site();
  const names = [
    ..."a.py|a.PY|a.rs|a.ts|a.mts|a.cts|a.tsx|a.jsx|a.go|a.c|a.h|a.cpp|a.java|a.kt|a.rb|a.php"
      .split("|"),
    ..."a.pl|a.sh|a.bash|a.ps1|a.bat|a.lua|a.sql|a.scss|a.vue|a.swift|a.hs|a.ex|a.r|a.jl|a.zig"
      .split("|"),
    ..."a.toml|a.yaml|a.yml|a.ini|a.cfg|a.conf|a.lock|a.env|a.properties|a.nix|a.tf|a.proto".split(
      "|",
    ),
    ..."a.diff|a.patch|a.log|a.md|a.rst|a.adoc|a.org|a.tex|a.jsonl|a.sha256|a.txt|a.b.py".split(
      "|",
    ),
    ..."README|readme|LICENSE|LICENCE|LICENSE-MIT|COPYING|NOTICE|AUTHORS|CHANGELOG|CHANGES|TODO"
      .split("|"),
    ..."Makefile|makefile|GNUmakefile|Dockerfile|Dockerfile.dev|Containerfile|Gemfile|Justfile"
      .split("|"),
    ..."CMakeLists.txt|go.mod|go.sum|Cargo.lock|CODEOWNERS|VERSION".split("|"),
  ];
  for (const name of names) {
    site.write(name, "let x = 1;\n");
    const answer = await site.get(`/${name}`);
    assert.equal(answer.field("content-type"), TEXT, name);
    assert.equal(answer.field("content-encoding"), null);
    assert.equal(answer.field("x-content-type-options"), "nosniff");
  }
});

Deno.test("types: what browsers act on, and what nobody knows, keeps its type", async () => {
  using site = new Site();
  const types: Record<string, string> = {
    "a.cjs": "text/javascript; charset=utf-8",
    "a.html": "text/html; charset=utf-8",
    "a.xml": "application/xml",
    "a.csv": "text/csv; charset=utf-8",
    "a.ipynb": "application/json; charset=utf-8",
    "a.ics": "text/calendar; charset=utf-8",
    "a.m3u8": "application/vnd.apple.mpegurl",
    "a.zip": "application/zip",
    "a.py.gz": "application/gzip",
    "LICENSE.bin": "application/octet-stream",
    "a.py.unheard-of": "application/octet-stream",
    "py": "application/octet-stream",
    "data": "application/octet-stream",
    "constructor": "application/octet-stream",
    "a.constructor": "application/octet-stream",
  };
  for (const [name, type] of Object.entries(types)) {
    site.write(name, "x");
    assert.equal((await site.get(`/${name}`)).field("content-type"), type, name);
  }
});

/** A recording: packets of 188 bytes, each after `before` others. */
function recording(before: number, size: number): Uint8Array {
  const bytes = pattern(size);
  for (let at = before; at < size; at += 188 + before) bytes[at] = 0x47;
  return bytes;
}

Deno.test("types: .ts and .mts are video by their packets, and TypeScript else", async () => {
  using site = new Site();
  const video = "video/mp2t";
  const source = "G".repeat(400) + "ET;\n";
  const files: Array<[content: string | Uint8Array, type: string]> = [
    [recording(0, 188 * 10), video],
    [recording(4, 192 * 10), video],
    [recording(0, 3_000_000), video],
    [source, TEXT],
    ["", TEXT],
    ["G", TEXT],
    ["export const GROUP = 1;\n", TEXT],
    [source.repeat(10_000), TEXT],
    [pattern(188 * 10), TEXT],
  ];
  for (const [index, [content, type]] of files.entries()) {
    for (const name of [`${index}.ts`, `${index}.mts`, `${index}.TS`]) {
      site.write(name, content);
      assert.equal((await site.get(`/${name}`)).field("content-type"), type, name);
    }
  }
});

Deno.test("types: .svgz says that it is gzip, where it is, in whole and in part", async () => {
  using site = new Site();
  const packed = gzipSync(`<svg xmlns="http://www.w3.org/2000/svg">${"<g/>".repeat(500)}</svg>`);
  site.write("a.svgz", packed);
  site.write("plain.svgz", "<svg/>");
  site.write("a.svg.gz", packed);
  for (const fields of [{}, { range: "bytes=0-9" }] as Record<string, string>[]) {
    const answer = await site.get("/a.svgz", { fields });
    assert.equal(answer.status, "range" in fields ? 206 : 200);
    assert.equal(answer.field("content-type"), "image/svg+xml");
    assert.equal(answer.field("content-encoding"), "gzip");
    assert.deepEqual(answer.body, new Uint8Array(packed).subarray(0, answer.body.length));
  }
  assert.equal((await site.head("/a.svgz")).field("content-encoding"), "gzip");
  const plain = await site.get("/plain.svgz");
  assert.equal(plain.field("content-type"), "image/svg+xml");
  assert.equal(plain.field("content-encoding"), null);
  const file = await site.get("/a.svg.gz");
  assert.equal(file.field("content-type"), "application/gzip");
  assert.equal(file.field("content-encoding"), null);
});
