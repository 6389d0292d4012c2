/** Real files through relay and agent: whatever is in a directory arrives byte for byte, and nothing else. @module */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { crawl } from "../support/crawler.ts";
import { Household } from "../support/crunch.ts";
import { randomBytes, randomFrom } from "../support/random.ts";
import { type Answer, ask, latin1Of, type Request, Visitor } from "../support/visitor.ts";

const encodeName = (name: string): string =>
  encodeURIComponent(name).replace(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);

const ODD_NAMES = [
  "with space.txt",
  " leading and trailing ",
  "quo'te\".txt",
  "100%.txt",
  "%41.txt",
  "%2e%2e",
  "hash#tag.txt",
  "what?.txt",
  "a&b=c;d.txt",
  "plus+plus.txt",
  "new\nline.txt",
  "tab\t.txt",
  "<img src=x onerror=alert(1)>.txt",
  "🦔 hedgehog.txt",
  "Grüße.txt",
  "e\u0301 decomposed.txt",
  "عربي.txt",
  "colon:.txt",
  "javascript:alert(1)",
  "~tilde",
  "-dash",
  "[brackets]{braces}|^`",
  ...Deno.build.os === "windows" ? [] : ["back\\slash.txt", "\\", "a\\b\\"],
  "CON",
  "a".repeat(255),
  "index.htm.bak",
];

