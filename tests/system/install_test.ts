/** Getting crunch from a relay: the page, the files, and the scripts, run by the shells that people have. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { checkout, Household, type RunningRelay } from "../support/crunch.ts";
import { leftOut } from "../support/left_out.ts";
import { ask } from "../support/visitor.ts";

const ignore = Deno.build.os === "windows";
/** The file for this machine, and the one that stands in for it here. */
const NAME = `crunch-${Deno.build.os === "darwin" ? "macos" : "linux"}-${
  Deno.build.arch === "aarch64" ? "arm64" : "x64"
}`;
const PROGRAM = '#!/bin/sh\n[ "$1" = --version ] && echo crunch 9.8.7\n' +
  "# long\n".repeat(99_999);
const SHA256 = createHash("sha256").update(PROGRAM).digest("hex");
/** All that the script may need; neither Deno nor Node. */
const TOOLS = "cat chmod curl head mkdir mktemp mv rm sha256sum shasum uname wget".split(" ");
/** Other shells that are called sh somewhere. */
const SHELLS: ReadonlyArray<readonly [string, ...string[]]> = [
  ["/bin/dash"],
  ["/bin/bash", "--posix"],
  ["/bin/busybox", "ash"],
];

function shellWorks([shell, ...args]: readonly [string, ...string[]]): boolean {
  try {
    return new Deno.Command(shell, { args: [...args, "-c", ":"] }).outputSync().success;
  } catch {
    console.log(`${shell} is left out: it is not there`);
    return false;
  }
}

async function offering(home: Household): Promise<RunningRelay> {
  home.write(`offers/${NAME}`, PROGRAM);
  return await home.relay(["--downloads", home.path("offers")]);
}

/** A PATH with these tools and no others. */
async function pathOf(home: Household, tools: readonly string[]): Promise<string> {
  const folder = home.path("tools");
  await Deno.mkdir(folder, { recursive: true });
  for (const tool of tools) {
    const found = (Deno.env.get("PATH") ?? "").split(":").map((path) => `${path}/${tool}`)
      .find((path) => {
        try {
          return Deno.statSync(path).isFile;
        } catch {
          return false;
        }
      });
    if (found !== undefined) await Deno.symlink(found, `${folder}/${tool}`);
  }
  return folder;
}

