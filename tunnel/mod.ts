/** What relay and agent must agree on; PROTOCOL.md is enough to write another agent. @module */

export { readEnd, type SessionEnd } from "./control.ts";
export * from "./frame.ts";
export * from "./handshake.ts";
export { tellable, type ToldMount } from "./mounts_told.ts";
export * from "./scram.ts";
export * from "./session.ts";
export * from "./stream.ts";
export * from "./stream_exchange.ts";
export * from "./token.ts";
export * from "./waiting.ts";
export * from "./base64.ts";
