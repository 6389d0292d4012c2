/** A line of numbers, as small as a word. @module */
// @ts-check

import { html } from "htm/preact";

/** Beside a number that says the same. @param {{ values: readonly (number | null)[], color?: string }} props `color`: a token's name */
export function Spark({ values, color = "accent" }) {
  const most = Math.max(...values.map((value) => value ?? 0)) || 1;
  // One alone is a level line.
  const points = values.length === 1 ? [...values, ...values] : values;
  const width = Math.max(1, points.length - 1);
  const line = points.map((value, i) =>
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
