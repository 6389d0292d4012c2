/** Claims about what waits to be written: order, one write a turn, room, failure. @module */

import assert from "node:assert/strict";
import type { Connection } from "../../http/connection.ts";
import { HIGH_WATER, Outgoing } from "../../http/outgoing.ts";
import { bytesOf, randomFrom, textOf, within } from "./visitor.ts";

/** A connection whose writes are taken when and as far as the test says. */
class Kernel implements Connection {
  readonly remote = { address: "127.0.0.1", port: 1 };
  readonly local = { address: "127.0.0.1", port: 2 };
  readonly secure = false;
  /** What each write brought. */
  readonly writes: string[] = [];
  /** How much the next write takes; Infinity: all. */
  room: () => number = () => Infinity;
  /** Holds writes back until it resolves. */
  gate: Promise<void> = Promise.resolve();
  failure: Error | null = null;
  #writing = false;

  get text(): string {
    return this.writes.join("");
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    assert(!this.#writing, "two writes at a time");
    this.#writing = true;
    await this.gate;
    this.#writing = false;
    if (this.failure !== null) throw this.failure;
    const count = Math.max(1, Math.min(bytes.length, this.room()));
    this.writes.push(textOf(bytes.subarray(0, count)));
    return count;
  }

  read(): Promise<number | null> {
    return Promise.resolve(null);
  }
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {}
}

function make(): { kernel: Kernel; out: Outgoing; errors: unknown[] } {
  const kernel = new Kernel();
  const errors: unknown[] = [];
  return { kernel, errors, out: new Outgoing(kernel, (error) => errors.push(error)) };
}

Deno.test("outgoing: all that one turn puts leaves in one write", async () => {
  const { kernel, out } = make();
  out.putText("HTTP/1.1 200 OK\r\n");
  out.put(bytesOf("x".repeat(100)));
  out.put(bytesOf("-abc-"), 1, 4);
  out.reserve(3);
  out.buffer.set(bytesOf("end"), out.length);
  out.advance(3);
  assert.deepEqual(kernel.writes, [], "wrote before the turn was over");
  await within(out.drained(0));
  assert.deepEqual(kernel.writes, ["HTTP/1.1 200 OK\r\n" + "x".repeat(100) + "abcend"]);
  assert.equal(out.written, 123);
});

Deno.test("outgoing: nothing is held while nothing waits", async () => {
  const { out } = make();
  out.putText("hello");
  await within(out.drained(0));
  assert.equal(out.buffer.length, 0);
  assert.equal(out.queued, 0);
  assert.equal(out.busy, false);
});

Deno.test("outgoing: text goes out as Latin-1, short and long", async () => {
  for (
    const text of ["\xe9", "a\xff", "é".repeat(40), "a".repeat(40) + "é", "\x80".repeat(15), ""]
  ) {
    const { kernel, out } = make();
    out.putText(text + ".");
    await within(out.drained(0));
    assert.equal(kernel.text, text + ".");
  }
});

Deno.test("outgoing: partial writes go on where the kernel stopped", async () => {
  const { kernel, out } = make();
  kernel.room = () => 7;
  const text = "0123456789".repeat(10);
  out.putText(text);
  const big = bytesOf("direct".repeat(10));
  const sent = out.send(big);
  out.putText("after");
  await within(sent);
  await within(out.drained(0));
  assert.equal(kernel.text, text + "direct".repeat(10) + "after");
});

Deno.test("outgoing: sent bytes keep their place between put bytes, in every interleaving", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = randomFrom(seed);
    const { kernel, out } = make();
    kernel.room = () => (random() < 0.5 ? Infinity : 1 + Math.floor(random() * 50));
    let expected = "";
    let sending: Promise<void> | undefined;
    for (let step = 0; step < 40; step++) {
      const text = `${step}${"abcdefghij".repeat(Math.floor(random() * 12))};`;
      const choice = random();
      if (choice < 0.3) {
        await sending;
        const chunk = bytesOf(text);
        sending = within(out.send(chunk)).then(() => {
          // The memory is the caller's again.
          chunk.fill(33);
        });
        expected += text;
      } else if (choice < 0.6) {
        out.put(bytesOf(text));
        expected += text;
      } else if (choice < 0.8) {
        out.putText(text);
        expected += text;
      } else if (choice < 0.9) {
        await Promise.resolve();
      } else {
        await within(out.drained(Math.floor(random() * 100)));
      }
    }
    await sending;
    await within(out.drained(0));
    assert.equal(kernel.text, expected, `seed ${seed}`);
    assert.equal(out.written, expected.length);
    assert.equal(out.queued, 0);
  }
});

Deno.test("outgoing: a second send before the first is done is a mistake that is told", async () => {
  const { out } = make();
  const first = out.send(bytesOf("one"));
  assert.throws(() => out.send(bytesOf("two")), /not done/);
  await within(first);
  await within(out.send(bytesOf("two")));
});

Deno.test("outgoing: who waits for room waits until the kernel took enough", async () => {
  const { kernel, out } = make();
  let open = () => {};
  kernel.gate = new Promise((resolve) => open = resolve);
  out.put(new Uint8Array(HIGH_WATER));
  await Promise.resolve();
  out.put(new Uint8Array(HIGH_WATER));
  let roomy = false;
  const waiting = out.drained().then(() => roomy = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(roomy, false);
  assert.equal(out.queued, 2 * HIGH_WATER);
  open();
  await within(waiting);
  assert(out.queued <= HIGH_WATER / 2);
});

Deno.test("outgoing: a failed write is told once, and frees everybody who waits", async () => {
  const { kernel, out, errors } = make();
  let open = () => {};
  kernel.gate = new Promise((resolve) => open = resolve);
  out.put(new Uint8Array(1000));
  const sent = out.send(bytesOf("direct"));
  const waiting = [out.drained(0), out.drained(10)];
  kernel.failure = new Error("broken pipe");
  open();
  await within(Promise.all([sent, ...waiting]));
  assert.deepEqual(errors, [kernel.failure]);
  assert.equal(out.failed, true);
  out.put(new Uint8Array(1000));
  await within(out.send(bytesOf("late")));
  await within(out.drained(0));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(out.queued, 0);
  assert.equal(out.buffer.length, 0);
  assert.deepEqual(kernel.writes, []);
  assert.equal(errors.length, 1);
});

Deno.test("outgoing: given up while a write is under way, it writes nothing more", async () => {
  const { kernel, out, errors } = make();
  let open = () => {};
  kernel.gate = new Promise((resolve) => open = resolve);
  out.putText("first");
  await Promise.resolve();
  await Promise.resolve();
  out.putText("second");
  const sent = out.send(bytesOf("third"));
  out.fail(new Error("closed"));
  await within(sent);
  open();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(kernel.writes, ["first"]);
  assert.equal(errors.length, 1);
  assert.equal(out.queued, 0);
});
