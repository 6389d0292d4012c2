/** The tables a configuration file may have. @module */

import { agentOptions } from "./agent_options.ts";
import { generalOptions } from "./general_options.ts";
import type { Options } from "./option.ts";
import { relayOptions } from "./relay_options.ts";

/** Every table by its name, with the options that are its keys. */
export const configTables: Readonly<Record<"relay" | "agent", Options>> = {
  relay: { ...relayOptions, ...generalOptions },
  agent: { ...agentOptions, ...generalOptions },
};
