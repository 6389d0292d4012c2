/** What the relay serves below /admin and /static: the page at every place, its modules, and nothing else. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { DashboardFiles, withoutComments } from "../../../relay/pages/dashboard_files.ts";
import { FakeExchange, type FakeRequest } from "../../support/fake_exchange.ts";

const { answer } = new DashboardFiles();

async function ask(request: FakeRequest): Promise<FakeExchange> {
  const exchange = new FakeExchange(request);
  answer(exchange as never, undefined as never);
  return await exchange.done;
}

function bodyOf({ pieces }: FakeExchange): Buffer {
  return Buffer.concat(pieces);
}

function field({ lines }: FakeExchange, name: string): string | undefined {
  return new RegExp(`^${name}: (.*?)\r?$`, "im").exec(lines)?.[1];
}

Deno.test("dashboard files: every place within the dashboard gets the page, uncached", async () => {
  const places = ["", "/", "/log", "/log?filter=status:5xx", "/agents/a1", "/names/a.b", "/x/y/z"];
  const whole = bodyOf(await ask({ target: "/admin" })).toString();
  assert.match(whole, /<script type="module" src="\/admin\/main\.js">/);
  for (const place of places) {
    const found = await ask({ target: `/admin${place}` });
    assert.equal(found.status, 200, place);
    assert.equal(bodyOf(found).toString(), whole, place);
    assert.equal(field(found, "content-type"), "text/html; charset=utf-8");
    assert.equal(field(found, "cache-control"), "no-store");
  }
});

Deno.test("dashboard files: the page's policy lets run our modules and its import map, no other script", async () => {
  const found = await ask({ target: "/admin" });
  const policy = field(found, "content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  const page = bodyOf(found).toString();
  const inline = [...page.matchAll(/<script\b([^>]*)>([^]*?)<\/script>/g)]
    .filter(([, attributes]) => !/\bsrc=/.test(attributes!));
  assert.equal(inline.length, 1);
  const hash = createHash("sha256").update(inline[0]![2]!).digest("base64");
  assert.ok(policy.includes(`script-src 'self' 'sha256-${hash}';`), policy);
  assert.doesNotMatch(page, /\bstyle=|\bon\w+=/);
});

Deno.test("dashboard files: whatever the page names is there, with its type", async () => {
  const page = bodyOf(await ask({ target: "/admin" })).toString();
  const named = [...page.matchAll(/(?:href|src)="(\/(?:admin|static)\/[^"]+)"/g)].map((m) => m[1]!);
  const mapped = Object.values(
    JSON.parse(/importmap">([^<]*)</.exec(page)![1]!).imports as Record<string, string>,
  );
  assert.ok(named.length > 10 && mapped.length > 5);
  for (const target of [...named, ...mapped]) {
    const found = await ask({ target });
    assert.equal(found.status, 200, target);
    const type = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" }[
      target.slice(target.lastIndexOf(".") + 1)
    ];
    assert.ok(field(found, "content-type")?.startsWith(type!), target);
  }
});

Deno.test("dashboard files: nothing else is there, however it is written", async () => {
  const targets = [
    "/admin/nothing.js",
    "/admin/deno.json",
    "/admin/../main.ts",
    "/admin/%2e%2e/main.ts",
    "/admin/..%2fmain.ts",
    "/admin//main.js",
    "/static/",
    "/static/landing.html",
    "/static/vendor/",
    "/static/vendor/../landing.html",
    "/static/vendor/__proto__",
    "/adminx",
  ];
  for (const target of targets) {
    const found = await ask({ target });
    const text = bodyOf(found).toString();
    assert.doesNotMatch(text, /"imports": \{|@module|\{\{software\}\}/, target);
    if (!/^\/admin\//.test(target) || /\.(js|json)$/.test(target)) {
      assert.equal(found.status, 404, target);
    }
  }
});

Deno.test("dashboard files: they are only read", async () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const found = await ask({ method, target: "/admin" });
    assert.equal(found.status, 405, method);
    assert.equal(field(found, "allow"), "GET, HEAD");
  }
  const head = await ask({ method: "HEAD", target: "/admin/main.js" });
  const get = await ask({ target: "/admin/main.js" });
  assert.equal(head.written, 0);
  assert.equal(head.lines, get.lines);
});

Deno.test("dashboard files: they come compressed to who takes that, and not again to who has them", async () => {
  const target = "/static/vendor/uplot.js";
  const plain = await ask({ target });
  assert.equal(field(plain, "content-encoding"), undefined);
  const codings: Array<[string, string | undefined, (body: Buffer) => Buffer]> = [
    ["gzip, deflate, br", "br", brotliDecompressSync],
    ["gzip", "gzip", gunzipSync],
    ["br;q=0, GZIP;q=0.5", "gzip", gunzipSync],
    ["br;q=0.000", undefined, (body) => body],
    ["", undefined, (body) => body],
  ];
  for (const [accepted, coding, decode] of codings) {
    const found = await ask({ target, fields: { "Accept-Encoding": accepted } });
    assert.equal(field(found, "content-encoding"), coding, accepted);
    assert.equal(field(found, "vary"), "Accept-Encoding");
    assert.deepEqual(decode(bodyOf(found)), bodyOf(plain));
    const tag = field(found, "etag")!;
    for (const condition of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const fields = { "Accept-Encoding": accepted, "If-None-Match": condition };
      const again = await ask({ target, fields });
      assert.equal(again.status, 304, condition);
      assert.equal(again.written, 0);
      assert.equal(field(again, "etag"), tag);
    }
    const fields = { "Accept-Encoding": accepted, "If-None-Match": '"other"' };
    assert.equal((await ask({ target, fields })).status, 200);
  }
});

Deno.test("dashboard files: modules lose their comments, and nothing else", async () => {
  assert.equal(
    withoutComments('/** A. @module */\n// b\nf("// c"); // d\n  /**\n   * e\n   */\n  g();\n'),
    '\n\nf("// c"); // d\n\n\n\n  g();\n',
  );
  const cast = "  /** @type {any} */ (a);\n";
  assert.equal(withoutComments(`${cast}b;\n/** c */\n`), `${cast}b;\n\n`);
  for (const { target, text } of modules().filter(({ target }) => target.startsWith("/admin/"))) {
    const sent = bodyOf(await ask({ target })).toString();
    const lines = sent.split("\n");
    assert.equal(lines.length, text.split("\n").length, target);
    text.split("\n").forEach((line, at) => {
      if (lines[at] !== line) assert.match(line, /^\s*(\/\*\*|\*|\/\/)/, `${target}:${at + 1}`);
    });
    // What looks like a comment within a template would be lost: none begins there.
    let ticks = 0;
    text.split("\n").forEach((line, at) => {
      if (lines[at] !== line) assert.equal(ticks % 2, 0, `${target}:${at + 1} is in a template`);
      else ticks += line.replace(/\\`/g, "").split("`").length - 1;
    });
  }
});

