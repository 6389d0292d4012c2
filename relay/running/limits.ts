/** What the options say of limits, as the HTTP server and the door want it. @module */

import type { AdmissionLimits, ServerLimits } from "../../http/mod.ts";
import type { SettingsSnapshot } from "../store/mod.ts";

/** How many visitors may be connected. */
export function admissionLimits(values: SettingsSnapshot): AdmissionLimits {
  return { total: values.maxConnections, perAddress: values.maxConnectionsPerAddress };
}

/** How large a head may be, and how long what may take. */
export function serverLimits(values: SettingsSnapshot): ServerLimits {
  return {
    head: { head: values.maxHead, target: values.maxTarget, fields: values.maxFields },
    headTime: values.headTimeout,
    idle: values.idleTimeout,
    bodyTime: values.bodyTimeout,
    writeStall: values.writeTimeout,
  };
}
