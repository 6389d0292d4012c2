/** What the options say of limits, as the HTTP server and the door want it. @module */

import type { RelayValues } from "../../cli/mod.ts";
import type { AdmissionLimits, ServerLimits } from "../../http/mod.ts";

type Limits = Omit<RelayValues, "readyFile">;

/** How many visitors may be connected. */
export function admissionLimits(values: Limits): AdmissionLimits {
  return { total: values.maxConnections, perAddress: values.maxConnectionsPerAddress };
}

/** How large a head may be, and how long what may take. */
export function serverLimits(values: Limits): ServerLimits {
  return {
    head: { head: values.maxHead, target: values.maxTarget, fields: values.maxFields },
    headTime: values.headTimeout,
    idle: values.idleTimeout,
    bodyTime: values.bodyTimeout,
    writeStall: values.writeTimeout,
  };
}