Deno.test("dashboard files: no page needs more than 60 KB of scripts, compressed", async () => {
  const texts = new Map(modules().map(({ target, text }) => [target, text]));
  const page = bodyOf(await ask({ target: "/admin" })).toString();
  const mapped: Record<string, string> = JSON.parse(/importmap">([^<]*)</.exec(page)![1]!).imports;
  const sizes = new Map<string, number>();
  for (const target of texts.keys()) {
    const found = await ask({ target, fields: { "Accept-Encoding": "br" } });
    sizes.set(target, found.written);
  }
  /** What `target` imports, and what that imports; pages of the frame only when they are shown. */
  const reach = (target: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(target)) return seen;
    seen.add(target);
    const text = withoutComments(texts.get(target) ?? "");
    const imports =
      /^(?:import|export)\b[^;]*?\bfrom\s*"([^"]+)"|\bimport\("([^"]+)"\)|\bfrom"([\w@/.-]+)"/gm;
    for (const [, ...specifiers] of text.matchAll(imports)) {
      const specifier = specifiers.find((one) => one !== undefined);
      const url = mapped[specifier!] ?? new URL(specifier!, `http://relay${target}`).pathname;
      assert.ok(texts.has(url), `${target} imports ${specifier}`);
      if (target !== "/admin/app.js" || !url.startsWith("/admin/pages/")) reach(url, seen);
    }
    return seen;
  };
  const early = [...page.matchAll(/modulepreload" href="([^"]+)"/g)].map(([, target]) => target!);
  const pages = [...texts.keys()].filter((target) => target.startsWith("/admin/pages/"));
  assert.ok(pages.length >= 8 && early.length > 10);
  const sum = (targets: Iterable<string>): number =>
    [...targets].reduce((all, target) => all + sizes.get(target)!, 0);
  const kilobytes = (size: number): string => `${(size / 1000).toFixed(1)} KB`;
  for (const target of pages) {
    const needed = new Set([...early, ...reach("/admin/main.js"), ...reach(target)]);
    console.log(`      ${target}: ${kilobytes(sum(needed))}`);
    assert.ok(sum(needed) <= 60_000, `${target} needs ${sum(needed)} bytes`);
  }
  console.log(`      all ${sizes.size} modules: ${kilobytes(sum(sizes.keys()))}`);
});

/** Every module that pages are made of, as it lies in the checkout. */
function modules(): Array<{ target: string; text: string }> {
  const found: Array<{ target: string; text: string }> = [];
  const walk = (folder: string, address: string): void => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, import.meta.url))) {
      const url = new URL(`${folder}${name}`, import.meta.url);
      if (isDirectory) walk(`${folder}${name}/`, `${address}${name}/`);
      else if (name.endsWith(".js")) {
        found.push({ target: `${address}${name}`, text: Deno.readTextFileSync(url) });
      }
    }
  };
  walk("../../../dashboard/", "/admin/");
  walk("../../../static/vendor/", "/static/vendor/");
  return found;
}
