/** Where an account is signed in with a browser. @module */
// @ts-check

import { html } from "htm/preact";
import { remove } from "../api.js";
import { browserName } from "../browser_name.js";
import { Loaded } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { attempt } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { isAdmin, me } from "../session.js";

/** @import { ListView, SessionView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {import("../parts/table.js").Column<SessionView>} Column */

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    key: "browser",
    title: "Browser",
    fixed: true,
    cell: ({ browser }) => html`<span title=${browser}>${browserName(browser)}</span>`,
  },
  { key: "address", title: "Address", fixed: true, cell: ({ address }) => address },
  {
    key: "created",
    title: "Signed in",
    fixed: true,
    cell: ({ created }) => html`<${Time} value=${created} relative />`,
  },
  {
    key: "used",
    title: "Last used",
    fixed: true,
    cell: ({ last_used: used }) => html`<${Time} value=${used} relative />`,
  },
];

/** @param {{ account: string }} props */
export function Sessions({ account }) {
  /** @type {Resource<ListView<SessionView>>} */
  const sessions = useResource("/sessions", { on: ["session", "account"] });
  // Signing out is everybody's own affair, a viewer's too.
  const mayEnd = isAdmin.value || account === me.value?.name;
  return html`
    <section class="card" aria-labelledby="sessions">
      <h2 id="sessions">Sessions</h2>
      <${Loaded} ...${sessions} rows=${2}>${(/** @type {ListView<SessionView>} */ { items }) => {
        const rows = items.filter((session) => session.account === account);
        return rows.length === 0 ? html`<p class="soft">Not signed in with any browser.</p>` : html`
          <${Table} id="sessions" label="Sessions" columns=${COLUMNS} rows=${rows}
            keyOf=${(/** @type {SessionView} */ session) => session.id}
            actions=${mayEnd &&
              ((/** @type {SessionView} */ session) =>
                session.current ? html`<${Badge} kind="good">this one</${Badge}>` : html`
                  <button type="button" onClick=${() => end(session)}>End</button>
                `)} />
        `;
      }}</${Loaded}>
    </section>
  `;
}

/** @param {SessionView} session */
function end({ id, browser }) {
  return attempt(() => remove(`/sessions/${encodeURIComponent(id)}`), {
    done: `The session of ${browserName(browser)} has ended`,
  });
}
