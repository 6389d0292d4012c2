/** The program runs on while its own files go, as in a cache that is cleaned or a checkout that is moved. @module */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { packedFiles } from "../../packaging/contents.ts";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { leftOut } from "../support/left_out.ts";
import { ask } from "../support/visitor.ts";

const ignore = leftOut(
  Deno.env.has("CRUNCH_PROGRAM"),
  "files that go while the program runs: CRUNCH_PROGRAM names another program",
);

/** The program as a packed file unpacks it. */
async function unpack(folder: string): Promise<void> {
  for (const { path, content } of await packedFiles()) {
    const file = join(folder, path);
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeFileSync(file, content);
  }
}

Deno.test({
  name: "gone files: relay and agent run on without any of them, and end as ever",
  ignore,
  fn: async () => {
    await using household = new Household();
    const folder = household.path("program");
    await unpack(folder);
    household.write("site/a.txt", "a file\n");
    const password = household.write("password", "correct horse battery\n");
    const relay = await household.relay(["--admin-password-file", password], { folder });
    const agent = await household.agent(["--dir", household.path("site")], { folder });
    Deno.renameSync(folder, household.path("elsewhere"));
    Deno.removeSync(household.path("elsewhere"), { recursive: true });

    const get = (path: string, fields: string[] = []) =>
      ask(relay.http, path, { host: relay.http, fields });
    const { head } = await ask(relay.http, "/api/v1/sessions", {
      method: "POST",
      host: relay.http,
      fields: [`Origin: http://${relay.http}`, "Content-Type: application/json"],
      body: JSON.stringify({ name: "admin", password: "correct horse battery" }),
    });
    assert.equal(head.status, 204, relay.process.all);
    const cookie = `Cookie: ${head.get("set-cookie")!.split(";", 1)[0]}`;

    for (
      const [path, status, text] of [
        ["/", 200, /crunch/],
        ["/local/", 200, /a\.txt/],
        ["/local/a.txt", 200, /^a file$/m],
        ["/nobody/", 404, /problem|name|here/i],
        ["/install.sh", 200, /^#!\/bin\/sh/],
        ["/install.ps1", 200, /ErrorActionPreference/],
        ["/download", 404, /downloads/],
        ["/admin", 200, /importmap/],
        ["/admin/main.js", 200, /import/],
        ["/static/vendor/uplot.js", 200, /uPlot/],
        ["/api/v1/me", 200, /"admin"/],
        ["/api/v1/openapi.json", 200, /"openapi"/],
        ["/api/v1/reference", 200, /<h1/],
        ["/api/v1/names/local/qr.svg", 200, /<svg/],
        ["/api/v1/names/local/health", 200, /\{/],
        ["/api/v1/usage", 200, /items/],
      ] as const
    ) {
      const answer = await get(path, [cookie]);
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
      assert.match(answer.text, text, path);
    }
    // Written by one worker, read by another that starts only now.
    await eventually(async () => {
      const { status, text } = await get("/api/v1/requests", [cookie]);
      assert.equal(status, 200, text);
      return text.includes("/a.txt");
    });
    for (const { process } of [agent, relay]) {
      process.kill("SIGTERM");
      assert.equal(await process.exit, 0, process.all);
      assert.doesNotMatch(process.stderr, /error|Module not found/i);
    }
  },
});
