/** Claims about what is never published: what lies outside, dotfiles, marked directories, and what is no file. @module */

import assert from "node:assert/strict";
import fs from "node:fs";
import { mock } from "node:test";
import { PRIVATE_MARKER } from "../../../agent/files/mod.ts";
import { openFilesBelow, Site } from "./site.ts";

const SECRET = "the secret beside the root";

/** A root with a few things in it, and secrets around it. */
function guarded(): Site {
  const site = new Site();
  Deno.writeTextFileSync(`${site.outside}/secret.txt`, SECRET);
  Deno.mkdirSync(`${site.outside}/root2`);
  Deno.writeTextFileSync(`${site.outside}/root2/secret.txt`, SECRET);
  site.write("public.txt", "public");
  site.write("dir/inner.txt", "inner");
  return site;
}

const HOSTILE = [
  "/..",
  "/../",
  "/../secret.txt",
  "/dir/../../secret.txt",
  "/dir/../public.txt",
  "/..%2fsecret.txt",
  "/..%2Fsecret.txt",
  "/%2e%2e/secret.txt",
  "/%2e%2e%2fsecret.txt",
  "/.%2e/secret.txt",
  "/%2E./secret.txt",
  "/..%5csecret.txt",
  "/..\\secret.txt",
  "/dir%5c..%5c..%5csecret.txt",
  "/%252e%252e/secret.txt",
  "/%252e%252e%252fsecret.txt",
  "/..%252fsecret.txt",
  "/..%c0%afsecret.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/%e0%80%ae%e0%80%ae/secret.txt",
  "/%uff0e%uff0e/secret.txt",
  "/..;/secret.txt",
  "/..%00/secret.txt",
  "/public.txt%00",
  "/public.txt%00.html",
  "/%00",
  "//etc/passwd",
  "///etc/passwd",
  "/dir//inner.txt",
  "/./public.txt",
  "/dir/./inner.txt",
  "/%2fetc/passwd",
  "/etc/passwd",
  "/C:",
  "/C:/windows/win.ini",
  "/c%3A%5cwindows",
  "/public.txt::$DATA",
  "/public.txt:stream",
  "/CON",
  "/NUL",
  "/public.txt/",
  "/public.txt/.",
  "/public.txt/..",
  "/public.txt/x",
  "/root2/secret.txt",
  "/../root2/secret.txt",
  "/~root",
  "/%",
  "/%zz",
  "/%f",
  "/%ff%fe",
  "/%ED%A0%80",
  `/${"../".repeat(50)}etc/passwd`,
  `/${"%2e%2e/".repeat(50)}etc/passwd`,
  `/${"a".repeat(4000)}`,
  `/${"a/".repeat(4000)}`,
];

Deno.test("escapes: every hostile path gets 400 or 404, with every method that reads", async () => {
  using site = guarded();
  for (const path of HOSTILE) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await site.get(path, { method });
      assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.ok(!answer.text.includes(SECRET) && !answer.text.includes("root:"), path);
    }
  }
});

Deno.test("escapes: names with a dot in front are hidden, except .well-known", async () => {
  using site = guarded();
  for (
    const name of [
      ".env",
      ".git/config",
      "dir/.htpasswd",
      ".well-known/.hidden",
      "dir/.well-known/x",
    ]
  ) {
    site.write(name, SECRET);
    assert.equal((await site.get(`/${name}`)).status, 404, name);
    assert.equal((await site.get(`/${name.replaceAll(".", "%2e")}`)).status, 404, name);
  }
  assert.equal((await site.get("/.git/")).status, 404);
  assert.equal((await site.get("/.git")).status, 404);
  site.write(".well-known/security.txt", "contact");
  assert.equal((await site.get("/.well-known/security.txt")).text, "contact");
});

Deno.test("markers: a marked directory and everything below is not there", async () => {
  using site = guarded();
  site.write(`dir/${PRIVATE_MARKER}`, "");
  site.write("dir/sub/deep.txt", SECRET);
  site.write("dir/index.html", SECRET);
  for (
    const path of [
      "/dir",
      "/dir/",
      "/dir/inner.txt",
      "/dir/sub/",
      "/dir/sub",
      "/dir/sub/deep.txt",
      `/dir/${PRIVATE_MARKER}`,
    ]
  ) {
    assert.equal((await site.get(path)).status, 404, path);
  }
  assert.equal((await site.get("/public.txt")).status, 200);
  site.write(PRIVATE_MARKER, "");
  for (const path of ["/", "/public.txt"]) assert.equal((await site.get(path)).status, 404, path);
});

Deno.test("markers: no symlink leads in, and none leads out", async () => {
  using site = guarded();
  site.write(`marked/${PRIVATE_MARKER}`, "");
  site.write("marked/sub/f", SECRET);
  Deno.symlinkSync("marked/sub/f", site.path("in-file"));
  Deno.symlinkSync("marked/sub", site.path("in-dir"));
  Deno.symlinkSync("../dir", site.path("marked/out"));
  for (
    const path of ["/in-file", "/in-dir/", "/in-dir/f", "/marked/out/inner.txt", "/marked/out/"]
  ) {
    assert.equal((await site.get(path)).status, 404, path);
  }
});

Deno.test("symlinks: followed within the root", async () => {
  using site = guarded();
  site.write(".releases/5/f", "five");
  Deno.symlinkSync("dir/inner.txt", site.path("file"));
  Deno.symlinkSync(site.path("dir"), site.path("absolute"));
  Deno.symlinkSync("..", site.path("dir/up"));
  Deno.symlinkSync("file", site.path("chain"));
  Deno.symlinkSync(".releases/5", site.path("current"));
  const rows: Record<string, string> = {
    "/file": "inner",
    "/chain": "inner",
    "/absolute/inner.txt": "inner",
    "/dir/up/public.txt": "public",
    "/dir/up/dir/up/dir/inner.txt": "inner",
    "/current/f": "five",
  };
  for (const [path, text] of Object.entries(rows)) {
    assert.equal((await site.get(path)).text, text, path);
  }
});

