/** Claims about the page that lists a directory. @module */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { sizeText } from "../../../agent/files/listing_page.ts";
import { PRIVATE_MARKER } from "../../../agent/files/mod.ts";
import { openFilesBelow, Site } from "./site.ts";

/** What a browser makes of the escapes in an attribute or a text. */
function unescape(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

/** The links of a page, as they stand there, with their texts. */
function links(page: string): Array<{ href: string; text: string }> {
  return [...page.matchAll(/<a href="([^"]*)">(.*?)<\/a>/gs)].map((match) => ({
    href: unescape(match[1]!),
    text: unescape(match[2]!.replace(/<\/?bdi>/g, "")),
  }));
}

const NAMES = [
  "plain.txt",
  "with space",
  " leading and trailing ",
  `"double" 'single'`,
  "a&amp;b&lt;",
  "<img src=x onerror=alert(1)>",
  "<table><script>alert(1)",
  "100%",
  "%41%2e%2e",
  "a#b",
  "a?b=c",
  "#?%.txt",
  "semi;colon:and,comma",
  "javascript:alert(1)",
  "http:",
  "new\nline",
  "tab\tand\rreturn",
  "\x01\x7f",
  "-rf",
  "~",
  "+1",
  "😀.png",
  "עברית \u202egnp.exe",
  "e\u0301 and \u00e9",
  "really \ufffd",
  "{{name}}",
  "$& $1 $$",
  "x".repeat(255),
  "ü".repeat(127),
  "__proto__",
];

Deno.test("listing: every name's link leads to its file, and is shown as it is", async () => {
  using site = new Site();
  for (const name of NAMES) site.write(`in here/${name}`, name);
  const page = await site.get("/in%20here/", { base: "/alice" });
  const shown = links(page.text);
  assert.equal(shown.shift()?.href, "../");
  assert.equal(shown.length, NAMES.length);
  assert.deepEqual(shown.map(({ text }) => text).sort(), [...NAMES].sort());
  for (const { href, text } of shown) {
    const url = new URL(href, "http://host/in%20here/");
    assert.equal(url.host, "host");
    const answer = await site.get(url.pathname);
    assert.equal(answer.status, 200, href);
    assert.equal(answer.text, text);
  }
});

Deno.test("listing: directories' links lead to them", async () => {
  using site = new Site();
  for (const name of NAMES) site.write(`${name}/x`, "");
  const shown = links((await site.get("/")).text);
  assert.equal(shown.length, NAMES.length);
  for (const { href } of shown) {
    const { pathname } = new URL(href, "http://host/");
    assert.ok(pathname.endsWith("/"));
    assert.equal(links((await site.get(pathname)).text)[1]?.text, "x");
  }
});

Deno.test("listing: names stand in it only escaped", async () => {
  using site = new Site();
  for (const name of NAMES) site.write(`${name}/x`, "");
  for (const name of NAMES) {
    const directory = `/${encodeURIComponent(name)}/`;
    for (const path of ["/", directory]) {
      const page = (await site.get(path)).text;
      assert.doesNotMatch(page, /<img|<script|onerror=alert\(1\)>/);
      assert.equal(page.match(/<table>/g)?.length, 1);
      assert.equal(page.match(/<title>/g)?.length, 1);
    }
  }
});

