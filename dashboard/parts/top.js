/** What there was most of, a line each with a bar; a line leads to its requests in the log. @module */
// @ts-check

import { html } from "htm/preact";
import { hrefWith } from "../route.js";
import { Loaded } from "./states.js";

/**
 * `text` and `value` say what and how much, `size` is what the bar shows, `filter` the log's.
 * @typedef {{ text: any, filter: string, size: number, value: string, more: string }} TopLine
 */

/** A term of the log's filter; quotes within a value cannot be said. @param {string} key @param {string} value */
export function term(key, value) {
  return /^[\w.:/-]+$/.test(value) ? `${key}:${value}` : `${key}:"${value.replaceAll('"', "?")}"`;
}

/**
 * @param {object} props
 * @param {string} props.title
 * @param {{ data: any, error: Error | null, reload: () => Promise<void> }} props.found
 * @param {(item: any) => TopLine} props.lineOf
 * @param {Record<string, string>} props.given since and until, where the page has them
 * @param {any} [props.children] beside the title
 */
export function Top({ title, found, lineOf, given, children }) {
  return html`
    <section class="card top">
      <header><h2>${title}</h2>${children}</header>
      <${Loaded} ...${found}>${() =>
        html`<${Lines} ...${found.data} lineOf=${lineOf} given=${given} />`}</${Loaded}>
    </section>
  `;
}

/** @param {{ items: any[], whole?: boolean, lineOf: (item: any) => TopLine, given: Record<string, string> }} props */
function Lines({ items, whole, lineOf, given }) {
  const lines = items.slice(0, 8).map(lineOf);
  const most = Math.max(...lines.map(({ size }) => size)) || 1;
  return html`
    ${lines.length === 0 && html`<p class="soft">None in this time</p>`}
    <ol>${lines.map(({ text, filter, size, value, more }) =>
      html`
        <li key=${filter}><a href=${hrefWith(["log"], { filter, ...given })}>
          <i style=${{ width: `${size / most * 100}%` }} />
          <span title=${filter}>${text}</span><small>${more}</small><b>${value}</b></a></li>
      `
    )}</ol>
    ${whole === false && html`<p class="soft small">Of the newest requests only</p>`}
  `;
}
