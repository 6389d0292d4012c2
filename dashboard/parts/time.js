/** Moments: local and short, with the whole of it on hover, and for machines. @module */
// @ts-check

import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { ago, dateOf, fullTime, timeOf } from "../format.js";

/** Now, for what says "3 min ago"; turns every ten seconds. */
const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 10_000);

/** @param {{ value: string | number | null, relative?: boolean, dated?: boolean }} props */
export function Time({ value, relative = false, dated = false }) {
  if (value === null) return html`<span class="soft">never</span>`;
  const date = new Date(value);
  return html`<time dateTime=${date.toISOString()} title=${fullTime(value)}>
    ${relative ? ago(value, now.value) : dated ? dateOf(value) : timeOf(value)}</time>`;
}
