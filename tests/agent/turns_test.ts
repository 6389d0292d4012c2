/** Claims about what an agent keeps of what its relay tells of turns. @module */

import assert from "node:assert/strict";
import { Turns } from "../../agent/turns.ts";
import { createLog } from "../../cli/mod.ts";

const holder = { address: "192.0.2.1", label: "pid 7", connected: 0 };

Deno.test("turns: of names that are not the session's nothing is kept, said or waited for", async () => {
  const lines: string[] = [];
  const turns = new Turns(createLog({ level: "debug", write: (line) => lines.push(line) }));
  for (let i = 0; i < 1_000; i++) turns.take({ name: `early${i}`, holder });
  assert.equal(turns.begin([{ name: "stranger", holder }], ["alice"]), false);
  await turns.own;
  for (let i = 0; i < 1_000; i++) turns.take({ name: `late${i}`, holder });
  assert.deepEqual(lines, []);
});

Deno.test("turns: a turn that was told before the welcome is newer than what that says", async () => {
  const lines: string[] = [];
  const turns = new Turns(createLog({ level: "debug", write: (line) => lines.push(line) }));
  turns.take({ name: "alice" });
  assert.equal(turns.begin([{ name: "alice", holder }], ["alice"]), false);
  await turns.own;
  assert.match(lines.join(""), /alice is free/);
});

Deno.test("turns: of several names each is waited for", async () => {
  const turns = new Turns(createLog({ level: "debug", write: () => {} }));
  assert.equal(turns.begin([{ name: "a", holder }, { name: "b", holder: null }], ["a", "b"]), true);
  turns.take({ name: "a" });
  let isOwn = false;
  turns.own.then(() => isOwn = true);
  await Promise.resolve();
  assert.equal(isOwn, false);
  turns.take({ name: "b" });
  await turns.own;
});
