/** The latest requests of one thing, each with its way into the log. @module */
// @ts-check

import { html } from "htm/preact";
import { withQuery } from "../api.js";
import { duration, shorten } from "../format.js";
import { useResource } from "../resource.js";
import { hrefWith } from "../route.js";
import { Loaded } from "./states.js";
import { Status } from "./status.js";
import { Time } from "./time.js";

/** @import { ListView, RequestView } from "../../relay/api/mod.ts" */

/** @param {{ filter: string }} props of the log */
export function Latest({ filter }) {
  const found = useResource(withQuery("/requests", { filter, limit: 10 }), { every: 5_000 });
  return html`
    <section class="latest">
      <header><h3>Latest requests</h3><a href=${hrefWith(["log"], {
        filter,
      })}>All in the log</a></header>
      <${Loaded} ...${found} rows=${3}>${(/** @type {ListView<RequestView>} */ { items }) =>
        items.length === 0 ? html`<p class="soft">None yet</p>` : html`
          <ul>${items.map(({ id, time, status, method, target, ms }) =>
            html`
              <li key=${id}><a href=${hrefWith(["log"], { filter, open: id })}>
                <${Time} value=${time} /><${Status} status=${status} />
                <code title=${target}>${method} ${shorten(target, 44)}</code><span>${duration(
                  ms,
                )}</span></a></li>
            `
          )}</ul>
        `}</${Loaded}>
    </section>
  `;
}
