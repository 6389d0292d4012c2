/** Claims about agents that are drained, or lose a name, while they answer. @module */

import assert from "node:assert/strict";
import type { Relay } from "../../../relay/mod.ts";
import { eventually } from "../../support/deadline.ts";
import { ask } from "../../support/visitor.ts";
import { Meeting } from "./meeting.ts";

/** Calls the API as the administrator. */
async function administer(relay: Relay) {
  const api = `http://${relay.http[0]}/api/v1`;
  const json = { "content-type": "application/json", connection: "close" };
  const signIn = await fetch(`${api}/sessions`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ name: "admin", password: relay.adminPassword }),
  });
  const cookie = signIn.headers.get("set-cookie")!.split(";", 1)[0]!;
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: { ...json, cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  };
}

Deno.test("drain: what is under way is finished, what comes then finds nobody, then the agent goes", async () => {
  await using meeting = await Meeting.begin();
  const { relay, agent } = meeting;
  const call = await administer(relay);
  using visitor = await meeting.visitor();
  await visitor.request("/local/slow");
  const asked = await agent.next();
  const agents = async () => (await call("GET", "/agents")).body.items;
  const [{ id, draining }] = await agents();
  assert.equal(draining, false);
  assert.equal((await call("POST", `/agents/${id}/drain`)).status, 202);
  assert.equal((await agents())[0].draining, true);
  assert.equal((await ask(relay.http[0]!, "/local/new")).status, 503);
  asked.respond("done");
  assert.equal((await visitor.answer({ method: "GET" })).text, "done");
  await eventually(async () => (await agents()).length === 0);
});

Deno.test("transfer: the former owner's agent is sent away", async () => {
  await using meeting = await Meeting.begin();
  const { relay } = meeting;
  const call = await administer(relay);
  await call("POST", "/names", { name: "photos", account: "local" });
  await using other = await meeting.further({ names: ["photos"] });
  void other;
  const online = async () => (await call("GET", "/names/photos")).body.online;
  await eventually(online);
  const given = await call("POST", "/accounts", { name: "zoe", password: "correct horse" });
  assert.equal(given.status, 201);
  assert.equal((await call("PATCH", "/names/photos", { account: "zoe" })).status, 200);
  await eventually(async () => !await online());
  // The account's other agent stays.
  assert.equal((await call("GET", "/agents")).body.items.length, 1);
});
