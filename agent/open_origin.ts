/** Makes origins of what options say, each kind by a module that is loaded where it is used. @module */

import { type Log, type OriginSpec, silentLog } from "../cli/mod.ts";
import type { Mount } from "./mounts.ts";
import type { Origin } from "./origin.ts";

type Opener<Kind extends OriginSpec["kind"]> = (
  spec: Extract<OriginSpec, { readonly kind: Kind }>,
  log: Log,
) => Promise<Origin>;

/** Every kind of origin there is. */
const OPENERS: { readonly [Kind in OriginSpec["kind"]]: Opener<Kind> } = {
  directory: async (spec) => (await import("./files/mod.ts")).openDirectory(spec),
  proxy: async (spec, log) => await (await import("./proxy/mod.ts")).openProxy(spec, log),
};

/** @throws {Error} where it cannot be published. */
export async function openOrigin(spec: OriginSpec, log: Log = silentLog): Promise<Origin> {
  return await (OPENERS[spec.kind] as Opener<OriginSpec["kind"]>)(spec as never, log);
}

/**
 * Opens all of them, or none.
 * @throws {Error} where one cannot be published: of several that of the first.
 */
export async function openOrigins(
  specs: readonly OriginSpec[],
  log: Log = silentLog,
): Promise<Mount[]> {
  const opened = await Promise.allSettled(specs.map((spec) => openOrigin(spec, log)));
  const failure = opened.find((one) => one.status === "rejected");
  if (failure === undefined) {
    return opened.map((one, i) => {
      const { value } = one as PromiseFulfilledResult<Origin>;
      return { mount: specs[i]!.mount, origin: value };
    });
  }
  for (const one of opened) if (one.status === "fulfilled") one.value[Symbol.dispose]();
  throw failure.reason;
}
