/** HTTP_PROXY and its kin touch no local socket, no loopback address and no tunnel, whichever command it is. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** A proxy that nobody may ask. */
class Trap implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #done = this.#accept();
  /** What it was asked for, each by its first line. */
  readonly asked: string[] = [];

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      const bytes = new Uint8Array(1024);
      const length = await conn.read(bytes) ?? 0;
      conn.close();
      const line = new TextDecoder().decode(bytes.subarray(0, length)).split("\r\n")[0]!;
      // The runtime looks for new versions of itself.
      if (!line.includes("deno.land")) this.asked.push(line);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#done;
  }
}

Deno.test("proxy variables: none of them comes between the commands and what is local", async (t) => {
  await using household = new Household();
  await using trap = new Trap();
  const proxied = Object.fromEntries(NAMES.map((name) => [name, trap.url]));
  const kinds: Array<[string, Record<string, string>]> = [
    ["all of them", { ...proxied, NODE_USE_ENV_PROXY: "1" }],
    ["NO_PROXY", { NO_PROXY: "*" }],
    ["no_proxy", { no_proxy: "*" }],
    ["all of them and NO_PROXY", { ...proxied, NO_PROXY: "*", no_proxy: "*" }],
  ];
  household.write("site/index.html", "here");
  const token = await household.account("root");
  const pair = certify({ names: ["localhost"] });
  const tls = [
    ...["--tls-cert", household.write("cert.pem", pair.certificate)],
    ...["--tls-key", household.write("key.pem", pair.key)],
    ...["--https", "127.0.0.1:0"],
  ];

  for (const [name, env] of kinds) {
    await t.step(`${name}: relay, agent and both`, async () => {
      await using relay = (await household.relay([], { env })).process;
      await household.agent(["--dir", household.path("site")], { env });
      assert.equal((await ask(household.local.http, "/local/")).text, "here");
      const both = await household.relay(["--dir", household.path("site")], {
        env,
        command: "both",
        data: household.path("other"),
      });
      await using _both = both.process;
      assert.equal((await ask(both.http, "/local/")).text, "here");
      assert.equal(relay.code, null);
    });
    await t.step(`${name}: account by the control socket, and without a relay`, async () => {
      const done = async (words: string, more: Record<string, string> = {}): Promise<void> => {
        const args = ["account", ...words.split(" "), "--data", household.data];
        const process = household.crunch(args, { env: { ...env, ...more } });
        assert.equal(await process.exit, 0, process.all);
      };
      const password = { CRUNCH_PASSWORD: "correct horse" };
      const relay = await household.relay();
      await done("list");
      await done("add bob", password);
      await done("passwd bob", password);
      await done("remove bob");
      await relay.process[Symbol.asyncDispose]();
      await done("list");
    });
    await t.step(`${name}: account by an address of this machine`, async () => {
      const file = household.path("ready.json");
      const args = [...tls, "--http", "127.0.0.1:0", "--tunnel", "off", "--data", household.data];
      await using relay = household.crunch(["relay", ...args, "--ready-file", file]);
      const ready = await relay.ready(file);
      const port = (scheme: string): string => String(ready[scheme]).split(":").at(-1)!;
      for (const scheme of ["http", "https"]) {
        const list = household.crunch(
          ["account", "list", "--relay", `${scheme}://localhost:${port(scheme)}`],
          { env: { ...env, CRUNCH_TOKEN: token, DENO_CERT: household.path("cert.pem") } },
        );
        assert.equal(await list.exit, 0, list.all);
      }
      Deno.removeSync(file);
    });
    assert.deepEqual(trap.asked, [], name);
  }
});

Deno.test("proxy variables: a relay elsewhere is asked for through the proxy, as any other host", async () => {
  await using household = new Household();
  await using trap = new Trap();
  const process = household.crunch(["account", "list", "--relay", "http://relay.example"], {
    env: { HTTP_PROXY: trap.url, CRUNCH_TOKEN: "t" },
  });
  assert.equal(await process.exit, 1, process.all);
  assert.match(trap.asked[0] ?? "", /^GET http:\/\/relay\.example\/api\/v1\/accounts/);
});
