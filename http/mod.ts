/** HTTP/1.1 on raw connections; knows no tunnel, account or file. @module */

export * from "./buffers.ts";
export * from "./chunked.ts";
export * from "./clock.ts";
export * from "./connection.ts";
export * from "./exchange.ts";
export * from "./field.ts";
export * from "./head.ts";
export * from "./outgoing.ts";
export * from "./problem.ts";
export * from "./server.ts";
export { ServerExchange } from "./server_exchange.ts";
export * from "./status.ts";