Deno.test("symlinks: none leads outside, none to nowhere, none in circles", async () => {
  using site = guarded();
  const links: Record<string, string> = {
    "file": `${site.outside}/secret.txt`,
    "relative": "../secret.txt",
    "dir/deep": "../../secret.txt",
    "beside": `${site.outside}/root2`,
    "parent": "..",
    "slash": "/",
    "proc": "/proc/self/root",
    "chain": "file",
    "dangling": "nothing",
    "loop": "loop",
    "ping": "pong",
    "pong": "ping",
    "null": "/dev/null",
    "stdin": "/dev/stdin",
  };
  for (const [name, target] of Object.entries(links)) Deno.symlinkSync(target, site.path(name));
  for (const name of Object.keys(links)) {
    for (const path of [`/${name}`, `/${name}/`, `/${name}/secret.txt`, `/${name}/etc/passwd`]) {
      const answer = await site.get(path);
      assert.equal(answer.status, 404, path);
    }
  }
  assert.doesNotMatch((await site.get("/")).text, /secret|beside|parent|loop|dangling|null/);
});

Deno.test({
  name: "special files: FIFOs, sockets and devices get 404 at once",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using site = guarded();
    new Deno.Command("mkfifo", { args: [site.path("fifo")] }).outputSync();
    using _socket = Deno.listen({ transport: "unix", path: site.path("socket") });
    const device = new Deno.Command("mknod", {
      args: [site.path("zero"), "c", "1", "5"],
      stderr: "null",
    });
    const names = ["fifo", "socket", ...(device.outputSync().success ? ["zero"] : [])];
    for (const name of names) {
      for (const path of [`/${name}`, `/${name}/`, `/${name}/x`]) {
        assert.equal((await site.get(path)).status, 404, path);
      }
    }
    assert.doesNotMatch((await site.get("/")).text, /fifo|socket|zero/);
  },
});

/** Does something just before, and just after, the file system opens a path. */
function aroundOpen(before: () => void, after: () => void = () => {}): Disposable {
  const open = fs.openSync;
  const spy = mock.method(fs, "openSync", (path: string, flags: number) => {
    before();
    try {
      return open(path, flags);
    } finally {
      after();
    }
  });
  return { [Symbol.dispose]: () => spy.mock.restore() };
}

Deno.test("races: a directory swapped for a symlink after the check is noticed, file or listing", async () => {
  for (const path of ["/d/secret.txt", "/d/"]) {
    using site = guarded();
    site.write("d/secret.txt", "public");
    let swapped = false;
    using _race = aroundOpen(() => {
      if (swapped) return;
      swapped = true;
      Deno.renameSync(site.path("d"), site.path("was-d"));
      Deno.symlinkSync(`${site.outside}/root2`, site.path("d"));
    });
    const answer = await site.get(path);
    assert.ok(swapped);
    assert.equal(answer.status, 404);
    assert.ok(!answer.text.includes(SECRET));
  }
});

Deno.test("races: a directory swapped to and fro gets 503, never what lies outside", async () => {
  using site = guarded();
  site.write("d/secret.txt", "public");
  let opened = 0;
  using _race = aroundOpen(() => {
    opened++;
    Deno.renameSync(site.path("d"), site.path("was-d"));
    Deno.symlinkSync(`${site.outside}/root2`, site.path("d"));
  }, () => {
    Deno.removeSync(site.path("d"));
    Deno.renameSync(site.path("was-d"), site.path("d"));
  });
  const answer = await site.get("/d/secret.txt");
  assert.deepEqual([answer.status, answer.field("retry-after")], [503, "1"]);
  assert.equal(opened, 3);
  assert.equal(openFilesBelow(site.outside), 0);
});

Deno.test("races: a file that became a symlink or a FIFO after the check is not followed and does not hang", async () => {
  const swaps: ReadonlyArray<(path: string, outside: string) => void> = [
    (path, outside) => Deno.symlinkSync(`${outside}/secret.txt`, path),
    (path) => new Deno.Command("mkfifo", { args: [path] }).outputSync(),
  ];
  for (const swap of swaps) {
    using site = guarded();
    let swapped = false;
    using _race = aroundOpen(() => {
      if (swapped) return;
      swapped = true;
      Deno.removeSync(site.path("public.txt"));
      swap(site.path("public.txt"), site.outside);
    });
    const answer = await site.get("/public.txt");
    assert.equal(answer.status, 404);
    assert.ok(!answer.text.includes(SECRET));
    assert.equal(openFilesBelow(site.outside), 0);
  }
});

Deno.test("errors: what the system says becomes a status", async () => {
  const rows: Record<string, number> = {
    EACCES: 403,
    EPERM: 403,
    EMFILE: 503,
    ENFILE: 503,
    ENXIO: 404,
    EIO: 500,
  };
  for (const [code, status] of Object.entries(rows)) {
    using site = guarded();
    using _error = aroundOpen(() => {
      throw Object.assign(new Error(`${code} at ${site.root}`), { code });
    });
    for (const path of ["/public.txt", "/dir/"]) {
      const answer = await site.get(path);
      assert.equal(answer.status, status, code);
      assert.ok(!answer.text.includes(site.root), "tells no paths");
    }
  }
});