Deno.test("publish: files of every kind", async (t) => {
  await using household = new Household();
  const random = randomFrom(3);
  const files = new Map<string, Uint8Array>();
  const add = (name: string, content: Uint8Array): void => {
    files.set(name, content);
    household.write(`site/${name}`, content);
  };
  // A JPEG by its first bytes, 300 KB of it.
  const jpeg = randomBytes(random, 300_000);
  jpeg.set([0xff, 0xd8, 0xff, 0xe0]);
  add("photo.jpg", jpeg);
  add("empty.txt", new Uint8Array(0));
  add("page/index.html", new TextEncoder().encode("<!doctype html><h1>index</h1>"));
  for (
    const size of [1, 4095, 4096, 16_383, 16_385, 65_536, 65_537, 131_073, 1_048_577, 5_000_000]
  ) {
    add(`sizes/${size}.bin`, randomBytes(random, size));
  }
  if (Deno.build.os !== "windows") {
    add("tree\\one/two\\/\\three/four\\.txt", new TextEncoder().encode("four"));
    Deno.symlinkSync("tree\\one/two\\", household.path("site", "to\\two"));
    files.set("to\\two/\\three/four\\.txt", new TextEncoder().encode("four"));
  }
  for (const name of ODD_NAMES) add(`odd/${name}`, new TextEncoder().encode(`this is ${name}`));
  const relay = await household.relay();
  await household.agent(["--dir", household.path("site")]);
  const get = (path: string, request?: Request): Promise<Answer> =>
    ask(relay.http, `/local/${path}`, request);

  await t.step("every file is byte-identical, GET and HEAD alike", async () => {
    using visitor = await Visitor.connect(relay.http);
    for (const [name, content] of files) {
      const path = `/local/${name.split("/").map(encodeName).join("/")}`;
      const answer = await visitor.ask(path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.get("content-length"), String(content.length));
      assert.equal(hash(answer.body), hash(content), path);
      const head = await visitor.ask(path, { method: "HEAD" });
      for (const field of ["content-length", "content-type", "etag", "last-modified"]) {
        // A large file that is two seconds old between the two has another, stronger tag then.
        if (field === "etag" && answer.get(field)?.startsWith("W/")) continue;
        assert.equal(head.get(field), answer.get(field), `${field} of ${path}`);
      }
    }
  });

  await t.step("on the subdomain as well", async () => {
    const answer = await ask(relay.http, "/photo.jpg", { host: "local.localhost" });
    assert.equal(hash(answer.body), hash(jpeg));
    assert.equal(answer.get("content-type"), "image/jpeg");
  });

  await t.step("the same files at once on many connections", async () => {
    const names = [...files.keys()].filter((name) => name.startsWith("sizes/"));
    await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      using visitor = await Visitor.connect(relay.http);
      for (let j = 0; j < names.length; j++) {
        const name = names[(i + j) % names.length]!;
        const answer = await visitor.ask(`/local/${name}`);
        assert.equal(hash(answer.body), hash(files.get(name)!), name);
      }
    }));
  });

  await t.step("a crawl by links finds every one of them", async () => {
    const { same, wrong } = await crawl(relay.http, "/local/", { root: household.path("site") });
    assert.deepEqual(wrong, []);
    // An index.html stands for its directory.
    const expected = [...files.keys()].filter((name) => name !== "page/index.html");
    assert.deepEqual([...same].filter((name) => name !== "page/").sort(), expected.sort());
  });

  await t.step("listings carry names as text, never as markup", async () => {
    const page = (await get("odd/", { fields: ["Accept: text/html"] })).text;
    assert(!/<img/i.test(page));
    assert(!/href="javascript:/i.test(page));
  });

  await t.step("a directory without its slash is sent there, prefix and query kept", async () => {
    const answer = await get("sizes?a=b");
    assert([301, 302, 307, 308].includes(answer.status), String(answer.status));
    const location = answer.get("location")!;
    assert.equal(new URL(location, "http://relay/local/sizes").pathname, "/local/sizes/");
    assert.equal((await get("page/")).text, "<!doctype html><h1>index</h1>");
  });

  await t.step("conditions and ranges reach the file", async () => {
    const whole = await get("photo.jpg");
    const etag = whole.get("etag")!;
    assert.match(etag, /^"/);
    const same = await get("photo.jpg", { fields: [`If-None-Match: ${etag}`] });
    assert.equal(same.status, 304);
    assert.equal(same.get("etag"), etag);
    const part = await get("photo.jpg", { fields: ["Range: bytes=100-199"] });
    assert.equal(part.status, 206);
    assert.equal(part.get("content-range"), "bytes 100-199/300000");
    assert.equal(hash(part.body), hash(jpeg.subarray(100, 200)));
    assert.equal((await get("photo.jpg", { fields: ["Range: bytes=300000-"] })).status, 416);
    assert.equal((await get("photo.jpg", { method: "POST", body: "x" })).status, 405);
  });

  await t.step("a file that changes arrives as it is now", async () => {
    for (const text of ["one", "two", "three!", "1", ""]) {
      household.write("site/changing.txt", text);
      const answer = await get("changing.txt");
      assert.equal(answer.text, text);
    }
    Deno.removeSync(household.path("site/changing.txt"));
    assert.equal((await get("changing.txt")).status, 404);
  });
});

Deno.test("publish: 5 GiB, and their last ten bytes by range, in constant memory", async () => {
  await using household = new Household();
  const path = household.write("site/huge.bin", "");
  const size = 5 * 2 ** 30;
  Deno.truncateSync(path, size);
  const end = Deno.openSync(path, { write: true });
  end.seekSync(-10, Deno.SeekMode.End);
  end.writeSync(new TextEncoder().encode("the end!!\n"));
  end.close();
  const relay = await household.relay();
  const agent = await household.agent(["--dir", household.path("site")]);
  const range = async (value: string): Promise<Answer> =>
    await ask(relay.http, "/local/huge.bin", { fields: [`Range: bytes=${value}`] });
  const last = await range("-10");
  assert.equal(last.status, 206);
  assert.equal(last.get("content-range"), `bytes ${size - 10}-${size - 1}/${size}`);
  assert.equal(last.text, "the end!!\n");
  assert.equal((await range(`${size - 4}-`)).text, "d!!\n".slice(-4));
  assert.equal((await range("4294967295-4294967297")).body.length, 3);
  assert.equal((await range(`${size}-`)).status, 416);
  const head = await ask(relay.http, "/local/huge.bin", { method: "HEAD" });
  assert.equal(head.get("content-length"), String(size));
  // 400 MB of it in a row: memory stands still.
  const before = [relay.process.memory, agent.process.memory];
  using visitor = await Visitor.connect(relay.http);
  await visitor.request("/local/huge.bin");
  await visitor.head();
  const got = await visitor.digest(400 << 20);
  assert.equal(got.size, 400 << 20);
  const more = [relay.process.peakMemory - before[0]!, agent.process.peakMemory - before[1]!];
  console.log(`      400 MB: relay ${more[0]! >> 20} MB more, agent ${more[1]! >> 20} MB more`);
  assert(more.every((bytes) => bytes < 64 << 20), `${more}`);
});

