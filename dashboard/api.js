/** Asks the relay's REST API. @module */
// @ts-check

import { signal } from "@preact/signals";

/** @import { ProblemView } from "../relay/api/mod.ts" */

/** Counts how often the relay said that there is no sign-in: the session is over. */
export const turnedAway = signal(0);

/** What the API answered instead of what was asked for; `status` 0 where it did not answer at all. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Partial<ProblemView>} problem
   * @param {{ retryAfter?: number }} [more] seconds
   */
  constructor(status, problem, { retryAfter } = {}) {
    super(problem.detail ?? problem.title ?? `The relay answered ${status}`);
    this.status = status;
    this.code = problem.code ?? "";
    /** What is wrong with which field. */
    this.errors = problem.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

/** Where the session's second token is kept: no page but ours can read or write there, unlike cookies. */
const KEPT = "crunch.session";

/** @returns {string} the second token, "" without one */
function second() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

/**
 * The address of a download below `/api/v1`, which a browser asks for without fields of ours.
 * @param {string} path
 */
export function apiAddress(path) {
  const token = second();
  if (token === "") return `/api/v1${path}`;
  return `/api/v1${path}${path.includes("?") ? "&" : "?"}session=${token}`;
}

/** By how much the relay's clock is ahead of the browser's, in ms. */
const ahead = signal(0);

/** What the relay's clock says, ms since 1970: a browser's own may be wrong. What shows it is told of a correction. */
export function relayNow() {
  return Date.now() + ahead.value;
}

/**
 * @typedef {object} Asking
 * @property {unknown} [body] for JSON
 * @property {string} [tag] the version that is to be changed; the relay refuses if there is a newer one
 * @property {AbortSignal} [signal]
 */

/**
 * Asks, and returns the answer's JSON (null without any) with its entity tag.
 * @param {string} method
 * @param {string} path below `/api/v1`
 * @param {Asking} [asking]
 * @returns {Promise<{ data: any, tag: string | null, home?: string | undefined }>} `home`: where the dashboard is
 * @throws {ApiError}
 */
export async function ask(method, path, asking = {}) {
  const response = await send(method, path, asking);
  const { headers } = response;
  const home = /<([^>]*)>; rel="canonical"/.exec(headers.get("link") ?? "")?.[1];
  return { data: await jsonOf(response), tag: headers.get("etag"), home };
}

/**
 * Opens a stream, and returns what reads it as text.
 * @param {string} path
 * @param {unknown} body
 * @param {{ signal: AbortSignal }} how
 * @throws {ApiError}
 */
export async function openStream(path, body, { signal }) {
  const response = await send("POST", path, { body, signal });
  const text = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
  return text.pipeThrough(new TextDecoderStream()).getReader();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Asking} asking
 * @throws {ApiError} where the answer is a refusal, or there is none
 */
async function send(method, path, { body, tag, signal }) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (tag) headers["if-match"] = tag;
  const token = second();
  if (token !== "") headers["x-crunch-session"] = token;
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") throw error;
    throw new ApiError(0, { detail: "The relay does not answer" });
  }
  const off = Date.parse(response.headers.get("date") ?? "") - Date.now();
  // Below that it is the way, and the part of a second that the header leaves out.
  const correction = Math.abs(off) > 3_000 ? off : 0;
  // Answers say whole seconds: what moves by less is no other clock.
  if (Math.abs(correction - ahead.peek()) > 3_000) ahead.value = correction;
  const fresh = response.headers.get("x-crunch-session");
  if (fresh !== null) {
    try {
      localStorage.setItem(KEPT, fresh);
    } catch {
      // Then the cookie has to do.
    }
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== "/sessions") turnedAway.value++;
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  const problem = await jsonOf(response) ?? {};
  throw new ApiError(response.status, problem, retryAfter === undefined ? {} : { retryAfter });
}

/** @param {Response} response */
async function jsonOf(response) {
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return isJson ? await response.json() : null;
}

/**
 * @param {string} path
 * @param {Asking} [asking]
 */
export async function get(path, asking) {
  return (await ask("GET", path, asking)).data;
}

/**
 * @param {string} path
 * @param {unknown} [body]
 */
export async function post(path, body) {
  return (await ask("POST", path, { body })).data;
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {Asking} [asking]
 */
export async function patch(path, body, asking) {
  return (await ask("PATCH", path, { ...asking, body })).data;
}

/** @param {string} path */
export async function remove(path) {
  await ask("DELETE", path);
}

/**
 * The address of something in the API, with parameters; undefined and empty ones are left out.
 * @param {string} path
 * @param {Record<string, string | number | undefined | null>} parameters
 */
export function withQuery(path, parameters) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.set(key, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