interface Installed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the relay's script as `curl -fsS …/install.sh | sh` does. */
async function install(
  home: Household,
  script: string,
  env: Record<string, string> = {},
  [shell, ...args]: readonly [string, ...string[]] = ["/bin/sh"],
): Promise<Installed> {
  const child = new Deno.Command(shell, {
    args,
    clearEnv: true,
    env: { PATH: home.path("tools"), HOME: home.path("home"), ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // One that ends early does not read it all.
  await writer.write(new TextEncoder().encode(script)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test({ name: "install", ignore }, async (t) => {
  await using home = new Household();
  const relay = await offering(home);
  await pathOf(home, TOOLS);
  const script = (await ask(relay.http, "/install.sh", { host: relay.http })).text;
  const file = home.path("home/.local/bin/crunch");
  const leftovers = (): string[] =>
    [...Deno.readDirSync(home.path("home/.local/bin"))].map(({ name }) => name).sort();

  await t.step(
    "/download lists the program with size and SHA-256, and how to install it",
    async () => {
      const { status, text, head } = await ask(relay.http, "/download", { host: relay.http });
      assert.equal(status, 200);
      assert.match(head.get("content-type") ?? "", /^text\/html/);
      assert.match(text, new RegExp(`href="/download/${NAME}"`));
      assert.match(text, /0\.7 MB/);
      assert.ok(text.includes(SHA256));
      assert.ok(text.includes(`curl -fsS http://${relay.http}/install.sh | sh`));
    },
  );

  await t.step("the program comes whole, with its length; HEAD and SHA256SUMS agree", async () => {
    const whole = await ask(relay.http, `/download/${NAME}`);
    assert.equal(whole.text, PROGRAM);
    assert.equal(whole.head.get("content-length"), String(PROGRAM.length));
    const head = await ask(relay.http, `/download/${NAME}`, { method: "HEAD" });
    assert.equal(head.head.get("content-length"), String(PROGRAM.length));
    const sums = await ask(relay.http, "/download/SHA256SUMS");
    assert.equal(sums.text, `${SHA256}  ${NAME}\n`);
  });

  await t.step(
    "a download that broke off goes on where it ended, if the file is the same",
    async () => {
      const path = `/download/${NAME}`;
      const { head } = await ask(relay.http, path);
      assert.equal(head.get("etag"), `"${SHA256}"`);
      assert.equal(head.get("accept-ranges"), "bytes");
      const last = PROGRAM.length - 1;
      for (
        const [range, start, end] of [
          [`bytes=400000-`, 400_000, last],
          ["bytes=0-0", 0, 0],
          ["bytes=-5", last - 4, last],
          [`bytes=131071-131072`, 131_071, 131_072],
        ] as const
      ) {
        const part = await ask(relay.http, path, {
          fields: [`Range: ${range}`, `If-Range: "${SHA256}"`],
        });
        assert.equal(part.status, 206, range);
        assert.equal(part.text, PROGRAM.slice(start, end + 1));
        assert.equal(part.head.get("content-range"), `bytes ${start}-${end}/${PROGRAM.length}`);
      }
      const other = await ask(relay.http, path, {
        fields: ["Range: bytes=400000-", 'If-Range: "of another file"'],
      });
      assert.equal(other.status, 200);
      assert.equal(other.text, PROGRAM);
      const beyond = await ask(relay.http, path, { fields: [`Range: bytes=${last + 1}-`] });
      assert.equal(beyond.status, 416);
      assert.equal(beyond.head.get("content-range"), `bytes */${PROGRAM.length}`);
      const known = await ask(relay.http, path, { fields: [`If-None-Match: "${SHA256}"`] });
      assert.equal(known.status, 304);
      const head206 = await ask(relay.http, path, { method: "HEAD", fields: ["Range: bytes=0-9"] });
      assert.equal(head206.status, 200, "ranges are for GET");
    },
  );

  await t.step("a file that is replaced has another tag, and another sum", async () => {
    const path = `/download/${NAME}`;
    const copy = home.path("offers/.new");
    Deno.writeTextFileSync(copy, PROGRAM + "# and more\n");
    Deno.renameSync(copy, home.path(`offers/${NAME}`));
    const tag = `"${createHash("sha256").update(PROGRAM + "# and more\n").digest("hex")}"`;
    assert.equal((await ask(relay.http, path)).head.get("etag"), tag);
    assert.ok((await ask(relay.http, "/download/SHA256SUMS")).text.startsWith(tag.slice(1, -1)));
    Deno.writeTextFileSync(home.path(`offers/${NAME}`), PROGRAM);
  });

  await t.step("what is not offered is not there, and nothing can be sent", async () => {
    for (const path of ["crunch-linux-riscv", "..%2fdata", "SHA256SUMS/", "."]) {
      assert.equal((await ask(relay.http, `/download/${path}`)).status, 404, path);
    }
    for (const path of ["/download", "/install.sh", `/download/${NAME}`]) {
      const answer = await ask(relay.http, path, { method: "POST", body: "x" });
      assert.equal(answer.status, 405, path);
      assert.equal(answer.head.get("allow"), "GET, HEAD");
    }
  });

  await t.step("the script installs for the user, and prints the agent's line", async () => {
    const { code, stdout, stderr } = await install(home, script);
    assert.equal(code, 0, stderr);
    assert.equal(Deno.readTextFileSync(file), PROGRAM);
    assert.equal(Deno.statSync(file).mode! & 0o777, 0o755);
    assert.equal(
      stdout,
      `  crunch agent --relay ${relay.tunnel} --user NAME --dir ./site\n`,
    );
    assert.match(stderr, /installed crunch 9\.8\.7 as .*\/\.local\/bin\/crunch/);
    assert.match(stderr, /export PATH="[^"]*\/home\/\.local\/bin:\$PATH"/);
    assert.deepEqual(leftovers(), ["crunch"]);
  });

  for (const shell of SHELLS) {
    await t.step({
      name: `${shell.join(" ")} does as well as sh`,
      ignore: !shellWorks(shell),
      fn: async () => {
        const { code, stderr } = await install(home, script, {}, shell);
        assert.equal(code, 0, stderr);
        assert.match(stderr, /installed crunch 9\.8\.7/);
      },
    });
  }

  await t.step("where the shell looks there already, nothing is said of PATH", async () => {
    const path = `${home.path("tools")}:${home.path("home/.local/bin")}`;
    const { code, stderr } = await install(home, script, { PATH: path });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /PATH/);
  });

  await t.step("a program that came damaged is not installed", async () => {
    Deno.writeTextFileSync(file, "before");
    // Not that of the file.
    const wrong = script.replace(
      'fetch "$base/download/SHA256SUMS" >',
      `printf '%s\\n' '${"0".repeat(64)}  ${NAME}' >`,
    );
    assert.notEqual(wrong, script);
    const { code, stderr } = await install(home, wrong);
    assert.equal(code, 1);
    assert.match(stderr, /what came is damaged: its SHA-256 is/);
    assert.equal(Deno.readTextFileSync(file), "before");
    assert.deepEqual(leftovers(), ["crunch"]);
  });

  await t.step("half a script does nothing", async () => {
    const { stdout, stderr } = await install(home, script.slice(0, script.length - 6));
    assert.equal(stdout + stderr, "");
  });

  await t.step("where the program is missing for a machine, it says who mends that", async () => {
    const other = script.replace("$(uname -m)", "$(echo aarch64)").replace(
      "$(uname -s)",
      "$(echo Darwin)",
    );
    const { code, stderr } = await install(home, other);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /no crunch-macos-arm64; its operator puts it into the directory of --downloads/,
    );
  });

  await t.step("without a home it says what to set", async () => {
    const { code, stderr } = await install(home, script, { HOME: "" });
    assert.equal(code, 1);
    assert.match(stderr, /^install\.sh: .*set HOME or CRUNCH_INSTALL_DIR/);
  });

  await t.step("where the directory cannot be written to, it says what to set", async () => {
    // Not even root makes directories in a file.
    const { code, stdout, stderr } = await install(home, script, { HOME: file });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /install\.sh: cannot write to .*\/crunch\/\.local\/bin; name another/);
    assert.match(stderr, /\n {2}export CRUNCH_INSTALL_DIR=\/path\/to\/directory\n$/);
  });

  await t.step("a directory that has the program's name is not taken for it", async () => {
    Deno.mkdirSync(home.path("odd/crunch"), { recursive: true });
    const { code, stderr } = await install(home, script, {
      CRUNCH_INSTALL_DIR: home.path("odd"),
    });
    assert.equal(code, 1);
    assert.match(stderr, /odd\/crunch is a directory; move it away/);
    assert.deepEqual([...Deno.readDirSync(home.path("odd/crunch"))], []);
  });

  await t.step("a relative directory is put into PATH as an absolute one", async () => {
    const { code, stderr } = await install(home, `cd '${home.root}'\n${script}`, {
      CRUNCH_INSTALL_DIR: "-here",
    });
    assert.equal(code, 0, stderr);
    assert.equal(Deno.readTextFileSync(home.path("-here/crunch")), PROGRAM);
    assert.match(stderr, /export PATH="\/[^"]*\/-here:\$PATH"/);
  });

  await t.step("on another kind of machine it names the kind, and where to look", async () => {
    for (
      const [system, machine, named] of [
        ["FreeBSD", "amd64", "FreeBSD"],
        ["Linux", "riscv64", "riscv64"],
      ] as const
    ) {
      const other = script.replaceAll("$(uname -m)", machine).replaceAll("$(uname -s)", system);
      const { code, stderr } = await install(home, other);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `install.sh: there is no crunch for ${named} here; see http://${relay.http}/download\n`,
      );
    }
  });

  await t.step("wget does as well as curl", async () => {
    await Deno.remove(home.path("tools/curl"));
    const { code, stderr } = await install(home, script, { CRUNCH_INSTALL_DIR: home.path("opt") });
    assert.equal(code, 0, stderr);
    assert.equal(Deno.readTextFileSync(home.path("opt/crunch")), PROGRAM);
  });

  await t.step("with neither it says so", async () => {
    await Deno.remove(home.path("tools/wget"));
    const { code, stderr } = await install(home, script);
    assert.equal(code, 1);
    assert.match(stderr, /needs curl or wget/);
  });
});

/** A release's checksums and their signature among what is offered; gives the key that signed them. */
function signOffers(home: Household, sums = `${SHA256}  ${NAME}\n`): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  home.write("offers/SHA256SUMS", sums);
  home.write("offers/SHA256SUMS.sig", sign(null, Buffer.from(sums), privateKey).toString("base64"));
  return Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url").toString("base64");
}

