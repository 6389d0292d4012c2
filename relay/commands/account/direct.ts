/** Answers API requests in this very process, on the store of a relay that does not run. @module */

import { join } from "node:path";
import type { Log } from "../../../cli/mod.ts";
import {
  buryAccount,
  Database,
  formerName,
  lockDataDir,
  LogReader,
  openStore,
  Throttle,
} from "../../store/mod.ts";
import { ApiClient } from "./client.ts";

/**
 * Opens the store in `dir`, making both if need be.
 * @throws {StoreError} `locked` while a relay or another command has it; as `openStore`.
 */
export async function openDirectly(
  dir: string,
  { log, software }: { readonly log: Log; readonly software: string },
): Promise<ApiClient> {
  using resources = new DisposableStack();
  // Not needed where a relay runs, and not light.
  const { createApi } = await import("../../api/mod.ts");
  resources.use(lockDataDir(dir, "account"));
  const store = resources.use(openStore(dir, { onWarning: (text) => log.warn(text) }));
  const requests = join(dir, "log.db");
  store.changes.subscribe(({ action, account }) => {
    if (action !== "account.remove" && action !== "account.add" || !isFile(requests)) return;
    using db = new Database(requests, { durability: "normal" });
    buryAccount(db, account, formerName(account, Date.now()));
  });
  const reader = isFile(requests) ? resources.use(new LogReader(dir)) : null;
  const api = resources.use(
    createApi({ store, dir, software, log, reader, throttle: new Throttle(), live: null }),
  );
  const held = resources.move();
  const caller = {
    address: "",
    host: "",
    requestId: "shell",
    secure: false,
    origins: [],
    isShell: true,
  };
  return new ApiClient(
    "http://crunch",
    (request) => api.fetch(request, caller),
    () => held.dispose(),
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
