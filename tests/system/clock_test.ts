/** Claims about a clock that is set, and a machine that slept: what goes on goes on, and what is gone is noticed. @module */

import assert from "node:assert/strict";
import { eventually, pause } from "../support/deadline.ts";
import { Household } from "../support/crunch.ts";
import { leftOut } from "../support/left_out.ts";
import { SilentProxy } from "../support/silent_proxy.ts";
import { Visitor } from "../support/visitor.ts";

/** Where Debian's package `libfaketime` puts it. */
const LIBRARY = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
const ignore = leftOut(LIBRARY === undefined, "libfaketime is not installed");
/** How soon a process has the new date: it looks four times a second. */
const NOTICED = 1_500;
/** A session that is dead is found so within this, by the contract; and the machine may be slow. */
const FOUND_DEAD = 15_000;
const SIZE = 48 << 20;

/** The date that processes see. */
class Dates {
  readonly env: Record<string, string>;
  readonly #file: string;

  constructor(household: Household) {
    this.#file = household.write("date", "+0\n");
    this.env = {
      LD_PRELOAD: LIBRARY!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  set(offset: string): void {
    Deno.writeTextFileSync(`${this.#file}.new`, `${offset}\n`);
    Deno.renameSync(`${this.#file}.new`, this.#file);
  }
}

async function dateOf(http: string): Promise<number> {
  const response = await fetch(`http://${http}/healthz`);
  await response.body?.cancel();
  return Date.parse(response.headers.get("date")!);
}

Deno.test({
  name: "a date that is set an hour on or back: five downloads, and time-outs, go on as before",
  ignore,
  fn: async () => {
    await using household = new Household();
    household.write("site/a", new Uint8Array(SIZE));
    const dates = new Dates(household);
    const relay = await household.relay(["--head-timeout", "1s"], { env: dates.env });
    const agent = await household.agent(["--dir", household.path("site")], { env: dates.env });
    const visitors = await Promise.all(
      Array.from({ length: 5 }, () => Visitor.connect(relay.http)),
    );
    try {
      for (const visitor of visitors) {
        await visitor.request("/local/a", { host: "localhost" });
        await visitor.head();
      }
      let left = SIZE;
      for (const [offset, hours] of [["+1h", 1], ["-1h", -1], ["+0", 0]] as const) {
        dates.set(offset);
        await eventually(async () => {
          const ahead = await dateOf(relay.http) - Date.now();
          return Math.abs(ahead - hours * 3_600_000) < 60_000;
        }, { every: 100 });
        await pause(NOTICED);
        for (const visitor of visitors) await visitor.take(SIZE / 4);
        left -= SIZE / 4;
        // A head that does not come is still given up after its second.
        using silent = await Visitor.connect(relay.http);
        await silent.send("GET / HTTP/1.1\r\n");
        assert.equal((await silent.head()).status, 408, offset);
      }
      for (const visitor of visitors) await visitor.take(left);
      assert.doesNotMatch(relay.process.all, /agent gone/);
      assert.doesNotMatch(agent.process.all, /lost the relay/);
    } finally {
      for (const visitor of visitors) visitor[Symbol.dispose]();
    }
  },
});

Deno.test({
  name: "after a sleep of eight hours that cut the connection both sides know within 15 s",
  ignore,
  fn: async () => {
    await using household = new Household();
    household.write("site/a", "here");
    const dates = new Dates(household);
    const token = await household.account("alice");
    const relay = await household.relay([], { env: dates.env });
    await using network = new SilentProxy(relay.tunnel);
    const { process } = await household.agent(
      ["--relay", network.address, "--dir", household.path("site")],
      { env: { CRUNCH_TOKEN: token, ...dates.env } },
    );
    network.silence("up", "down");
    dates.set("+8h");
    const began = performance.now();
    await Promise.all([
      process.said(/lost the relay/, FOUND_DEAD),
      relay.process.said(/agent gone/, FOUND_DEAD),
    ]);
    console.log(`      found dead after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    network.resume();
    await eventually(async () => {
      const response = await fetch(`http://${relay.http}/alice/a`);
      return await response.text() === "here";
    });
  },
});