Deno.test("publish: what is no file hangs nobody, and dates are what they are", async (t) => {
  await using household = new Household();
  const site = household.path("site");
  const old = household.write("site/old.txt", "from 1965");
  await Deno.utime(old, -150_000_000, -150_000_000);
  household.write("site/future.txt", "from 2999");
  await Deno.utime(household.path("site/future.txt"), 32_472_144_000, 32_472_144_000);
  household.write("secret.txt", "outside");
  household.write("site/.hidden/file", "hidden");
  household.write("site/.env", "hidden");
  household.write("site/marked/.crunch-private", "");
  household.write("site/marked/key", "hidden");
  household.write("site/inside.txt", "inside");
  Deno.symlinkSync("loop-b", `${site}/loop-a`);
  Deno.symlinkSync("loop-a", `${site}/loop-b`);
  Deno.symlinkSync(".", `${site}/self`);
  Deno.symlinkSync("../secret.txt", `${site}/escape.txt`);
  Deno.symlinkSync("/etc", `${site}/etc`);
  Deno.symlinkSync("inside.txt", `${site}/link.txt`);
  Deno.symlinkSync("nowhere", `${site}/dangling`);
  for (const args of [["mkfifo", `${site}/fifo`]]) {
    assert((await new Deno.Command(args[0]!, { args: args.slice(1) }).output()).success);
  }
  using _socket = Deno.listen({ transport: "unix", path: `${site}/socket` });
  const locked = household.write("site/locked.txt", "locked");
  Deno.chmodSync(locked, 0o000);
  const relay = await household.relay();
  await household.agent(["--dir", site]);
  const get = (path: string, request?: Request): Promise<Answer> =>
    ask(relay.http, `/local/${path}`, request);

  await t.step("FIFOs, sockets, loops and what hangs in the air are 404, at once", async () => {
    for (const name of ["fifo", "socket", "loop-a", "loop-b", "dangling"]) {
      const answers = await Promise.all([
        get(name),
        get(`${name}/`),
        get(name, { method: "HEAD" }),
      ]);
      for (const answer of answers) assert.equal(answer.status, 404, name);
    }
    assert.equal((await get("inside.txt")).text, "inside");
  });

  await t.step("files of 1965 and 2999 are served with dates that hold", async () => {
    const old = await get("old.txt");
    assert.equal(old.text, "from 1965");
    assert.match(old.get("last-modified") ?? "Mon, 01 Jan 1965", /19\d\d/);
    const future = await get("future.txt");
    assert.equal(future.text, "from 2999");
    // RFC 9110 section 8.8.2.1: never later than the answer itself.
    const modified = Date.parse(future.get("last-modified") ?? future.get("date")!);
    assert(modified <= Date.parse(future.get("date")!));
    assert.equal((await get("")).status, 200);
  });

  await t.step("nothing outside is reached, by links or by paths", async () => {
    for (
      const path of [
        "escape.txt",
        "etc/passwd",
        "etc/",
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "..\\secret.txt",
        "%252e%252e/secret.txt",
        "self/../../secret.txt",
        "inside.txt/../../secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        "file:///etc/passwd",
        "inside.txt%00",
        "%00",
        "..%c0%afsecret.txt",
        "%c0%ae%c0%ae/secret.txt",
        "inside.txt::$DATA",
        "C:/inside.txt",
      ]
    ) {
      const answer = await get(path);
      assert([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert(!/outside|root:/.test(latin1Of(answer.body)), path);
    }
  });

  await t.step("dotfiles and marked directories are not there, in listings neither", async () => {
    const hidden = [".hidden/file", ".hidden/", ".env", "marked/key", "marked/", "marked"];
    for (const path of [...hidden, "%2ehidden/file", "%2eenv", "marked/.crunch-private"]) {
      assert.equal((await get(path)).status, 404, path);
    }
    const page = (await get("", { fields: ["Accept: text/html"] })).text;
    assert(!/hidden|marked|\.env/.test(page), page);
    assert(page.includes("inside.txt"));
  });

  await t.step("a symlink within the directory is its file", async () => {
    assert.equal((await get("link.txt")).text, "inside");
    assert.equal((await get("self/self/inside.txt")).text, "inside");
  });
});

Deno.test("publish: several mounts, the longest wins", async () => {
  await using household = new Household();
  household.write("site/a.txt", "site");
  household.write("site/docs/a.txt", "site/docs");
  household.write("manual/a.txt", "manual");
  const relay = await household.relay();
  await household.agent([
    "--dir",
    household.path("site"),
    "--dir",
    `/docs=${household.path("manual")}`,
  ]);
  const get = async (path: string): Promise<string> =>
    (await ask(relay.http, `/local${path}`)).text;
  assert.equal(await get("/a.txt"), "site");
  assert.equal(await get("/docs/a.txt"), "manual");
  const redirect = await ask(relay.http, "/local/docs");
  assert.equal(redirect.get("location"), "/local/docs/");
});

Deno.test("publish: several names from a configuration file", async () => {
  await using household = new Household();
  household.write("one/a.txt", "one");
  household.write("two/a.txt", "two");
  const token = await household.account("alice", { names: ["photos"] });
  const relay = await household.relay();
  const config = household.write(
    "crunch.toml",
    `[agent]\nrelay = "${relay.tunnel}"\n\n[[agent.publish]]\nname = "alice"\ndir = "${
      household.path("one")
    }"\n\n[[agent.publish]]\nname = "photos"\ndir = ["${household.path("two")}"]\n`,
  );
  const { urls } = await household.agent(["--config", config], { env: { CRUNCH_TOKEN: token } });
  assert.equal(urls.length, 4);
  assert.equal((await ask(relay.http, "/alice/a.txt")).text, "one");
  assert.equal((await ask(relay.http, "/photos/a.txt")).text, "two");
});

Deno.test("publish: real documentation, crawled by its links", async () => {
  await using household = new Household();
  const root = household.path("doc");
  const count = copySome("/usr/share/doc", root, 300);
  if (count === 0) {
    console.log("      skipped: there is no /usr/share/doc here");
    return;
  }
  const relay = await household.relay();
  await household.agent(["--dir", root]);
  const { same, wrong, pages } = await crawl(relay.http, "/local/", { root });
  console.log(`      ${same.size} files, ${pages} listings`);
  assert.deepEqual(wrong, []);
  assert.equal(same.size, count);
});

/** Copies packages until there are `enough` files; symlinks and dotfiles are left out. Gives how many it copied. */
function copySome(from: string, to: string, enough: number): number {
  let count = 0;
  const copy = (from: string, to: string): void => {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(from)) {
      if (name.startsWith(".") || /^index\.html?$/.test(name) || count === enough) continue;
      if (isDirectory) copy(`${from}/${name}`, `${to}/${name}`);
      else if (isFile) {
        Deno.mkdirSync(to, { recursive: true });
        Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
        count++;
      }
    }
  };
  try {
    copy(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return count;
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
