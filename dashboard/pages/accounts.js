/** Accounts: who may sign in, as what; for a member, their own. @module */
// @ts-check

import { html } from "htm/preact";
import { Account } from "../accounts/account.js";
import { NewAccount } from "../accounts/new_account.js";
import { StateOf } from "../accounts/words.js";
import { bytes, number } from "../format.js";
import { Search, searched } from "../parts/search.js";
import { Empty, Loaded } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { useResource } from "../resource.js";
import { href, query, segments, setQuery } from "../route.js";
import { isAdmin, me, seesAll } from "../session.js";

/** @import { AccountView, ListView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {import("../parts/table.js").Column<AccountView>} Column */

/** What the API gives at once. */
const MOST = 1_000;

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    key: "name",
    title: "Account",
    fixed: true,
    sort: ({ name }) => name,
    cell: ({ name }) =>
      html`<b>${name}</b>${name === me.value?.name && html`<span class="soft"> you</span>`}`,
  },
  { key: "role", title: "Role", sort: ({ role }) => role, cell: ({ role }) => role },
  { key: "state", title: "State", sort: ({ disabled }) => Number(disabled), cell: StateOf },
  {
    key: "trusted",
    title: "Trusted",
    sort: ({ trusted }) => Number(!trusted),
    cell: ({ trusted }) => trusted && html`<${Badge} kind="warn">trusted</${Badge}>`,
  },
  figure("in", "In", (one) => one.bytes_in),
  figure("out", "Out", (one) => one.bytes_out),
  {
    key: "created",
    title: "Since",
    sort: ({ created }) => created,
    cell: ({ created }) => html`<${Time} value=${created} relative />`,
  },
];

/**
 * @param {string} key
 * @param {string} title
 * @param {(account: AccountView) => number | null} read
 * @returns {Column}
 */
function figure(key, title, read) {
  const cell = (/** @type {AccountView} */ account) => {
    const value = read(account);
    return value === null ? "–" : bytes(value);
  };
  return { key, title, number: true, sort: (account) => read(account) ?? -1, cell };
}

export default function Accounts() {
  const name = segments.value[1] ?? (seesAll.value ? undefined : me.value?.name);
  return name === undefined ? html`<${List} />` : html`<${Account} key=${name} name=${name} />`;
}

function List() {
  /** @type {Resource<ListView<AccountView>>} */
  const list = useResource(`/accounts?limit=${MOST}`, { on: ["account"], every: 30_000 });
  return html`
    <div class="tools"><${Search} label="Search accounts" />${isAdmin.value && html`
      <button type="button" class="primary" onClick=${() =>
        setQuery({ new: "1" })}>Add an account</button>
    `}</div>
    <${Loaded} ...${list}>${(/** @type {ListView<AccountView>} */ { items, next }) => {
      const text = searched();
      const rows = items.filter(({ name, role }) => `${name} ${role}`.includes(text));
      return html`${
        rows.length === 0 ? html`<${Empty} title="No account is like that" />` : html`
          <${Table} id="accounts" label="Accounts" columns=${COLUMNS} rows=${rows} sorted="name"
            keyOf=${(/** @type {AccountView} */ one) => one.name}
            link=${(/** @type {AccountView} */ one) => href("accounts", one.name)} />
        `
      }${
        next && html`
          <p class="soft">These are the first ${number(MOST)}. The others have pages of their own:
            their address ends with the name.</p>
        `
      }`;
    }}</${Loaded}>
    ${isAdmin.value && query.value.has("new") &&
      html`<${NewAccount} onclose=${() => setQuery({ new: null }, { replace: true })} />`}
  `;
}
