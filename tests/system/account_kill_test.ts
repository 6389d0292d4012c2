/** Kill -9 amid changes of accounts: what was acknowledged is kept, and every change is whole or not there. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../relay/store/mod.ts";
import { Household } from "../support/crunch.ts";
import { pause } from "../support/deadline.ts";
import { randomFrom } from "../support/random.ts";
import {
  actionOf,
  after,
  bySocket,
  byToken,
  type Change,
  type Door,
  type State,
  stored,
  wordsOf,
} from "./account_changes.ts";

/** What one account should be like, by what was acknowledged. */
class Ledger {
  readonly account: string;
  state: State = null;
  /** What the audit log should have of it. */
  readonly actions: string[] = [];
  /** Any of these may be the password. */
  passwords: string[] = [];
  ids = new Map<string, string>();
  /** Sent, and neither acknowledged nor refused. */
  open: Change | null = null;
  readonly #random: () => number;
  #count = 0;

  constructor(account: string, random: () => number) {
    this.account = account;
    this.#random = random;
  }

  /** A change that makes sense as things are. */
  next(): Change {
    const { account, state } = this;
    const n = ++this.#count;
    const password = `correct horse ${n}`;
    if (state === null) return { kind: "add", account, password };
    const { disabled, role, names, labels } = state;
    const of = <T>(all: readonly T[]): T => all[Math.floor(this.#random() * all.length)]!;
    const name = names.find((name) => name !== account);
    const label = labels.length > 0 ? of(labels) : undefined;
    // Passwords take 0.2 s: seldom.
    if (this.#random() < 0.04) {
      return of<Change>([{ kind: "remove", account }, { kind: "passwd", account, password }]);
    }
    return of<Change>([
      { kind: disabled ? "enable" : "disable", account },
      { kind: "role", account, role: role === "member" ? "viewer" : "member" },
      { kind: "token create", account, label: `label-${n}` },
      { kind: "name add", account, name: `${account}-n${n}` },
      ...(name === undefined ? [] : [{ kind: "name remove", account, name } as const]),
      ...(label === undefined
        ? []
        : [{ kind: "token revoke", account, label, id: this.ids.get(label)! } as const]),
    ]);
  }

  begin(change: Change): void {
    this.open = change;
    if (change.kind === "passwd") this.passwords.push(change.password);
    if (change.kind === "add") this.passwords = [change.password];
  }

  /** It is done: acknowledged, or found so. */
  done(change: Change, id?: string): void {
    this.open = null;
    this.state = after(this.state, change);
    this.actions.push(actionOf(change));
    if (change.kind === "passwd") this.passwords = [change.password];
    if (change.kind === "token create" && id !== undefined) this.ids.set(change.label, id);
  }

  /** Makes one change. @throws where it is not acknowledged. */
  async step(door: Door): Promise<void> {
    const change = this.next();
    this.begin(change);
    this.done(change, (await door(change)).id);
  }

  /** Makes changes until one is not acknowledged any more; gives how many were. */
  async run(door: Door): Promise<number> {
    for (let count = 0;; count++) {
      try {
        await this.step(door);
      } catch (error) {
        if (error instanceof RangeError) throw error;
        return count;
      }
    }
  }

  /** Compares with what is stored: all that was sent last or nothing of it. Gives whether it was there, unacknowledged. */
  compare(found: ReturnType<typeof stored>): boolean {
    const { open } = this;
    const isThere = open !== null && found.actions.length > this.actions.length;
    if (isThere) this.done(open);
    this.open = null;
    assert.deepEqual(found.state, this.state, this.account);
    assert.deepEqual(found.actions, this.actions, this.account);
    this.ids = found.ids;
    return isThere;
  }
}

/** The database is sound, and has what the ledgers say. Gives how much more was done than acknowledged. */
function examine(data: string, ledgers: readonly Ledger[]): number {
  {
    // As SQLite finds it, before anything of ours has touched it.
    using db = new DatabaseSync(`${data}/crunch.db`);
    assert.equal(db.prepare("PRAGMA integrity_check").get()!.integrity_check, "ok");
    assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
  }
  using store = openStore(data);
  return ledgers.filter((ledger) => ledger.compare(stored(store, ledger.account))).length;
}

/** Each account has one of the passwords that it may have. */
async function checkPasswords(data: string, ledgers: readonly Ledger[]): Promise<void> {
  using store = openStore(data);
  for (const { account, state, passwords } of ledgers) {
    if (state === null) continue;
    if (state.disabled) await store.accounts.update(account, { disabled: false });
    const fits = await Promise.all(
      passwords.map((password) => store.signIn.withPassword(account, password)),
    );
    assert(fits.some((found) => found?.name === account), account);
  }
}

const ignore = Deno.build.os === "windows";

Deno.test("account: kill -9 of the relay loses no acknowledged change and leaves no half one", {
  ignore,
}, async () => {
  const random = randomFrom(4);
  await using household = new Household();
  const { data } = household;
  let token: string;
  {
    using store = openStore(data);
    await store.accounts.add({ name: "root", role: "admin" });
    token = store.tokens.create("root", { name: "test", scope: "full agent credentials" }).text;
  }
  const ledgers = ["ann", "ben", "cleo", "dora"].map((name) => new Ledger(name, random));
  let [acknowledged, open, done] = [0, 0, 0];
  // A busy machine gets less done in the same time.
  for (let round = 0; round < 8 || (acknowledged <= 30 && round < 24); round++) {
    const relay = await household.relay();
    using socket = bySocket(data);
    const rest = byToken(relay.http, token);
    const doors = [socket.door, rest, socket.door, rest];
    // The first call loads the API, and the first changes take their time: the rest is quick.
    await rest({ kind: "role", account: "root", role: "admin" });
    if (round === 0) await Promise.all(ledgers.map((ledger) => ledger.step(socket.door)));
    const running = Promise.all(ledgers.map((ledger, i) => ledger.run(doors[i]!)));
    await pause(random() * 300);
    relay.process.kill("SIGKILL");
    for (const count of await running) acknowledged += count;
    await relay.process.exit;
    open += ledgers.filter((ledger) => ledger.open !== null).length;
    done += examine(data, ledgers);
  }
  console.log(
    `      ${acknowledged} changes acknowledged, ${open} under way when it was killed, ` +
      `of which ${done} were done`,
  );
  assert(acknowledged > 30);
  await checkPasswords(data, ledgers);
});

Deno.test(
  "account: kill -9 of crunch account without a relay loses nothing that it said was done",
  {
    ignore,
  },
  async () => {
    const random = randomFrom(5);
    await using household = new Household();
    const { data } = household;
    const ledger = new Ledger("ann", random);
    // Those that hash a password take longer.
    const usual = new Map<boolean, number>();
    let [acknowledged, killed, done] = [0, 0, 0];
    for (let round = 0; round < 14; round++) {
      let change = ledger.next();
      while (change.kind === "role") change = ledger.next();
      const env = "password" in change ? { CRUNCH_PASSWORD: change.password } : {};
      const began = performance.now();
      ledger.begin(change);
      const args = ["account", ...wordsOf(change), "--json", "--data", data];
      const process = household.crunch(args, { env });
      // The first of a kind shows how long it takes; then most of that time has passed.
      const time = usual.get("password" in change);
      if (time !== undefined) {
        await pause(time * (0.6 + 0.45 * random()));
        process.kill("SIGKILL");
      }
      const code = await process.exit;
      if (time === undefined) usual.set("password" in change, performance.now() - began);
      if (process.stdout !== "") {
        acknowledged++;
        ledger.done(change, JSON.parse(process.stdout).id);
      } else {
        assert.equal(code, 128 + 9, process.all);
        killed++;
      }
      done += examine(data, [ledger]);
    }
    console.log(
      `      ${acknowledged} acknowledged, ${killed} killed before that, of which ${done} were done`,
    );
    assert(acknowledged >= 2);
    await checkPasswords(data, [ledger]);
  },
);
