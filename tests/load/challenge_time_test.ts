/** Claims about what the time of a relay's answer tells of accounts and tokens: nothing. @module */

import assert from "node:assert/strict";
import { startRelay } from "../../relay/mod.ts";
import { openStore } from "../../relay/store/mod.ts";
import { encodeBase64, Frame, newNonce, PREFACE } from "../../tunnel/mod.ts";
import { TempDir } from "../relay/store/temp_dir.ts";
import { frame } from "../tunnel/raw_peer.ts";

const SAMPLES = 300;

/** From HELLO to the first byte of CHALLENGE, in ms. */
async function time(port: number, method: "password" | "token", id: string): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const hello = { versions: [1], software: "t/1", capabilities: [], method, id, names: [] };
  const bytes = frame(
    Frame.HELLO,
    0,
    JSON.stringify({ ...hello, nonce: encodeBase64(newNonce()) }),
  );
  await conn.write(PREFACE);
  const began = performance.now();
  await conn.write(bytes);
  await conn.read(new Uint8Array(1));
  return performance.now() - began;
}

/** How well a threshold tells the two apart: 0.5 is a guess. */
function auc(ones: readonly number[], others: readonly number[]): number {
  let wins = 0;
  for (const one of ones) {
    for (const other of others) {
      wins += one > other ? 1 : one === other ? 0.5 : 0;
    }
  }
  return wins / ones.length / others.length;
}

Deno.test("challenge: its time does not tell which accounts and tokens there are", async () => {
  using dir = new TempDir();
  let token: string;
  {
    using store = openStore(dir.path);
    await store.accounts.add({ name: "alice", password: "correct horse" });
    token = store.tokens.create("alice", { name: "t" }).token.id;
  }
  const anywhere = "127.0.0.1:0";
  await using relay = await startRelay({
    http: anywhere,
    tunnel: anywhere,
    data: dir.path,
    drain: 0,
  });
  const port = Number(relay.tunnel[0]!.split(":")[1]);
  for (
    const [method, hit, miss] of [
      ["password", "alice", "nobdy"],
      ["token", token, token.replace(/./, (c) => c === "0" ? "1" : "0")],
    ] as const
  ) {
    const times: Record<string, number[]> = { [hit]: [], [miss]: [] };
    for (let i = 0; i < SAMPLES; i++) {
      // In an order that changes, as what comes second may find things warm.
      for (const id of i % 2 === 0 ? [hit, miss] : [miss, hit]) {
        times[id]!.push(await time(port, method, id));
      }
    }
    const told = auc(times[hit]!, times[miss]!);
    if (Deno.env.has("CRUNCH_TELL")) console.log(method, told.toFixed(3));
    assert.ok(Math.abs(told - 0.5) < 0.12, `${method}: ${told}`);
  }
});
