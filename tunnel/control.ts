/** What control frames say, read and checked. @module */

import { Head, HttpError } from "../http/mod.ts";
import { MAX_HEAD } from "./frame.ts";

/** Why a session is over: a code that a program acts on, and a sentence. */
export interface SessionEnd {
  readonly code: string;
  readonly message: string;
  /** Milliseconds before the peer wants to see us again, where it said so. */
  readonly retryAfter?: number;
}

/** The peer broke the protocol: its session ends. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Bounds of heads and trailers in the tunnel. */
export const TUNNEL_HEAD_LIMITS = { head: MAX_HEAD, target: 64 << 10, fields: 512 } as const;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A payload that is one JSON object. @throws {ProtocolError} */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new ProtocolError("A control frame is not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProtocolError("A control frame is not a JSON object");
  }
  return value as Record<string, unknown>;
}

/** What a GOAWAY or REFUSED frame says. */
export function readEnd(message: Record<string, unknown>): SessionEnd {
  const end: { code: string; message: string; retryAfter?: number } = {
    code: typeof message.code === "string" ? message.code.slice(0, 64) : "unknown",
    message: typeof message.message === "string" ? message.message.slice(0, 512) : "",
  };
  if (typeof message.retryAfter === "number" && message.retryAfter >= 0) {
    end.retryAfter = message.retryAfter;
  }
  return end;
}

/** Trailer lines are checked like a head's. @returns what is wrong with them, or "". */
export function checkTrailers(lines: Uint8Array): string {
  const section = new Uint8Array(lines.length + 2);
  section.set(lines);
  section.set([13, 10], lines.length);
  const head = new Head(TUNNEL_HEAD_LIMITS);
  head.reset("trailers", 0);
  try {
    if (head.parse(section, section.length) && head.end === section.length) return "";
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return error.message;
  }
  return "the trailers are not complete lines";
}

/** A frame's type as people write it. */
export function hex(type: number): string {
  return `0x${type.toString(16).padStart(2, "0")}`;
}
