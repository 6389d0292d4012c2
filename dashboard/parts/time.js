/** Moments: local and short, with the whole of it on hover, and for machines. @module */
// @ts-check

import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { relayNow } from "../api.js";
import { ago, dateOf, fullTime, timeOf } from "../format.js";

/** Counts every ten seconds, for what says "3 min ago". */
const ticks = signal(0);
setInterval(() => {
  if (!document.hidden) ticks.value++;
}, 10_000);

/** Now, for who is drawn again as it goes on. */
function now() {
  void ticks.value;
  return relayNow();
}

/** @param {{ value: string | number | null, relative?: boolean, dated?: boolean }} props */
export function Time({ value, relative = false, dated = false }) {
  if (value === null) return html`<span class="soft">never</span>`;
  const date = new Date(value);
  return html`<time dateTime=${date.toISOString()} title=${fullTime(value)}>
    ${relative ? ago(value, now()) : dated ? dateOf(value) : timeOf(value)}</time>`;
}
