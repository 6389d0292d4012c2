/** A directory for one test, and a store in it. @module */

import "../../support/cheap_passwords.ts";
import { openStore, type Store, type StoreOptions } from "../../../relay/store/mod.ts";

/** Gone with its contents when it is disposed of. */
export class TempDir implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "crunch-test-" });

  /** A path within. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The permission bits of a file within, or of the directory itself. */
  mode(name = "."): number {
    return Deno.statSync(this.at(name)).mode! & 0o777;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** An open store in a directory of its own. */
export interface TempStore extends Disposable {
  readonly dir: TempDir;
  readonly store: Store;
}

/** Opens an empty store. */
export function tempStore(options: StoreOptions = {}): TempStore {
  const dir = new TempDir();
  const store = openStore(dir.path, options);
  return {
    dir,
    store,
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      dir[Symbol.dispose]();
    },
  };
}
