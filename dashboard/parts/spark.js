/** A line of numbers, as small as a word. @module */
// @ts-check

import { html } from "htm/preact";

/** Beside a number that says the same. @param {{ values: readonly (number | null)[], color?: string }} props `color`: a token's name */
export function Spark({ values, color = "accent" }) {
  const most = Math.max(...values.map((value) => value ?? 0)) || 1;
  const width = Math.max(1, values.length - 1);
  const line = values.map((value, i) =>
    `${(i / width * 100).toFixed(1)},${(27 - (value ?? 0) / most * 25).toFixed(1)}`
  ).join(" ");
  return html`
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true"
      style=${{ color: `var(--${color})` }}>
      <polygon points=${`0,28 ${line} 100,28`} />
      <polyline points=${line} />
    </svg>
  `;
}
