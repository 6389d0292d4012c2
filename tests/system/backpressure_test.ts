/** Who does not read is waited for, in bounded memory, and nobody else waits with him. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { quantile, settled } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";

const MB = 1 << 20;

/** What a relay may hold for one stalled exchange beside its usual memory, garbage included. */
const HELD = 48 * MB;

Deno.test("backpressure", async (t) => {
  await using household = new Household();
  const relay = await household.relay();
  const piece = new Uint8Array(256 << 10).fill(120);
  let uploaded = 0;
  let written = 0;
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token: household.local.credential,
    answer: async (request) => {
      if (request.target === "/small") return request.respond("small");
      if (request.method === "PUT") {
        // It reads nothing until it is told to.
        if (request.target === "/stuck") request.greedy = false;
        request.pieces.push = (...pieces: Uint8Array[]) => uploaded += pieces[0]!.length;
        await request.whole;
        return request.respond(String(uploaded));
      }
      const size = Number(request.target.slice(1)) * MB;
      request.head(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      for (let at = 0; at < size && !request.stream.sendClosed; at += piece.length) {
        await request.write(piece, at + piece.length === size);
        written += piece.length;
      }
    },
  });
  const small = async (): Promise<number> => {
    const began = performance.now();
    assert.equal((await ask(relay.http, "/local/small")).text, "small");
    return performance.now() - began;
  };
  for (let i = 0; i < 50; i++) await small();

  await t.step("512 MB pass in flat memory, down and up", async () => {
    using visitor = await Visitor.connect(relay.http);
    await visitor.request("/local/32");
    await visitor.head();
    await visitor.digest(32 * MB);
    const before = relay.process.peakMemory;
    await visitor.request("/local/256");
    await visitor.head();
    assert.equal((await visitor.digest(256 * MB)).size, 256 * MB);
    await visitor.request("/local/", {
      method: "PUT",
      fields: [`Content-Length: ${256 * MB}`],
    });
    for (let i = 0; i < 1024; i++) await visitor.send(piece);
    assert.equal((await visitor.answer()).text, String(256 * MB));
    const more = relay.process.peakMemory - before;
    console.log(`      relay: ${Math.round(more / MB)} MB more at its peak`);
    assert(more < HELD, `${more / MB} MB`);
  });

  await t.step(
    "P17: a visitor that reads nothing costs bounded memory and delays nobody",
    async () => {
      const quiet: number[] = [];
      for (let i = 0; i < 100; i++) quiet.push(await small());
      const before = relay.process.memory;
      written = 0;
      using stuck = await Visitor.connect(relay.http);
      await stuck.request("/local/1024");
      await stuck.head();
      // It writes until nothing goes any more.
      await settled(() => written);
      const others: number[] = [];
      for (let i = 0; i < 100; i++) others.push(await small());
      const more = relay.process.memory - before;
      console.log(
        `      sent ${Math.round(written / MB)} MB until it stood still, relay ${
          Math.round(more / MB)
        } MB more; ` +
          `p50 of others ${quantile(quiet, 0.5).toFixed(1)} → ${
            quantile(others, 0.5).toFixed(1)
          } ms`,
      );
      assert(written < 64 * MB, `${written / MB} MB went out to nobody`);
      assert(more < HELD, `${more / MB} MB`);
      assert(quantile(others, 0.5) < quantile(quiet, 0.5) * 5 + 50);
      // It was only waiting.
      assert.equal((await stuck.digest(64 * MB)).size, 64 * MB);
    },
  );

  await t.step("P17: an agent that reads nothing stops the visitor, not the others", async () => {
    const before = relay.process.memory;
    using visitor = await Visitor.connect(relay.http);
    await visitor.request("/local/stuck", {
      method: "PUT",
      fields: [`Content-Length: ${1024 * MB}`],
    });
    let sent = 0;
    const sending = (async () => {
      try {
        for (;;) {
          await visitor.send(piece);
          sent += piece.length;
        }
      } catch {
        // Closed below.
      }
    })();
    await settled(() => sent);
    for (let i = 0; i < 20; i++) await small();
    const more = relay.process.memory - before;
    console.log(
      `      took ${Math.round(sent / MB)} MB until it stood still, relay ${
        Math.round(more / MB)
      } MB more`,
    );
    assert(sent < 32 * MB, `${sent / MB} MB were taken from the visitor`);
    assert(more < HELD, `${more / MB} MB`);
    visitor.close();
    await sending;
  });

  await t.step(
    "200 visitors that read nothing, 1 MB each: bounded, and others are served",
    async () => {
      const before = relay.process.memory;
      const visitors = await Promise.all(
        Array.from({ length: 200 }, () => Visitor.connect(relay.http)),
      );
      await Promise.all(visitors.map((visitor) => visitor.request("/local/8")));
      await Promise.all(visitors.map((visitor) => visitor.head()));
      for (let i = 0; i < 20; i++) await small();
      const more = relay.process.memory - before;
      console.log(`      relay ${Math.round(more / MB)} MB more`);
      // First windows of 128 KiB and 256 KiB of what waits, for each; and what may grow.
      assert(more < 200 * 0.7 * MB + HELD, `${more / MB} MB`);
      for (const visitor of visitors) visitor.close();
      await small();
    },
  );
});
