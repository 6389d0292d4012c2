/** What happens on the relay while the page is open, out of the one stream that all windows share. @module */
// @ts-check

import { signal } from "@preact/signals";
import { relayNow } from "./api.js";
import { Windows } from "./live/windows.js";
import { findSession } from "./session.js";

/** @import { Delivery, List } from "./live/windows.js" */
/** @import { State } from "./live/connection.js" */

/** `crowded`: the account has more of them open than the relay has room for. @type {import("@preact/signals").Signal<"connecting" | "live" | "lost" | "crowded">} */
export const line = signal("connecting");
/** When the relay was last heard of, ms since 1970; 0 for never. */
export const heard = signal(0);

/** @type {Set<(type: string) => void>} */
const listeners = new Set();

/**
 * Calls `listener` with the type of each event, until the function it gives back is called.
 * @param {(type: string) => void} listener
 */
export function onEvent(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** @param {string} type */
function tell(type) {
  heard.value = relayNow();
  for (const listener of [...listeners]) listener(type);
}

/**
 * What follows a list of requests.
 * @typedef {object} Following
 * @property {string} filter
 * @property {string} after the id to begin after
 * @property {(type: string, data: any) => void} onevent
 * @property {(state: "live" | "lost") => void} onstate
 */

/** @type {Map<string, List & Following>} */
const lists = new Map();
let count = 0;
/** The last event that came. */
let last = "";
/** Events went by while the page was hidden. */
let isStale = false;
/** @type {Windows | null} */
let windows = null;

/**
 * Follows a list of requests while the page is seen, and goes on where it was after any interruption.
 * @param {Following} following
 * @returns {() => void} what ends it
 */
export function followRequests(following) {
  const key = `${crypto.getRandomValues(new Uint32Array(2)).join("-")}-${count++}`;
  lists.set(key, { ...following, key });
  windows?.update();
  return () => {
    lists.delete(key);
    windows?.update();
  };
}

/** Listens to the relay's events while an account is signed in. @param {string} account who */
export function startLive(account) {
  line.value = "connecting";
  last = "";
  windows = new Windows({
    account,
    wants: () => ({
      after: last,
      lists: [...lists.values()].map(({ key, filter, after }) => ({ key, filter, after })),
    }),
    deliver,
    onstate: turn,
    onleave: () => isStale = true,
  });
  return () => {
    windows?.stop();
    windows = null;
  };
}

/** @param {Delivery} delivery */
function deliver({ key, type, id, text }) {
  if (key === "events") {
    if (id !== "") last = id;
    tell(type);
    return;
  }
  const list = lists.get(key);
  if (list === undefined) return;
  if (id !== "") list.after = id;
  heard.value = relayNow();
  list.onevent(type, JSON.parse(text));
}

/** @param {State} state */
function turn(state) {
  if (state === "stranger") findSession();
  const before = line.peek();
  line.value = state === "stranger" ? "lost" : state;
  for (const { onstate } of lists.values()) onstate(state === "live" ? "live" : "lost");
  // What was shown may be old by now, whatever the relay remembers of its events.
  if (state !== "live" || (before === "live" && !isStale)) return;
  isStale = false;
  tell(before === "connecting" ? "opened" : "regained");
}