Deno.test({
  name: "install: a signature is verified where openssl can, and said to be none where it cannot",
  ignore: leftOut(ignore || !hasRawEd25519(), "signatures of releases: there is no OpenSSL 3"),
}, async (t) => {
  await using home = new Household();
  const relay = await offering(home);
  await pathOf(home, [...TOOLS, "openssl"]);
  const script = (await ask(relay.http, "/install.sh", { host: relay.http })).text;
  const file = home.path("home/.local/bin/crunch");

  await t.step("unsigned ones are refused by who names a key", async () => {
    const { code, stderr } = await install(home, script, { CRUNCH_INSTALL_KEY: signOffers(home) });
    assert.equal(code, 0, stderr);
    Deno.removeSync(home.path("offers/SHA256SUMS.sig"));
    Deno.removeSync(file);
    const without = await install(home, script, { CRUNCH_INSTALL_KEY: "A".repeat(43) + "=" });
    assert.equal(without.code, 1);
    assert.match(without.stderr, /this relay has no signature of what it offers/);
    const asked = { CRUNCH_INSTALL_KEY: "A".repeat(43) + "=", CRUNCH_INSTALL_INSECURE: "1" };
    assert.equal((await install(home, script, asked)).code, 0);
  });

  for (const shell of [["/bin/sh"] as const, ...SHELLS]) {
    await t.step({
      name: `${shell.join(" ")} takes the right key, and no other`,
      ignore: !shellWorks(shell),
      fn: async () => {
        const key = signOffers(home);
        const right = await install(home, script, { CRUNCH_INSTALL_KEY: key }, shell);
        assert.equal(right.code, 0, right.stderr);
        assert.ok(right.stderr.includes(`verified the signature by ${key}`), right.stderr);
        Deno.writeTextFileSync(file, "before");
        signOffers(home);
        const wrong = await install(home, script, { CRUNCH_INSTALL_KEY: key }, shell);
        assert.equal(wrong.code, 1);
        assert.match(wrong.stderr, /is not signed by .*: do not install it/);
        assert.equal(Deno.readTextFileSync(file), "before");
        assert.deepEqual([...Deno.readDirSync(home.path("home/.local/bin"))].length, 1);
      },
    });
  }

  await t.step(
    "checksums that are not the signed ones, or not the file's, are refused",
    async () => {
      const key = signOffers(home);
      home.write("offers/SHA256SUMS", `${"0".repeat(64)}  ${NAME}\n`);
      assert.match(
        (await install(home, script, { CRUNCH_INSTALL_KEY: key })).stderr,
        /is not signed by/,
      );
      const other = signOffers(home, `${"0".repeat(64)}  ${NAME}\n`);
      assert.match(
        (await install(home, script, { CRUNCH_INSTALL_KEY: other })).stderr,
        /what came is damaged/,
      );
    },
  );

  await t.step("without openssl, and without a key, it says that it was not done", async () => {
    const key = signOffers(home);
    assert.match((await install(home, script)).stderr, /^not signed: only the checksum/m);
    Deno.removeSync(home.path("tools/openssl"));
    const { code, stderr } = await install(home, script, { CRUNCH_INSTALL_KEY: key });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^the signature is not verified: that needs OpenSSL 3/m);
  });
});

