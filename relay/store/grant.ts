/** The credential by which a caller acts, and whether it still holds: asked when something is changed, and for as long as a connection lives. @module */

import { timingSafeEqual } from "node:crypto";
import type { Role } from "./account.ts";
import type { Database, Statement } from "./database.ts";

/** What a caller has shown. It is plain data, so that it can be sent where it is judged. */
export interface Grant {
  /** The account's id. */
  readonly account: number;
  /** As it was when it was judged what the account may; left out where that is the same for all. */
  readonly role?: Role;
  readonly via:
    | { readonly kind: "session"; readonly id: string }
    | { readonly kind: "token"; readonly id: string }
    /** The StoredKey of the password that was proved. */
    | { readonly kind: "password"; readonly key: Uint8Array }
    /** The credential that a relay leaves on its machine: it lives as long as the relay. */
    | { readonly kind: "local" };
}

/** Why a grant holds no longer. */
export type Lapse = "removed" | "disabled" | "role" | "session" | "token" | "expired" | "password";

/** Judges grants by what the database says now. */
export class Grants {
  readonly #now: () => number;
  readonly #account: Statement;
  readonly #session: Statement;
  readonly #token: Statement;

  constructor(db: Database, now: () => number) {
    this.#now = now;
    this.#account = db.prepare("SELECT role, disabled, stored_key FROM accounts WHERE id = ?");
    this.#session = db.prepare("SELECT expires FROM sessions WHERE id = ? AND account = ?");
    this.#token = db.prepare("SELECT expires FROM tokens WHERE id = ? AND account = ?");
  }

  /** Why `grant` holds no longer; undefined while it does. */
  lapseOf({ account: id, role, via }: Grant): Lapse | undefined {
    const account = this.#account.get(id);
    if (!account) return "removed";
    if (account.disabled === 1) return "disabled";
    if (role !== undefined && role !== account.role) return "role";
    switch (via.kind) {
      case "session":
        return this.#isOver(this.#session.get(via.id, id)?.expires) ? "session" : undefined;
      case "token": {
        const expires = this.#token.get(via.id, id)?.expires;
        if (expires === undefined) return "token";
        return this.#isOver(expires) ? "expired" : undefined;
      }
      case "password": {
        const key = account.stored_key as Uint8Array | null;
        return key !== null && timingSafeEqual(key, via.key) ? undefined : "password";
      }
      case "local":
        return undefined;
    }
  }

  /** When a grant by a token ends by itself, ms since 1970; null for never. */
  endOf({ account, via }: Grant): number | null {
    if (via.kind !== "token") return null;
    const expires = this.#token.get(via.id, account)?.expires ?? null;
    return expires === null ? null : Number(expires);
  }

  #isOver(expires: unknown): boolean {
    return expires === undefined || (expires !== null && Number(expires) <= this.#now());
  }
}
