/** What a relay counts, and how monitoring gets it: `/metrics` and OpenTelemetry. @module */

export { Counters } from "./counters.ts";
export { families, type MetricsSource } from "./families.ts";
export { Tally } from "./tally.ts";
export { Telemetry } from "./telemetry.ts";
export { Traffic } from "./traffic.ts";
export { exposition, formatFor, MEDIA_TYPES } from "./exposition.ts";
