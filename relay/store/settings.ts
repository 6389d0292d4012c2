/** What may change while the relay runs, and the secrets it makes for itself. @module */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { type Actor, type Changes, SYSTEM } from "./changes.ts";
import type { Database, Statement } from "./database.ts";

const SECRET = "secret.server";

/** Keys with values that JSON can say. */
export class Settings {
  readonly #changes: Changes;
  readonly #get: Statement;
  readonly #set: Statement;
  readonly #remove: Statement;
  readonly #secret: Uint8Array;
  /** Whether this opening has made the secret. */
  readonly isSecretNew: boolean;

  constructor(db: Database, changes: Changes) {
    this.#changes = changes;
    this.#get = db.prepare("SELECT value FROM settings WHERE key = ?");
    this.#set = db.prepare(
      "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#remove = db.prepare("DELETE FROM settings WHERE key = ?");
    this.isSecretNew = this.#get.get(SECRET) === undefined;
    this.#secret = db.transaction(() => this.#readSecret());
  }

  /** 32 random bytes, made once for this database. Never shown, never in the audit log. */
  get serverSecret(): Uint8Array {
    return this.#secret;
  }

  /** The value of `key`, or undefined. */
  get(key: string): unknown {
    const row = this.#get.get(key);
    return row && !key.startsWith("secret.") ? JSON.parse(String(row.value)) : undefined;
  }

  /** Keeps `value` under `key`. */
  set(key: string, value: unknown, options: { by?: Actor } = {}): void {
    this.change(new Map([[key, value]]), options);
  }

  /** Keeps each value under its key, all or none; undefined forgets what was kept. The same value again is no change. */
  change(
    values: ReadonlyMap<string, unknown>,
    { by = SYSTEM }: { by?: Actor } = {},
  ): void {
    const isSecret = [...values.keys()].find((key) => key.startsWith("secret."));
    if (isSecret !== undefined) throw new RangeError(`Cannot set ${isSecret}: it is made once`);
    this.#changes.run(by, (note) => {
      for (const [key, after] of values) {
        const before = this.get(key);
        if (JSON.stringify(before) === JSON.stringify(after)) continue;
        if (after === undefined) this.#remove.run(key);
        else this.#set.run(key, JSON.stringify(after));
        note({ action: "setting.set", account: "", object: key, before, after });
      }
    });
  }

  #readSecret(): Uint8Array {
    const row = this.#get.get(SECRET);
    if (row) return new Uint8Array(Buffer.from(String(row.value), "hex"));
    const fresh = randomBytes(32);
    this.#set.run(SECRET, fresh.toString("hex"));
    return new Uint8Array(fresh);
  }
}
