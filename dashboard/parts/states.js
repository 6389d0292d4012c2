/** What a list or a panel shows when it has nothing to show: not yet, nothing, or what went wrong. @module */
// @ts-check

import { html } from "htm/preact";
import { CopyLine } from "./copy.js";
import { Icon } from "./icon.js";

/** Grey lines where rows will be. @param {{ rows?: number }} props */
export function Loading({ rows = 6 }) {
  return html`<div class="loading" role="status" aria-label="Loading">
    ${Array.from({ length: rows }, () => html`<div class="bone" />`)}
  </div>`;
}

/**
 * Nothing there: what it is for, and the command or link that fills it.
 * @param {{ title: string, children?: any, command?: string }} props
 */
export function Empty({ title, children, command }) {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    ${children && html`<p>${children}</p>`}
    ${command && html`<${CopyLine} text=${command} label="Copy the command" />`}
  </div>`;
}

/** What failed, and a way to try again. @param {{ error: Error, retry?: () => void }} props */
export function Failure({ error, retry }) {
  return html`<div class="failure" role="alert">
    <${Icon} name="warning" /> <span>${error.message}</span>
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

/**
 * One of the three, or what `children` makes of the data.
 * @param {{ data: any, error: Error | null, reload: () => void, rows?: number, children: (data: any) => any }} props
 */
export function Loaded({ data, error, reload, rows, children }) {
  if (data === undefined) {
    return error
      ? html`<${Failure} error=${error} retry=${reload} />`
      : html`<${Loading} rows=${rows} />`;
  }
  return html`${error && html`<${Failure} error=${error} retry=${reload} />`} ${children(data)}`;
}
