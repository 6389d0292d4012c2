/** Any port will do, those below 1024 included, where the system lets us. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";
import { freePort } from "../support/free_port.ts";

/** Why a port cannot be had here; undefined where it can. */
function obstacle(port: number): string | undefined {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return `port ${port} needs root`;
    if (error instanceof Deno.errors.AddrInUse) return `port ${port} is taken`;
    throw error;
  }
}

Deno.test("ports: agents on 21 and visitors on 80", async () => {
  const why = obstacle(21) ?? obstacle(80);
  if (why !== undefined) return console.log(`      skipped: ${why}`);
  await using household = new Household();
  household.write("site/index.html", "here");
  const token = await household.account("alice");
  const relay = await household.relay([], { http: "127.0.0.1:80", tunnel: "127.0.0.1:21" });
  assert.deepEqual([relay.http, relay.tunnel], ["127.0.0.1:80", "127.0.0.1:21"]);
  const { urls } = await household.agent(
    ["--relay", "127.0.0.1:21", "--dir", household.path("site")],
    { env: { CRUNCH_TOKEN: token } },
  );
  assert.equal(urls[0], "http://127.0.0.1/alice/");
  assert.equal(await (await fetch(urls[0]!)).text(), "here");
});

Deno.test("ports: an address that another of the same option takes as well is no trouble", async () => {
  for (
    const pair of [
      ["0.0.0.0:P", "[::]:P"],
      ["[::]:P", "0.0.0.0:P"],
      [":P", "127.0.0.1:P"],
      ["127.0.0.1:P", "0.0.0.0:P"],
      ["[::1]:P", ":P"],
    ]
  ) {
    await using household = new Household();
    const [one, other] = [freePort(), freePort()];
    const at = (port: number) => pair.map((address) => address.replace("P", String(port)));
    const [http, more] = at(one) as [string, string];
    const [tunnel, further] = at(other) as [string, string];
    await household.relay(["--http", more, "--tunnel", further], { http, tunnel });
    assert.equal((await ask(`127.0.0.1:${one}`, "/healthz")).status, 200, pair.join(" "));
    (await Deno.connect({ hostname: "127.0.0.1", port: other })).close();
  }
});

Deno.test("ports: what two options cannot both have is said with what to leave out", async () => {
  await using household = new Household();
  for (
    const [args, said] of [
      [
        ["--http", ":8080", "--tunnel", "127.0.0.1:8080"],
        "--http [::]:8080 takes 127.0.0.1:8080, too: give --tunnel another port, or --http a single address",
      ],
      [
        ["--http", "127.0.0.1:8080", "--admin", "0.0.0.0:8080"],
        "--admin 0.0.0.0:8080 takes 127.0.0.1:8080, too: give --http another port",
      ],
      [
        ["--http", "0.0.0.0:8080", "--https", ":8080", "--tls-cert", "a", "--tls-key", "b"],
        "--https [::]:8080 takes 0.0.0.0:8080, too: give --http another port",
      ],
    ] as const
  ) {
    const process = household.crunch(["relay", ...args, "--data", household.data]);
    assert.equal(await process.exit, 2, process.all);
    assert.ok(process.stderr.replace(/\s+/g, " ").includes(said), process.stderr);
  }
});

Deno.test("ports: two names of one address are not blamed on another program", async () => {
  await using household = new Household();
  const port = freePort();
  const process = household.crunch([
    ...["relay", "--http", `127.0.0.1:${port}`, "--http", `localhost:${port}`],
    ...["--tunnel", "off", "--data", household.data],
  ]);
  assert.equal(await process.exit, 1, process.all);
  assert.match(
    process.stderr,
    /another address of these options means the same; leave one of\s+the two out/,
  );
  assert.doesNotMatch(process.stderr, /pid/);
});

Deno.test("ports: several addresses at once, a Unix socket among them", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const path = household.path("visitors.sock");
  const relay = await household.relay(["--http", "127.0.0.1:0", "--http", `unix:${path}`]);
  await household.agent(["--dir", household.path("site")]);
  assert.equal((await ask(relay.http, "/local/")).text, "here");
  const conn = await Deno.connect({ transport: "unix", path });
  await conn.write(new TextEncoder().encode("GET /local/ HTTP/1.0\r\n\r\n"));
  const text = await new Response(conn.readable).text();
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /here$/);
});