Deno.test("listing: carries no ETag, no-cache, its type, and a policy without scripts", async () => {
  using site = new Site();
  site.write("f", "");
  const answer = await site.get("/", { fields: { "if-none-match": "*", range: "bytes=0-1" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.field("etag"), null);
  assert.equal(answer.field("last-modified"), null);
  assert.equal(answer.field("cache-control"), "no-cache");
  assert.equal(answer.field("content-type"), "text/html; charset=utf-8");
  assert.equal(answer.field("x-content-type-options"), "nosniff");
  assert.match(answer.field("content-security-policy")!, /default-src 'none'/);
  assert.doesNotMatch(answer.text, /<script/);
  const head = await site.head("/");
  assert.deepEqual([head.status, head.lines, head.length], [200, answer.lines, answer.length]);
});

Deno.test("listing: directories first, then by name whatever the case; size and time beside", async () => {
  using site = new Site();
  for (const name of ["b.txt", "A.txt", "c.txt", "Z/x", "a/x"]) {
    site.write(name, "12345", { mtime: new Date("2021-02-03T04:05:06Z") });
  }
  site.write("big", new Uint8Array(1_234_567), { mtime: new Date("2021-02-03T04:05:06Z") });
  const page = (await site.get("/")).text;
  assert.deepEqual(links(page).map(({ text }) => text), [
    "a/",
    "Z/",
    "A.txt",
    "b.txt",
    "big",
    "c.txt",
  ]);
  assert.match(
    page,
    /title="5 bytes">5 B<.*?<time datetime="2021-02-03T04:05Z">2021-02-03 04:05</s,
  );
  assert.match(page, /title="1234567 bytes">1\.2 MB</);
});

Deno.test("listing: sizes have three digits at most", () => {
  const rows: ReadonlyArray<readonly [number, string]> = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9949, "9.9 kB"],
    [9951, "10 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [5 * 2 ** 30, "5.4 GB"],
    [Number.MAX_SAFE_INTEGER, "9.0 PB"],
  ];
  for (const [bytes, text] of rows) assert.equal(sizeText(bytes), text);
});

Deno.test("listing: a way up everywhere but at the top", async () => {
  using site = new Site();
  site.write("a/b/f", "");
  const hrefs = async (path: string) => links((await site.get(path)).text).map(({ href }) => href);
  assert.deepEqual(await hrefs("/"), ["./a/"]);
  assert.deepEqual(await hrefs("/a/b/"), ["../", "./f"]);
});

Deno.test("listing: names the public path", async () => {
  using site = new Site();
  site.write("a <b>/f", "");
  const page = (await site.get("/a%20%3Cb%3E/", { base: "/al%20ice" })).text;
  assert.ok(unescape(page).includes("<title>/al ice/a <b>/</title>"));
  const bad = (await site.get("/a%20%3Cb%3E/", { base: "/%ff<script>" })).text;
  assert.ok(unescape(bad).includes("<title>/a <b>/</title>"));
});

Deno.test("listing: an empty directory says so", async () => {
  using site = new Site();
  Deno.mkdirSync(site.path("d"));
  assert.match((await site.get("/d/")).text, /Nothing here/);
  site.write("d/f", "");
  assert.doesNotMatch((await site.get("/d/")).text, /Nothing here/);
});

Deno.test("listing: shows nothing that is hidden, marked, or leads outside", async () => {
  using site = new Site();
  Deno.writeTextFileSync(`${site.outside}/o`, "");
  site.write(".hidden", "");
  site.write(".well-known/x", "");
  site.write(`marked/${PRIVATE_MARKER}`, "");
  site.write("open/x", "");
  Deno.symlinkSync(`${site.outside}/o`, site.path("out"));
  Deno.symlinkSync("marked", site.path("to-marked"));
  Deno.symlinkSync("nothing", site.path("to-nothing"));
  Deno.symlinkSync("to-self", site.path("to-self"));
  Deno.symlinkSync("open", site.path("to-open"));
  Deno.symlinkSync("open/x", site.path("to-x"));
  const shown = links((await site.get("/")).text).map(({ href }) => href);
  assert.deepEqual(shown, ["./open/", "./to-open/", "./to-x"]);
});

Deno.test({
  name: "listing: names with a backslash are linked and served, as files and as directories",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using site = new Site();
    const files = ["back\\slash", "\\", "\\\\evil.example", "a\\", "dir\\ectory/in\\it"];
    for (const name of files) site.write(name, name);
    site.write("index\\ed/index.html", "an index");
    const shown = links((await site.get("/")).text).map(({ href }) => href);
    assert.deepEqual(shown.sort(), [
      "./%5C",
      "./%5C%5Cevil.example",
      "./a%5C",
      "./back%5Cslash",
      "./dir%5Cectory/",
      "./index%5Ced/",
    ]);
    for (const name of files) {
      const path = `/${name.split("/").map(encodeURIComponent).join("/")}`;
      assert.equal((await site.get(path)).text, name);
    }
    const there = (await site.get("/dir%5cectory?a=b")).field("location");
    assert.equal(there, "/dir%5Cectory/?a=b");
    assert.equal((await site.get("/index%5Ced/")).text, "an index");
  },
});

Deno.test({
  name: "listing: names that no address can hold are shown without a link",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using site = new Site();
    site.write("up\\..\\down", "");
    const shell = (script: string) =>
      new Deno.Command("sh", { args: ["-c", script], cwd: site.root }).outputSync().success;
    assert.ok(shell(`touch "$(printf 'latin-\\374')"; mkdir "$(printf 'dir-\\377')"`));
    try {
      const page = (await site.get("/")).text;
      assert.deepEqual(links(page), []);
      for (const name of ["up\\..\\down", "latin-\ufffd", "dir-\ufffd"]) {
        assert.ok(page.includes(`<bdi>${name}</bdi></s>`), name);
      }
    } finally {
      assert.ok(shell("rm -rf latin-* dir-*"));
    }
  },
});

Deno.test("listing: a long one is streamed in pieces, others run in between, and a slow reader is waited for", async () => {
  using site = new Site();
  for (let i = 0; i < 5000; i++) site.write(`f${String(i).padStart(5, "0")}`, "");
  let turns = 0;
  let running = true;
  const others = (async () => {
    while (running) {
      await setImmediate();
      turns++;
    }
  })();
  const exchange = site.begin("/", { stalled: true });
  await exchange.nextWrite();
  assert.ok(turns >= 10, `${turns} turns before the first piece`);
  assert.equal(exchange.length, -1);
  let pieces = 1;
  let over = false;
  exchange.done.then(() => over = true);
  while (!over) {
    const seen = exchange.pieces.length;
    assert.ok(seen <= pieces, "writes wait for one another");
    exchange.release();
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    pieces++;
  }
  running = false;
  await others;
  assert.ok(exchange.pieces.length > 5);
  const shown = links(exchange.text).map(({ text }) => text);
  assert.equal(shown.length, 5000);
  assert.deepEqual(shown, [...shown].sort());
  const head = await site.head("/");
  assert.deepEqual([head.status, head.lines, head.length], [200, exchange.lines, -1]);
});

Deno.test("listing: a visitor that leaves ends the work", async () => {
  using site = new Site();
  for (let i = 0; i < 2000; i++) site.write(`f${i}`, "");
  const early = site.begin("/");
  early.leave();
  const late = site.begin("/", { stalled: true });
  await late.nextWrite();
  late.leave();
  for (let turn = 0; openFilesBelow(site.outside) > 0; turn++) {
    assert.ok(turn < 100_000);
    await setImmediate();
  }
  assert.equal(early.started, false);
  assert.equal(late.brokenBy, null);
});

Deno.test("listing: above the bound requests get 503 and a time to come again", async () => {
  using site = new Site({ maxListings: 1 });
  site.write("f", "");
  const first = site.begin("/");
  const second = await site.get("/");
  assert.deepEqual([second.status, second.field("retry-after")], [503, "1"]);
  await first.done;
  await setImmediate();
  assert.equal((await site.get("/")).status, 200);
});