Deno.test({ name: "install: plain HTTP is refused beyond this machine", ignore }, async () => {
  await using home = new Household();
  const relay = await offering(home);
  await pathOf(home, TOOLS);
  const script = (await ask(relay.http, "/install.sh", { host: relay.http })).text;
  const at = (base: string) => script.replace(/^base='.*'$/m, `base='${base}'`);
  for (
    const base of ["http://relay.example:8080", "http://127.0.0.1.evil.example", "http://127.evil"]
  ) {
    const { code, stderr } = await install(home, at(base));
    assert.equal(code, 1);
    assert.ok(
      stderr.includes(`curl -fsS ${base}/install.sh | CRUNCH_INSTALL_INSECURE=1 sh`),
      stderr,
    );
  }
  for (
    const base of [
      "http://localhost:1",
      "http://a.localhost:1",
      "http://[::1]:1",
      "https://127.0.0.1:1",
    ]
  ) {
    assert.match((await install(home, at(base))).stderr, /cannot fetch/, base);
  }
  // The page says the same.
  const page = (await ask(relay.http, "/download", { host: relay.http })).text;
  assert.ok(page.includes(`curl -fsS http://${relay.http}/install.sh | sh`));
  const open = await home.relay(
    ["--downloads", home.path("offers"), "--public-url", "http://relay.example:8080"],
    { data: home.path("other") },
  );
  const told = (await ask(open.http, "/download", { host: "relay.example:8080" })).text;
  const line = "curl -fsS http://relay.example:8080/install.sh | CRUNCH_INSTALL_INSECURE=1 sh";
  assert.ok(told.includes(line), told);
  const plain = at("http://127.0.0.1.nip.example:1");
  const asked = await install(home, plain, { CRUNCH_INSTALL_INSECURE: "1" });
  assert.match(asked.stderr, /cannot fetch/);
});

