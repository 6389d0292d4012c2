/** HTTP/1.1 on raw connections; knows no tunnel, account or file. @module */

export * from "./admission.ts";
export * from "./bridge.ts";
export * from "./buffers.ts";
export * from "./certificate.ts";
export * from "./chunked.ts";
export * from "./clock.ts";
export * from "./conditions.ts";
export * from "./connection.ts";
export * from "./dial.ts";
export * from "./exchange.ts";
export * from "./field.ts";
export * from "./goodbye.ts";
export * from "./head.ts";
export * from "./http_error.ts";
export * from "./http_date.ts";
export * from "./listen_error.ts";
export * from "./listener.ts";
export * from "./outgoing.ts";
export * from "./places.ts";
export * from "./problem.ts";
export * from "./range.ts";
export * from "./roster.ts";
export * from "./server.ts";
export { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./server_limits.ts";
export { ServerExchange } from "./server_exchange.ts";
export * from "./status.ts";
export * from "./tls.ts";
