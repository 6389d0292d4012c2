/** Small pictures, drawn with lines of the text's colour. @module */
// @ts-check

import { html } from "htm/preact";

const PATHS = {
  overview: "M2.5 13.5v-5m3.7 5v-10m3.6 10v-7m3.7 7v-4",
  log: "M2.5 4h11m-11 4h11m-11 4h7",
  agents: "M2.5 3.5h11v6h-11zM8 9.5v3m-3 0h6",
  names: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM2 8h12M8 2c2 2 2 10 0 12C6 12 6 4 8 2z",
  accounts: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zm-5.5 6c.4-5 10.6-5 11 0",
  usage: "M2.5 11.500l3.5-4 2.5 2.5 5-6",
  audit: "M4 2.500h8v11H4zM6 6h4M6 8.500h4",
  settings: "M3 4.500h6m3 0h1m-10 7h1m3 0h6M10.5 3v3M5.5 10v3",
  sun:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.500V3m0 10v1.500M1.5 8H3m10 0h1.500M3.4 3.400l1 1m7.2 7.2 1 1m0-9.2-1 1m-7.2 7.2-1 1",
  moon: "M13 9.500A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.500z",
  system: "M2.5 3h11v7.500h-11zM6 13.500h4",
  copy: "M5.5 5.500h7v8h-7zM3.5 10.500v-8h7",
  check: "M3 8.500l3.5 3.500L13 4.5",
  close: "M4 4l8 8m0-8-8 8",
  search: "M7 11.500a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zm3.3-1.2 3.2 3.2",
  out: "M6.5 3h-4v10h4M6 8h7.500m-3-3 3 3-3 3",
  down: "M4 6l4 4 4-4",
  columns: "M2.5 3h11v10h-11zM6.2 3v10m3.6-10v10",
  pause: "M5.5 3.500v9m5-9v9",
  play: "M5 3.500v9l7-4.500z",
  download: "M8 2.500v8m-3-3 3 3 3-3m-8 6h10",
  open: "M6 3H3v10h10v-3M9 3h4v4m0-4-5.5 5.5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  warning: "M8 2.500l6 11H2zM8 6.500v3m0 2v.01",
  back: "M9.5 3.500L5 8l4.5 4.5",
};

/** @typedef {keyof typeof PATHS} IconName */

/** A picture beside a text that says the same. @param {{ name: IconName }} props */
export function Icon({ name }) {
  return html`
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d=${PATHS[name]} />
    </svg>
  `;
}
