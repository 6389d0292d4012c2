/** Every line that a relay prints to be typed is typed, as it stands, by somebody at a terminal: it publishes. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { Terminal } from "../support/terminal.ts";
import { ask } from "../support/visitor.ts";

const PASSWORD = "correct horse";
const OFFERED = `offers/crunch-linux-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;

/** Text of a page as a reader sees it. */
function plain(html: string): string {
  return html.replace(/<[^>]*\bhidden\b[^>]*>.*?<\/(?:div|p)>/gs, "").replace(/<[^>]*>/g, "");
}

/** The line on a page or in a print, with an account in the place of NAME. */
function lineIn(text: string, where: string): string[] {
  const found = /\bcrunch (agent .*--dir \.\/site)/.exec(text)?.[1];
  assert.ok(found !== undefined, `${where}: ${text}`);
  return found.replace("NAME", "alice").split(" ");
}

/** Types the line, and the password where it is asked for; the folder must be there. */
async function works(household: Household, args: string[], where: string): Promise<void> {
  await using terminal = new Terminal(household, args);
  if (args.includes("--user")) {
    await terminal.said(/Password for alice: /);
    await terminal.type(`${PASSWORD}\n`);
  }
  const name = args.includes("--user") ? "alice" : "local";
  const [url] = await terminal.said(new RegExp(`http://\\S+/${name}/`));
  const { host, pathname } = new URL(url);
  const answer = await ask(host, pathname, { host });
  assert.equal(answer.text, "my folder", where);
}

Deno.test({
  name:
    "printed commands: of start, landing page, /download, install.sh, API and dashboard work as printed",
  ignore: !Terminal.isThere,
  fn: async (t) => {
    for (const tunnel of ["127.0.0.1:0", "0.0.0.0:0"]) {
      await using household = new Household();
      household.write("site/index.html", "my folder");
      household.write(OFFERED, "#!/bin/sh\necho crunch 1\n");
      const relay = await household.relay(["--downloads", household.path("offers")], {
        tunnel,
        http: tunnel,
        env: { CRUNCH_ADMIN_PASSWORD: PASSWORD },
      });
      const password = household.write("password", PASSWORD);
      const add = household.crunch([
        ...["account", "add", "alice", "--password-file", password, "--data", household.data],
      ]);
      assert.equal(await add.exit, 0, add.all);
      const host = `127.0.0.1:${relay.http.split(":")[1]}`;
      const get = async (path: string, fields: string[] = []): Promise<string> =>
        (await ask(host, path, { host, fields })).text;
      const signIn = await ask(host, "/api/v1/sessions", {
        method: "POST",
        host,
        fields: ["Content-Type: application/json", `Origin: http://${host}`],
        body: JSON.stringify({ name: "alice", password: PASSWORD }),
      });
      const cookie = `Cookie: ${signIn.get("set-cookie")!.split(";")[0]}`;
      const script = await get("/install.sh");
      const installed = await new Deno.Command("sh", {
        args: ["-c", script],
        clearEnv: true,
        env: { PATH: Deno.env.get("PATH") ?? "", CRUNCH_INSTALL_DIR: household.path("bin") },
      }).output();
      const shown = new TextDecoder().decode(installed.stdout);
      const lines = {
        "the start": relay.process.stdout,
        "the landing page": plain(await get("/")),
        "/download": plain(await get("/download")),
        "install.sh": installed.success ? shown : "",
        "the dashboard's welcome": JSON.parse(await get("/api/v1/status", [cookie])).agent_command,
      };
      const seen = new Set<string>();
      for (const [where, text] of Object.entries(lines)) {
        await t.step(`${tunnel}: ${where}`, async () => {
          const args = lineIn(text, where);
          if (seen.has(args.join(" "))) return;
          seen.add(args.join(" "));
          await works(household, args, where);
        });
      }
      await t.step(`${tunnel}: it is the same line everywhere`, () => {
        // On a relay of this machine alone the start prints the one that needs no account.
        assert.equal(seen.size, tunnel.startsWith("127.") ? 2 : 1, [...seen].join("\n"));
      });
    }
  },
});
