/** What an idle agent costs a relay, with ten thousand of them. @module */

import { join } from "node:path";
import { dialTcp } from "../http/mod.ts";
import { openStore } from "../relay/store/mod.ts";
import { parseToken, Session } from "../tunnel/mod.ts";
import { Credential, SignIn } from "../agent/mod.ts";
import { startRelay } from "./crunch.ts";
import { residentBytes } from "./process_costs.ts";
import type { IdleAgents } from "./results.ts";
import { folderFor, type Setting } from "./subject.ts";

const AGENTS = 10_000;
/** Sign-ins under way at a time. */
const AT_ONCE = 50;
/** Until pings are all that passes, in ms. */
const SETTLE = 10_000;

/**
 * Signs agents in that do nothing, each with a name of its own, all from this process.
 * @throws {Error} when not all of them are signed in at the end.
 */
export async function measureIdleAgents(setting: Setting): Promise<IdleAgents> {
  const folder = folderFor(setting, "idle-agents");
  const { names, token } = await prepare(join(folder, "data"));
  const relay = await startRelay({ setting, folder });
  const pids = [relay.running.pid];
  const before = residentBytes(pids) ?? NaN;
  const port = Number(String(relay.line["tunnel"]).split(":").pop());
  const credential = Credential.token(token);
  const sessions: Session[] = [];
  const began = performance.now();
  for (let i = 0; i < AGENTS; i += AT_ONCE) {
    setting.signal.throwIfAborted();
    const some = names.slice(i, i + AT_ONCE);
    sessions.push(...await Promise.all(some.map((name) => signIn(name, port, credential))));
  }
  const signedIn = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve, SETTLE));
  const left = sessions.filter((session) => !session.closed).length;
  const after = residentBytes(pids) ?? NaN;
  await setting.processes.end(relay.running);
  if (left < AGENTS) throw new Error(`only ${left} of ${AGENTS} agents were still connected`);
  return { agents: AGENTS, bytesEach: (after - before) / AGENTS, signIn: signedIn };
}

/** An account with a name for each agent, and a token. */
async function prepare(data: string): Promise<{ names: string[]; token: Uint8Array }> {
  using store = openStore(data);
  await store.accounts.add({ name: "fleet", password: crypto.randomUUID() });
  // Letters that no other looks like.
  const letters = "abcdefghjk";
  const names = Array.from(
    { length: AGENTS },
    (_, i) => "n" + String(i).padStart(5, "0").replace(/\d/g, (digit) => letters[Number(digit)]!),
  );
  for (const name of names) store.names.add("fleet", name);
  const { text } = store.tokens.create("fleet", { name: "benchmark", scope: "agent" });
  return { names, token: parseToken(text)! };
}

async function signIn(name: string, port: number, credential: Credential): Promise<Session> {
  const connection = await dialTcp("127.0.0.1", port);
  const signIn: SignIn = new SignIn(() => session, {
    credential,
    names: [name],
    software: "benchmark",
    dialled: "127.0.0.1",
  });
  const session: Session = new Session({
    connection,
    side: "agent",
    onmessage: (type, message, payload) => signIn.receive(type, message, payload),
    onstream: () => null,
    ongoaway: () => {},
    onclose: (end) => signIn.lost(end),
  });
  signIn.start();
  await signIn.done;
  return session;
}
