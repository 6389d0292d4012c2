/** Something of the API on a page: fetched, kept while it is fetched again, and fetched again when it changes. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { ApiError, ask, relayNow } from "./api.js";
import { onEvent } from "./live.js";

/** Events that come together are one reason to ask, ms. */
const TOGETHER = 150;

/**
 * `data` stays while it is asked for again; `error` is the last one's. `change` sends a change of it as it was seen,
 * with its entity tag: where it is another by now it throws, and the page shows that.
 * @template T
 * @typedef {object} Resource
 * @property {T | undefined} data
 * @property {Error | null} error
 * @property {string | null} tag
 * @property {() => Promise<void>} reload
 * @property {(body: unknown, how?: { method?: "PATCH" | "DELETE", tag?: string | null }) => Promise<void>} change
 */

/**
 * What a page has of `path`.
 * @template T
 * @param {string | null} path below `/api/v1`; null asks for nothing
 * @param {object} [options]
 * @param {readonly string[]} [options.on] what kinds of events change it: `["agent", "name"]`
 * @param {number} [options.every] ms after which it is old anyway; not while the page is hidden
 * @param {number} [options.last] asks for so many ms until now only, as `since`
 * @returns {Resource<T>}
 */
export function useResource(path, { on = [], every, last } = {}) {
  const data = useSignal(
    /** @type {{ path: string, value: T, tag: string | null } | undefined} */ (undefined),
  );
  const error = useSignal(/** @type {Error | null} */ (null));
  const running = useRef(/** @type {AbortController | null} */ (null));

  const reload = useCallback(async () => {
    running.current?.abort();
    if (path === null) return;
    const controller = running.current = new AbortController();
    const since = last && new Date(relayNow() - last).toISOString();
    const asked = since ? `${path}${path.includes("?") ? "&" : "?"}since=${since}` : path;
    try {
      const answer = await ask("GET", asked, { signal: controller.signal });
      data.value = { path, value: answer.data, tag: answer.tag };
      error.value = null;
    } catch (problem) {
      if (!controller.signal.aborted) error.value = /** @type {Error} */ (problem);
    }
    if (running.current === controller) running.current = null;
  }, [path, last]);

  /** @type {Resource<T>["change"]} */
  const change = async (body, { method = "PATCH", tag = data.peek()?.tag ?? null } = {}) => {
    if (path === null) return;
    try {
      const answer = await ask(method, path, { body, ...(tag ? { tag } : {}) });
      running.current?.abort();
      if (answer.data !== null) data.value = { path, value: answer.data, tag: answer.tag };
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 412) throw problem;
      await reload();
      throw new Error("It was changed meanwhile. Now it is shown as it is: look again", {
        cause: problem,
      });
    }
  };

  useEffect(() => {
    reload();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let soon;
    const unlisten = onEvent((type) => {
      const isOurs = type === "regained" || type === "gap" || on.includes(type.split(".")[0] ?? "");
      if (!isOurs) return;
      clearTimeout(soon);
      soon = setTimeout(reload, TOGETHER);
    });
    const timer = every === undefined
      ? undefined
      : setInterval(() => document.hidden || running.current || reload(), every);
    const onvisible = () => every === undefined || document.hidden || reload();
    document.addEventListener("visibilitychange", onvisible);
    return () => {
      document.removeEventListener("visibilitychange", onvisible);
      unlisten();
      clearTimeout(soon);
      clearInterval(timer);
      running.current?.abort();
    };
  }, [path, last, on.join(), every]);

  // Other parameters are another view of the same thing; another path is another thing.
  const isSame = data.value?.path.split("?")[0] === path?.split("?")[0];
  const known = isSame ? data.value : undefined;
  return { data: known?.value, error: error.value, tag: known?.tag ?? null, reload, change };
}
