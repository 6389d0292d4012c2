/** Which time a page is about: the live minute, or the last quarter, hour, day or week; in the address. @module */
// @ts-check

import { computed } from "@preact/signals";
import { html } from "htm/preact";
import { query, setQuery } from "../route.js";
import { Choice } from "./choice.js";

/**
 * `span` ms; `step` of the API's usage, `stepMs` long; `every` ms the page asks again.
 * @typedef {{ title: string, span: number, step: "second" | "minute" | "hour" | "day", stepMs: number, every: number }} Range
 */

/** @type {Record<string, Range>} */
export const RANGES = {
  minute: { title: "Live", span: 60_000, step: "second", stepMs: 1_000, every: 1_000 },
  quarter: { title: "15 min", span: 900_000, step: "second", stepMs: 1_000, every: 5_000 },
  hour: { title: "Hour", span: 3_600_000, step: "minute", stepMs: 60_000, every: 10_000 },
  day: { title: "Day", span: 86_400_000, step: "minute", stepMs: 60_000, every: 60_000 },
  week: { title: "Week", span: 604_800_000, step: "hour", stepMs: 3_600_000, every: 60_000 },
};

/** What is chosen. */
export const rangeKey = computed(() => {
  const key = query.value.get("range") ?? "";
  return Object.hasOwn(RANGES, key) ? key : "quarter";
});
/** @type {import("@preact/signals").ReadonlySignal<Range>} */
export const range = computed(() => /** @type {Range} */ (RANGES[rangeKey.value]));

/** The choice; a stretch of its own, `since` to `until`, ends with it. @param {{ keys?: readonly string[] }} props */
export function RangePicker({ keys = Object.keys(RANGES) }) {
  return html`
    <${Choice} label="Time range" chosen=${query.value.has("since") ? "" : rangeKey.value}
      choices=${Object.fromEntries(keys.map((key) => [key, RANGES[key]?.title]))}
      onchoice=${(/** @type {string} */ key) =>
        setQuery({ range: key === "quarter" ? null : key, since: null, until: null })} />
  `;
}
