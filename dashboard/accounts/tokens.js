/** An account's tokens: made here and shown once, listed, revoked. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { relayNow, remove } from "../api.js";
import { confirm } from "../parts/dialog.js";
import { Loaded } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { attempt } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { isWriter } from "../session.js";
import { NewToken } from "./new_token.js";
import { SCOPES } from "./words.js";

/** @import { ListView, TokenView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {import("../parts/table.js").Column<TokenView>} Column */

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    key: "name",
    title: "Name",
    fixed: true,
    sort: ({ name }) => name,
    cell: ({ name, id }) => html`<span title=${`Id ${id}`}>${name}</span>`,
  },
  {
    key: "scope",
    title: "Scope",
    fixed: true,
    cell: ({ scope }) => html`<span title=${SCOPES[scope] ?? ""}>${scope}</span>`,
  },
  { key: "expires", title: "Ends", fixed: true, cell: Expiry },
  {
    key: "used",
    title: "Last used",
    fixed: true,
    cell: ({ last_used: used }) => html`<${Time} value=${used} relative />`,
  },
];

/** @param {TokenView} token */
function Expiry({ expires }) {
  if (expires === null) return "never";
  return Date.parse(expires) > relayNow()
    ? html`<${Time} value=${expires} relative />`
    : html`<${Badge} kind="off">ended</${Badge}>`;
}

/** @param {{ account: string }} props */
export function Tokens({ account }) {
  const path = `/accounts/${encodeURIComponent(account)}/tokens`;
  /** @type {Resource<ListView<TokenView>>} */
  const tokens = useResource(path, { on: ["token"] });
  const making = useSignal(false);
  return html`
    <section class="card" aria-labelledby="tokens">
      <header class="head"><h2 id="tokens">Tokens</h2>${isWriter.value && html`
        <button type="button" onClick=${() => making.value = true}>Make a token</button>
      `}</header>
      <${Loaded} ...${tokens} rows=${2}>${(/** @type {ListView<TokenView>} */ { items }) =>
        items.length === 0
          ? html`<p class="soft">None. A token signs an agent in instead of the password, and can be
        revoked alone.</p>`
          : html`
            <${Table} id="tokens" label="Tokens" columns=${COLUMNS} rows=${items}
              keyOf=${(/** @type {TokenView} */ token) => token.id}
              actions=${isWriter.value && ((/** @type {TokenView} */ token) =>
                html`
                  <button type="button" aria-label=${`Revoke ${token.name}`} onClick=${() =>
                    revoke(token)}>Revoke</button>
                `)} />
          `}</${Loaded}>
      ${making.value && html`
        <${NewToken} account=${account} path=${path} onclose=${() => {
          making.value = false;
          tokens.reload();
        }} />
      `}
    </section>
  `;
}

/** @param {TokenView} token */
async function revoke({ id, name }) {
  const isSure = await confirm({
    title: `Revoke the token ${name}?`,
    text: "Agents that signed in with it are cut off, and nothing signs in with it again.",
    action: "Revoke",
  });
  const path = `/tokens/${encodeURIComponent(id)}`;
  if (isSure) await attempt(() => remove(path), { done: `${name} is revoked` });
}
