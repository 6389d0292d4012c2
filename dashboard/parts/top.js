/** What there was most of, a line each with a bar; a line leads to its requests in the log. @module */
// @ts-check

import { html } from "htm/preact";
import { hrefWith } from "../route.js";
import { Loaded } from "./states.js";

/**
 * @typedef {object} TopLine
 * @property {any} text
 * @property {string} key
 * @property {string} filter of the log
 * @property {number} size what the bar shows
 * @property {string} value the same as text
 * @property {string} [more]
 */

/** A term of the log's filter; quotes within a value cannot be said. @param {string} key @param {string} value */
export function term(key, value) {
  return /^[\w.:/-]+$/.test(value) ? `${key}:${value}` : `${key}:"${value.replaceAll('"', "?")}"`;
}

/**
 * @param {object} props
 * @param {string} props.title
 * @param {{ data: any, error: Error | null, reload: () => Promise<void> }} props.found
 * @param {(data: any) => TopLine[]} props.linesOf
 * @param {Record<string, string | undefined>} props.stretch parameters of the log: since and until
 * @param {string} [props.none]
 * @param {any} [props.children] beside the title
 */
export function Top({ title, found, linesOf, stretch, none = "None in this time", children }) {
  return html`
    <section class="card top">
      <header><h2>${title}</h2>${children}</header>
      <${Loaded} ...${found}>${(/** @type {any} */ data) => {
        const lines = linesOf(data);
        const most = Math.max(...lines.map(({ size }) => size)) || 1;
        if (lines.length === 0) return html`<p class="soft">${none}</p>`;
        return html`<ol>${
          lines.map(({ key, text, filter, size, value, more }) =>
            html`
              <li key=${key}>
                <a href=${hrefWith(["log"], { filter, ...stretch })}>
                  <i style=${{ width: `${size / most * 100}%` }} />
                  <span title=${key}>${text}</span><small>${more}</small><b>${value}</b>
                </a>
              </li>
            `
          )
        }</ol>
        ${data.whole === false && html`<p class="soft small">Of the newest requests only</p>`}`;
      }}</${Loaded}>
    </section>
  `;
}
