/** What happens on the relay while the page is open: one line of events, which resumes after an interruption. @module */
// @ts-check

import { signal } from "@preact/signals";
import { apiAddress, get, relayNow } from "./api.js";

/** Every type there is; `EventSource` has to be told each. */
const TYPES = /** @type {const} */ ([
  ...["agent.connected", "agent.replaced", "agent.promoted", "agent.draining"],
  ...["agent.disconnect", "agent.gone"],
  ...["account.add", "account.update", "account.password", "account.remove"],
  ...["name.add", "name.remove", "name.transfer", "token.create", "token.revoke"],
  ...["session.start", "session.end", "setting.set", "gap"],
]);
/** A line that the relay has closed for good is opened anew after so long, ms. */
const PAUSE = 2_000;
/** A window that nobody sees for so long, ms, gives its line back: browsers have six to a host, for all windows together. */
const UNSEEN = 10_000;

/** @type {import("@preact/signals").Signal<"connecting" | "live" | "lost">} */
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
 * Listens to a stream of events while the page is seen, and goes on where it was after any interruption.
 * @param {string} path below `/api/v1`, with parameters
 * @param {object} handlers
 * @param {readonly string[]} handlers.types
 * @param {(type: string, data: any) => void} handlers.onevent
 * @param {(state: "live" | "lost") => void} handlers.onstate
 * @param {string} [handlers.after] the id to begin after
 * @returns {() => void} what ends it
 */
export function follow(path, { types, onevent, onstate, after = "" }) {
  let last = after;
  let isOver = false;
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const open = () => {
    const rest = last === "" ? "" : `${path.includes("?") ? "&" : "?"}after=${last}`;
    source = new EventSource(apiAddress(path + rest));
    source.onopen = () => onstate("live");
    source.onerror = () => {
      if (isOver) return;
      onstate("lost");
      // After an answer that is no stream the browser itself gives up, and does not tell which answer that was.
      if (source?.readyState === EventSource.CLOSED) reopen();
    };
    for (const type of types) {
      source.addEventListener(type, (event) => {
        if (event.lastEventId !== "") last = event.lastEventId;
        onevent(type, JSON.parse(event.data));
      });
    }
  };
  // Where nobody is signed in any more, asking ends this, too.
  const reopen = async () => {
    await get("/me").catch(() => {});
    if (!isOver) timer = setTimeout(open, PAUSE);
  };
  const onvisibility = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => source?.close(), UNSEEN);
    else if (source?.readyState === EventSource.CLOSED) open();
  };
  document.addEventListener("visibilitychange", onvisibility);
  open();
  return () => {
    isOver = true;
    document.removeEventListener("visibilitychange", onvisibility);
    clearTimeout(timer);
    source?.close();
  };
}

/** Listens to the relay's events while somebody is signed in. */
export function startLive() {
  line.value = "connecting";
  return follow("/events", {
    types: TYPES,
    onevent: tell,
    onstate: (state) => {
      const wasLost = line.peek() === "lost";
      line.value = state;
      // What was shown may be old by now, whatever the relay remembers of its events.
      if (state === "live") tell(wasLost ? "regained" : "opened");
    },
  });
}
