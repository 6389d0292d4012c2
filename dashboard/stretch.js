/** Usage of a stretch of time: the last hour, say, or the one that the address gives by `since` and `until`. @module */
// @ts-check

import { useMemo } from "preact/hooks";
import { relayNow, withQuery } from "./api.js";
import { useResource } from "./resource.js";
import { query, setQuery } from "./route.js";
import { planFor, totalOf, trafficOf } from "./traffic.js";

/** @import { ListView, UsageView } from "../relay/api/mod.ts" */
/** @typedef {{ data: ListView<UsageView> | undefined, error: Error | null, reload: () => Promise<void> }} Usage */

/** Takes a stretch of one's own. @param {number} since @param {number} until */
export function zoom(since, until) {
  setQuery({ since: new Date(since).toISOString(), until: new Date(until).toISOString() });
}

/** Back to the range. */
export const back = () => setQuery({ since: null, until: null });

/** The stretch of time in the address, where there is one that makes sense. */
export function ownStretch() {
  const since = Date.parse(query.value.get("since") ?? "");
  const until = Date.parse(query.value.get("until") ?? "");
  return since < until ? { since, until } : null;
}

/**
 * Usage of the last `span` ms, asked for every so many, or of the address's stretch: in steps for charts, and as a whole.
 * `given` and `time` are what else is to be asked for the same stretch with.
 * @param {{ span: number, every: number }} range
 * @param {Record<string, string>} [filter] account, name
 */
export function useTraffic({ span, every }, filter = {}) {
  const own = ownStretch();
  const plan = own ? planFor(own.until - own.since, relayNow() - own.since) : planFor(span);
  const given = own
    ? { since: new Date(own.since).toISOString(), until: new Date(own.until).toISOString() }
    : {};
  const often = (/** @type {number} */ least) =>
    own ? {} : { last: span, every: Math.max(every, least) };
  const ask = (/** @type {string} */ step) => withQuery("/usage", { step, ...filter, ...given });
  /** @type {Usage} */
  const steps = useResource(ask(plan.step), often(0));
  /** @type {Usage} */
  const whole = useResource(ask("whole"), often(5_000));
  // What is shown belongs to the moment at which it came, whatever was chosen since.
  const shown = useMemo(() => {
    if (steps.data === undefined) return null;
    const now = relayNow();
    const { items } = steps.data;
    const stretch = { since: now - span, until: now, ...own };
    return { traffic: trafficOf(items, { ...stretch, bin: plan.bin, now }), total: totalOf(items) };
  }, [steps.data]);
  const { error, reload } = steps;
  return {
    ...{ own, given, time: often(Math.max(2 * every, 5_000)), error, reload },
    traffic: shown?.traffic ?? null,
    total: shown?.total ?? totalOf([]),
    whole: whole.data?.items[0],
  };
}
