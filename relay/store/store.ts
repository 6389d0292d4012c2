/** Opens `crunch.db` and hands out what is in it. @module */

import { join } from "node:path";
import { Accounts } from "./accounts.ts";
import { Changes } from "./changes.ts";
import { prepareDataDir } from "./data_dir.ts";
import { finishRestore } from "./data_files.ts";
import { Database, REMEDY } from "./database.ts";
import { Disk } from "./disk.ts";
import { FirstStart } from "./first_start.ts";
import { signsOfCopying } from "./half_copied.ts";
import { Grants } from "./grant.ts";
import { Ids } from "./ids.ts";
import { migrate } from "./migrate.ts";
import { Names } from "./names.ts";
import { PasswordHasher } from "./password.ts";
import { STORE_SCHEMA } from "./schema.ts";
import { Places } from "./places.ts";
import { Sessions } from "./sessions.ts";
import { Settings } from "./settings.ts";
import { SignIn } from "./sign_in.ts";
import { TokenTree } from "./token_tree.ts";
import { Tokens } from "./tokens.ts";

/** How to open a store. */
export interface StoreOptions {
  /** Closes the store when it aborts. */
  readonly signal?: AbortSignal;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** `full` (the default): changes wait for the disk. `later`: only `disk.synced` does. */
  readonly durability?: "full" | "later";
  /** Told what looks wrong with the directory. */
  readonly onWarning?: (text: string) => void;
}

/**
 * Everything that must never be lost. Calls are synchronous and take microseconds, those that hash a password excepted.
 * Changes hold at once; whether they wait for the disk says `durability`.
 */
export interface Store extends Disposable {
  readonly accounts: Accounts;
  readonly names: Names;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly settings: Settings;
  readonly signIn: SignIn;
  /** The database is the one in the data directory; otherwise nothing can be changed. */
  readonly isAttached: boolean;
  /** Whether what a caller has shown still holds. */
  readonly grants: Grants;
  readonly firstStart: FirstStart;
  /** From where which account has signed in. */
  readonly places: Places;
  /** When changes are on the disk. */
  readonly disk: Disk;
  /** The audit log, and word of each change. */
  readonly changes: Changes;
  /** Ids and cursors as others see them. */
  readonly ids: Ids;
}

/**
 * Opens the store in the data directory `dir`, making both if need be. A running relay is the only one to write:
 * take {@linkcode lockDataDir} first.
 * @throws {StoreError} `owner`, `newer-schema`, `foreign`, `storage`.
 */
export function openStore(dir: string, options: StoreOptions = {}): Store {
  const { signal, now = Date.now, onWarning = () => {} } = options;
  signal?.throwIfAborted();
  prepareDataDir(dir);
  finishRestore(dir);
  for (const text of signsOfCopying(dir)) onWarning(text);
  const path = join(dir, "crunch.db");
  const { durability = "full" } = options;
  const db = new Database(path, { durability });
  const disk = new Disk(db, { path, waits: durability === "full" });
  try {
    if (migrate(db, { path, steps: STORE_SCHEMA, keepCopy: true })) {
      onWarning(`${path} had lost its version, as a .dump has; it was known by its tables`);
    }
    const damage = db.findDamage();
    if (damage !== undefined) {
      onWarning(`${path} is damaged (${damage}); the relay goes on as far as it can${REMEDY}`);
    }
    const grants = new Grants(db, now);
    const changes = new Changes(db, { grants, now });
    changes.subscribe(() => disk.changed());
    const names = new Names(db, changes, now);
    const hasher = new PasswordHasher();
    const tree = new TokenTree(db);
    const accounts = new Accounts(db, { changes, names, tree, hasher, now });
    const tokens = new Tokens(db, { accounts, changes, tree, now });
    const settings = new Settings(db, changes);
    if (settings.isSecretNew && accounts.count > 0) {
      onWarning(
        `${path} had lost the relay's own key, as a copy of some tables has; it has a new one`,
      );
    }
    const { serverSecret } = settings;
    const close = () => {
      signal?.removeEventListener("abort", close);
      disk[Symbol.dispose]();
      db[Symbol.dispose]();
    };
    signal?.addEventListener("abort", close, { once: true });
    return {
      accounts,
      names,
      tokens,
      settings,
      sessions: new Sessions(db, { changes, tree, now }),
      signIn: new SignIn({ accounts, tokens, hasher, serverSecret }),
      get isAttached() {
        return db.isAttached;
      },
      grants,
      places: new Places(db, now),
      disk,
      firstStart: new FirstStart({ accounts, tokens, hasher }),
      changes,
      ids: new Ids(serverSecret),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    db[Symbol.dispose]();
    throw error;
  }
}
