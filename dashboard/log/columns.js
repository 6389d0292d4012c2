/** What the log shows of a request. @module */
// @ts-check

import { html } from "htm/preact";
import { bytes, duration } from "../format.js";
import { Status } from "../parts/status.js";
import { Time } from "../parts/time.js";

/** @import { Request } from "./rows.js" */

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} room as a grid's track
 * @property {(row: Request) => any} cell
 * @property {boolean} [hidden] unless the reader asks for it
 * @property {boolean} [fixed] always there
 */

/** A target's end says as much as its beginning: so many characters of it stay. */
const END = 14;

/** @type {readonly Column[]} */
export const COLUMNS = [
  { key: "time", title: "Time", room: "76px", cell: ({ time }) => html`<${Time} value=${time} />` },
  {
    key: "method",
    title: "Method",
    room: "64px",
    cell: ({ method }) => method,
  },
  {
    key: "status",
    title: "Status",
    room: "52px",
    fixed: true,
    cell: ({ status }) => html`<${Status} status=${status} />`,
  },
  { key: "name", title: "Name", room: "minmax(80px, .75fr)", cell: ({ name }) => name },
  {
    key: "account",
    title: "Account",
    room: "minmax(64px, .5fr)",
    hidden: true,
    cell: (row) => row.account,
  },
  {
    key: "target",
    title: "Path",
    room: "minmax(120px, 3fr)",
    fixed: true,
    cell: ({ target }) => html`<${Target} target=${target} />`,
  },
  { key: "visitor", title: "Visitor", room: "minmax(96px, .6fr)", cell: (row) => row.visitor },
  {
    key: "agent",
    title: "Agent",
    room: "minmax(96px, .5fr)",
    hidden: true,
    cell: (row) => row.agent,
  },
  {
    key: "in",
    title: "In",
    room: "68px",
    hidden: true,
    cell: (row) => bytes(row.bytes_in),
  },
  { key: "out", title: "Size", room: "68px", cell: (row) => bytes(row.bytes_out) },
  {
    key: "ttfb",
    title: "First byte",
    room: "76px",
    hidden: true,
    cell: ({ ttfb_ms }) => ttfb_ms === null ? "–" : duration(ttfb_ms),
  },
  {
    key: "ms",
    title: "Duration",
    room: "112px",
    cell: ({ ms }) => html`<${Span} ms=${ms} />`,
  },
];

/** Of a long one the middle is left out, as much as there is no room for. @param {{ target: string }} props */
function Target({ target }) {
  const cut = target.length > 2 * END ? target.length - END : target.length;
  return html`
    <code title=${target}><span>${target.slice(0, cut)}</span><span>${target.slice(
      cut,
    )}</span></code>
  `;
}

/** With a bar: from a millisecond to ten seconds, each tenfold a quarter of it. @param {{ ms: number }} props */
function Span({ ms }) {
  const width = `${Math.min(100, Math.log10(1 + ms) * 25)}%`;
  return html`<span>${duration(ms)}</span><i style=${{ width }} />`;
}
