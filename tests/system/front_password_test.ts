/** Basic passwords that a proxy in front of the relay asks for, and those that an agent asks for itself. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

const BROWSER = "User-Agent: Mozilla/5.0";
const FRONT = "Authorization: Basic ZnJvbnQ6ZG9vcg==";
const OWN = "Authorization: Basic b3duOmtleQ==";

Deno.test("front password: what is the proxy's stays with it, what is the agent's reaches it", async (t) => {
  await using household = new Household();
  const token = await household.account("alice");
  const relay = await household.relay(["--trusted-proxy", "127.0.0.1/32"]);
  let asking = false;
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: (request) => {
      const got = request.getAll("authorization").join();
      if (!asking || got !== "") return request.respond(got);
      const asks = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="a"\r\n';
      request.head(`${asks}Content-Length: 0\r\n\r\n`, true);
    },
  });
  const told = async (...fields: string[]): Promise<string> =>
    (await ask(relay.http, "/alice/x", { fields })).text;

  await t.step("a program's own password passes at the first request", async () => {
    assert.equal(await told(OWN, "User-Agent: curl/8"), OWN.slice(15));
  });

  await t.step("a browser's does where the agent has asked for one", async () => {
    assert.equal(await told(OWN, BROWSER), "");
    asking = true;
    assert.equal((await ask(relay.http, "/alice/x", { fields: [BROWSER] })).status, 401);
    assert.equal(await told(OWN, BROWSER), OWN.slice(15));
    asking = false;
  });

  await t.step("one that came to a page of the relay's own never does", async () => {
    await ask(relay.http, "/favicon.ico", { fields: [FRONT, BROWSER] });
    for (const client of [BROWSER, "User-Agent: curl/8"]) {
      assert.equal(await told(FRONT, client), "");
      assert.equal(await told(OWN, client), OWN.slice(15));
    }
  });

  await t.step("tokens are the agent's business", async () => {
    assert.equal(await told("Authorization: Bearer x", BROWSER), "Bearer x");
  });
});
