/** All that is known of one request. @module */
// @ts-check

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { bytes, duration, number } from "../format.js";
import { CopyButton } from "../parts/copy.js";
import { Drawer, Facts } from "../parts/drawer.js";
import { Loaded } from "../parts/states.js";
import { kindOf, Status } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { term } from "../parts/top.js";
import { useResource } from "../resource.js";
import { href } from "../route.js";
import { curlLine } from "./curl.js";

/** @import { NameView, RequestView } from "../../relay/api/mod.ts" */
/** @import { Request } from "./rows.js" */

/**
 * @param {object} props
 * @param {string} props.id
 * @param {Request | undefined} props.row where the list has it
 * @param {(step: number) => void} props.onstep to the row below, or above with -1
 * @param {() => void} props.onclose
 * @param {(term: string) => string} props.filterBy the address of the list with that term
 */
export function Details({ id, row, onstep, onclose, filterBy }) {
  /** @type {{ data: RequestView | undefined, error: Error | null, reload: () => Promise<void> }} */
  const found = useResource(row ? null : `/requests/${encodeURIComponent(id)}`);
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onkey = (event) => {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      const isTyping = event.target instanceof HTMLInputElement;
      if (step === 0 || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      onstep(step);
    };
    addEventListener("keydown", onkey);
    return () => removeEventListener("keydown", onkey);
  });
  const request = row ?? found.data;
  const title = request
    ? html`<${Status} status=${request.status} /> ${request.method} <code>${request.target}</code>`
    : "Request";
  return html`
    <${Drawer} title=${title} label="Request" onclose=${onclose}>
      ${request
        ? html`<${About} request=${request} filterBy=${filterBy} />`
        : html`<${Loaded} ...${found}>${() => null}</${Loaded}>`}
    </${Drawer}>
  `;
}

/** @param {{ request: RequestView | Request, filterBy: (term: string) => string }} props */
function About({ request, filterBy }) {
  const { id, time, name, account, agent, visitor, method, target, status } = request;
  /** @type {{ data: NameView | undefined }} */
  const { data } = useResource(account === "" ? null : `/names/${encodeURIComponent(name)}`);
  const link = `${location.origin}${href("log")}?open=${encodeURIComponent(id)}`;
  const like = (/** @type {string} */ key, /** @type {string} */ value) =>
    html`
      <a href=${filterBy(term(key, value))} title=${`Filter by ${key}`}>${value}</a>
    `;
  return html`
    <div class="stack">
      <div class="row">
        <${CopyButton} text=${curlLine(request, data?.urls ?? [], location.origin)}
          label="Copy as curl">Copy as curl</${CopyButton}>
        <${CopyButton} text=${link} label="Copy the link to this">Copy link</${CopyButton}>
      </div>
      <${Waterfall} ...${request} />
      <${Facts} facts=${/** @type {[string, any][]} */ ([
        ["Time", html`<${Time} value=${time} />`],
        ["Status", like("status", String(status))],
        ["Method", like("method", method)],
        ["Path", like("path", target.split("?")[0] ?? "")],
        ...(target.includes("?") ? [["Query", html`<${Query} target=${target} />`]] : []),
        ["Visitor", like("ip", visitor)],
        ["Name", name === "" ? "–" : like("name", name)],
        ...(account === "" ? [] : [["Account", like("account", account)]]),
        ["Agent", agent === "" ? "none took part" : like("agent", agent)],
        ["Received", size(request.bytes_in)],
        ["Sent", size(request.bytes_out)],
        ["Id", html`<code>${id}</code>`],
      ])} />
    </div>
  `;
}

/** A query's values, a line each. @param {{ target: string }} props */
function Query({ target }) {
  const pairs = target.slice(target.indexOf("?") + 1).split("&");
  return html`
    <ul>${pairs.map((pair, at) => html`<li key=${at}><code>${pair}</code></li>`)}</ul>
    ${target.includes("=***") && html`
      <p
        class="soft small">${"***"} stands for a value that its key calls a secret: the log keeps none of those.</p>
    `}
  `;
}

/** Where the time went. @param {{ ms: number, ttfb_ms: number | null, status: number }} props */
function Waterfall({ ms, ttfb_ms, status }) {
  const first = Math.min(ttfb_ms ?? ms, ms);
  const percent = (/** @type {number} */ part) => `${ms > 0 ? part / ms * 100 : 0}%`;
  /** @type {[string, number, number][]} */
  const parts = ttfb_ms === null
    ? [[status === 0 ? "Until the visitor went" : "Until it ended", 0, ms]]
    : [["Until the first byte", 0, first], ["The rest of the answer", first, ms - first]];
  return html`
    <section class="waterfall" aria-label="Timing">
      <header><h3>Timing</h3><b>${duration(ms)}</b></header>
      <dl>${parts.map(([text, from, span]) =>
        html`
          <div key=${text}>
            <dt>${text}</dt>
            <dd><span>${duration(span)}</span>
              <i class=${kindOf(status)} style=${{
                marginLeft: percent(from),
                width: percent(span),
              }} /></dd>
          </div>
        `
      )}</dl>
    </section>
  `;
}

/** @param {number} count */
function size(count) {
  return count < 1_000 ? bytes(count) : `${bytes(count)} (${number(count)} bytes)`;
}
