/** What a real terminal shows, and what becomes of a program whose terminal is closed. @module */

import assert from "node:assert/strict";
import { isAlive } from "../../cli/mod.ts";
import { checkout, Household, type RunningRelay } from "../support/crunch.ts";
import { eventually, within } from "../support/deadline.ts";
import { leftOut } from "../support/left_out.ts";
import { isInstalled } from "../support/proxy.ts";
import { ask } from "../support/visitor.ts";

const canOpen = Deno.build.os === "linux" && isInstalled("script");
if (!canOpen) console.log("terminal_test: left out, it needs Linux and script (bsdutils)");

const COLUMNS = 60;
const SIZE = 64 << 20;

/** Without what moves the cursor or colours. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- they begin with one
  return text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replaceAll("\r", "");
}

Deno.test({
  name: "output: a full disk below it is one line and exit code 1",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const program = [Deno.execPath(), "run", "-A", "--no-prompt", `${checkout}/main.ts`, "--help"];
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", '"$@" >/dev/full', "sh", ...program],
      stdout: "null",
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /^crunch: cannot write the output: No space left[^\n]*\n$/,
    );
  },
});

Deno.test({
  name: "output: a relay starts on a full disk below it, with one warning",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using household = new Household();
    const ready = household.path("ready");
    const args = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0", "--data", household.data];
    const program = [Deno.execPath(), "run", "-A", "--no-prompt", `${checkout}/main.ts`];
    await using relay = new Deno.Command("sh", {
      args: [
        "-c",
        'exec "$@" >/dev/full',
        "sh",
        ...program,
        "relay",
        ...args,
        "--ready-file",
        ready,
      ],
      env: { XDG_RUNTIME_DIR: household.path("run") },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const said = new Response(relay.stderr).text();
    await eventually(() => {
      try {
        return Deno.statSync(ready).isFile;
      } catch {
        return false;
      }
    });
    relay.kill("SIGTERM");
    assert.equal((await relay.status).code, 0);
    assert.equal((await said).match(/warn .*cannot write the output: No space left/g)?.length, 1);
  },
});

Deno.test({
  name: "terminal: a message fits it, with the line to type on its own and in colour",
  ignore: !canOpen,
  fn: async (t) => {
    await using household = new Household();
    household.write("site/index.html", "here");
    const terminal = { columns: COLUMNS };
    const agent = ["agent", "--dir", "site", "--relay", "127.0.0.1:1"];
    const env = { TERM: "xterm", CRUNCH_TOKEN: await household.account("alice") };
    const line = "    crunch relay --tunnel 127.0.0.1:1\n";

    await t.step("of the log", async () => {
      const process = household.crunch(agent, { env, terminal });
      await process.said(/crunch relay --tunnel 127\.0\.0\.1:1\r\n/);
      const shown = plain(process.stdout);
      assert.ok(shown.includes(line), shown);
      assert.ok(shown.split("\n").every((text) => text.length <= COLUMNS), shown);
      assert.ok(process.stdout.includes("\x1b[33mwarn"), "a warning is yellow");
    });

    await t.step("that the command ends with", async () => {
      const process = household.crunch(["relay", "--http", "http://localhost:8080"], {
        env,
        terminal,
      });
      assert.equal(await process.exit, 2);
      assert.ok(process.stdout.includes("\x1b[31mcrunch relay:\x1b[39m"), process.stdout);
      assert.ok(plain(process.stdout).split("\n").every((text) => text.length <= COLUMNS));
    });

    await t.step("without colour where NO_COLOR is set", async () => {
      const process = household.crunch(["rely"], { env: { ...env, NO_COLOR: "1" }, terminal });
      assert.equal(await process.exit, 2);
      assert.doesNotMatch(process.stdout, /\[3\dm/);
    });

    await t.step("in a pipe one line without colour", async () => {
      const process = household.crunch(agent, { env });
      await process.said(/crunch relay --tunnel 127\.0\.0\.1:1\n/);
      assert.match(
        process.stderr,
        /^\S+ info {2}publishing \S+\n\S+ warn {2}no relay yet.*--tunnel 127\.0\.0\.1:1\n/,
      );
    });
  },
});

/** The pid of the relay, which is not that of its terminal. */
function pidOf(household: Household): number {
  return parseInt(Deno.readTextFileSync(`${household.data}/relay.lock`));
}

/** Closes the terminal amid a download and waits until no visitor is taken any more; then how many bytes came. */
async function closeAmidDownload(relay: RunningRelay): Promise<number> {
  const [hostname, port] = relay.http.split(":");
  using visitor = await Deno.connect({ hostname: hostname!, port: Number(port) });
  await visitor.write(
    new TextEncoder().encode(
      `GET /local/large HTTP/1.1\r\nHost: ${relay.http}\r\nConnection: close\r\n\r\n`,
    ),
  );
  const buffer = new Uint8Array(1 << 20);
  let size = await visitor.read(buffer) ?? 0;
  const head = new TextDecoder().decode(buffer.subarray(0, size)).indexOf("\r\n\r\n") + 4;
  relay.process.kill("SIGKILL");
  await relay.process.exit;
  await eventually(async () => {
    try {
      (await Deno.connect({ hostname: hostname!, port: Number(port) })).close();
      return false;
    } catch {
      return true;
    }
  });
  for (let n: number | null; (n = await visitor.read(buffer)) !== null;) size += n;
  return size - head;
}

for (const config of [undefined, "crunch.toml"]) {
  const how = config === undefined ? "without a configuration" : "with a configuration";
  Deno.test({
    name: `terminal: closing it drains and ends the program, ${how}`,
    ignore: !canOpen,
    fn: async () => {
      await using household = new Household();
      household.write("crunch.toml", "[relay]\ndrain = '20s'\n");
      household.write("site/large", "");
      Deno.truncateSync(household.path("site/large"), SIZE);
      const args = ["--dir", "site", ...(config === undefined ? [] : ["--config", config])];
      const relay = await household.relay(args, {
        command: "both",
        terminal: { columns: COLUMNS },
      });
      const pid = pidOf(household);
      try {
        assert.equal(await within(closeAmidDownload(relay), "the download"), SIZE);
        await eventually(() => !isAlive(pid));
        assert.equal(Deno.readTextFileSync(`${household.data}/relay.lock`), "", "a clean end");
      } finally {
        if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
      }
    },
  });
}

Deno.test({
  name: "terminal: closing it leaves alone what was started with nohup, which reads its settings",
  ignore: !canOpen || leftOut(!isInstalled("nohup"), "there is no nohup (coreutils)"),
  fn: async () => {
    await using household = new Household();
    const file = household.write("crunch.toml", "[relay]\nmax-target = '1KiB'\n");
    const relay = await household.relay(["--config", file], {
      terminal: { columns: COLUMNS, words: "nohup" },
    });
    const pid = pidOf(household);
    try {
      relay.process.kill("SIGKILL");
      await relay.process.exit;
      await eventually(() =>
        /read again; nothing/.test(Deno.readTextFileSync(household.path("nohup.out")))
      );
      assert.equal((await ask(relay.http, `/${"a".repeat(2000)}`)).status, 414);
      Deno.kill(pid, "SIGTERM");
      await eventually(() => !isAlive(pid));
    } finally {
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    }
  },
});
