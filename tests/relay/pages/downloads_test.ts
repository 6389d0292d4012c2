/** What the relay says of itself as a place to get crunch from. @module */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DownloadFiles, downloadName, platformsFor } from "../../../relay/pages/download_files.ts";
import { installScript } from "../../../relay/pages/install_script.ts";
import { staticText } from "../../../relay/pages/static_text.ts";
import type { Listening } from "../../../relay/visitors/reach/reach.ts";
import { whereabouts } from "../../../relay/visitors/reach/whereabouts.ts";

const CHROME = "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

Deno.test("downloads: the visitor's platform comes first, every other one stays", () => {
  const cases: Array<[string, string[]]> = [
    [`Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ${CHROME}`, ["linux-x64", "linux-arm64"]],
    [`Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 ${CHROME}`, ["linux-arm64", "linux-x64"]],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
      ["macos-arm64", "macos-x64"],
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ${CHROME}`,
      ["windows-x64", "windows-arm64"],
    ],
    ["curl/8.14.1", ["linux-x64", "linux-arm64"]],
  ];
  for (const [userAgent, first] of cases) {
    const names = platformsFor(userAgent).map(({ os, arch }) => `${os}-${arch}`);
    assert.deepEqual(names.slice(0, 2), first, userAgent);
    assert.equal(new Set(names).size, 6);
  }
});

Deno.test("downloads: only programs are offered, with size and SHA-256, and anew when they change", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const write = (name: string, text: string): void =>
      Deno.writeTextFileSync(join(folder, name), text);
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
    write("crunch-linux-x64", "one");
    write("crunch-windows-x64.exe", "two");
    write("crunch-linux-x64.bak", "no");
    write("SHA256SUMS", "no");
    Deno.mkdirSync(join(folder, "crunch-macos-x64"));
    const files = new DownloadFiles(folder);
    const list = async (): Promise<string[]> =>
      (await files.list(platformsFor(""))).map(({ file, size, sha256 }) =>
        `${file} ${size} ${sha256}`
      );
    const windows = `crunch-windows-x64.exe 3 ${sha256("two")}`;
    assert.deepEqual(await list(), [`crunch-linux-x64 3 ${sha256("one")}`, windows]);
    write("crunch-linux-x64.new", "three");
    Deno.renameSync(join(folder, "crunch-linux-x64.new"), join(folder, "crunch-linux-x64"));
    assert.deepEqual(await list(), [`crunch-linux-x64 5 ${sha256("three")}`, windows]);
    for (
      const name of ["crunch-macos-x64", "SHA256SUMS", "../etc/passwd", "crunch-linux-x64.bak"]
    ) {
      assert.ok(!files.has(name), name);
    }
    assert.ok(platformsFor("").map(downloadName).includes("crunch-macos-arm64"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const listening: Listening = {
  http: ["0.0.0.0:8080"],
  https: [],
  publicUrl: undefined,
  tunnel: ["0.0.0.0:8021"],
  tunnelTls: [],
};

Deno.test("whereabouts: a host that a shell could take for something else is none", () => {
  for (
    const authority of ["a'b", "a$(id)", "a b", "a;b", "a`b`", "a\nb", "a/b", "", "u@h", "[x]"]
  ) {
    assert.equal(whereabouts(listening, { scheme: "http", authority }), undefined, authority);
  }
  const publicUrl = new URL("http://it's.example");
  const asked = { scheme: "http", authority: "relay.example" } as const;
  assert.equal(whereabouts({ ...listening, publicUrl }, asked), undefined);
});

Deno.test("whereabouts: visitors are sent to the public URL, or over TLS where they can", () => {
  const base = (change: Partial<Listening>, authority = "relay.example:8080") =>
    whereabouts({ ...listening, ...change }, { scheme: "http", authority })?.base;
  assert.equal(base({}), "http://relay.example:8080");
  assert.equal(base({ https: ["[::]:8443"] }), "https://relay.example:8443");
  assert.equal(base({ https: ["0.0.0.0:443"] }), "https://relay.example");
  assert.equal(base({ https: ["[::]:443"] }, "[2001:db8::1]:80"), "https://[2001:db8::1]");
  // From elsewhere, what is bound to this machine cannot be opened.
  assert.equal(base({ https: ["127.0.0.1:8443"] }), "http://relay.example:8080");
  assert.equal(base({ https: ["127.0.0.1:8443"] }, "localhost:8080"), "https://localhost:8443");
  const publicUrl = new URL("https://public.example:444/");
  assert.equal(base({ publicUrl, https: ["[::]:8443"] }), "https://public.example:444");
});

Deno.test("install script: it has the relay's addresses; without downloads it says what the operator has to do", () => {
  const template = "'{{base}}' '{{command}}' '{{problem}}'";
  const where = {
    base: "https://relay.example",
    command: "crunch agent --relay tls://relay.example:8022",
  };
  assert.equal(
    installScript(template, where, true),
    "'https://relay.example' 'crunch agent --relay tls://relay.example:8022' ''",
  );
  assert.match(
    installScript(template, { ...where, command: null }, false),
    /' '' '.*--downloads DIR/,
  );
  assert.throws(() => installScript(template, { ...where, base: "http://a'b" }, true), TypeError);
});

Deno.test("install script: the line in its head is the one that works for that relay", () => {
  const head = (base: string, file: string): string =>
    installScript(staticText(file), { base, command: null }, true).split("# CRUNCH_")[0]!;
  const secure = "https://relay.example";
  assert.match(head(secure, "install.sh"), /^# {3}curl -fsS https:\S+\/install.sh \| sh$/m);
  assert.match(head(secure, "install.ps1"), /^# {3}irm https:\S+\/install.ps1 \| iex$/m);
  const plain = "http://relay.example:8080";
  assert.match(
    head(plain, "install.sh"),
    /^# {3}curl -fsS http:\S+\/install.sh \| CRUNCH_INSTALL_INSECURE=1 sh$/m,
  );
  assert.match(
    head(plain, "install.ps1"),
    /^# {3}\$env:CRUNCH_INSTALL_INSECURE = 1; irm http:\S+\/install.ps1 \| iex$/m,
  );
});