Deno.test({
  name: "install: without --downloads, scripts and page say what the operator has to do",
  ignore,
}, async () => {
  await using home = new Household();
  const relay = await home.relay();
  await pathOf(home, TOOLS);
  const page = await ask(relay.http, "/download", { host: relay.http });
  assert.equal(page.status, 404);
  assert.match(page.text, /its operator starts it with --downloads DIR/);
  const { code, stdout, stderr } = await install(
    home,
    (await ask(relay.http, "/install.sh", { host: relay.http })).text,
  );
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^install\.sh: .*its operator starts it with --downloads DIR/);
  assert.match((await ask(relay.http, "/install.ps1")).text, /\$problem = '.*--downloads DIR/);
});

Deno.test({
  name: "install: shellcheck has nothing to say of the scripts",
  ignore: leftOut(ignore || !has("shellcheck"), "what shellcheck says: it is not installed"),
}, async () => {
  const { code, stdout } = await new Deno.Command("shellcheck", {
    args: ["-s", "sh", "packaging/head.sh", "static/install.sh"],
    cwd: checkout,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stdout));
});

function has(tool: string): boolean {
  try {
    return new Deno.Command(tool, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

function hasRawEd25519(): boolean {
  try {
    const { stderr, stdout } = new Deno.Command("openssl", { args: ["pkeyutl", "-help"] })
      .outputSync();
    return new TextDecoder().decode(stderr).concat(new TextDecoder().decode(stdout)).includes(
      "-rawin",
    );
  } catch {
    return false;
  }
}
