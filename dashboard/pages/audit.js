/** The audit log: who changed what, from where, newest first. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { get, withQuery } from "../api.js";
import { differences, What, Who } from "../audit/words.js";
import { counted } from "../format.js";
import { Icon } from "../parts/icon.js";
import { Empty, Failure, Loading } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { attempt } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { query, setQuery } from "../route.js";
import { seesAll } from "../session.js";

/** @import { AccountView, AuditView, ListView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {ListView<AuditView>} Entries */

/** @type {readonly import("../parts/table.js").Column<AuditView>[]} */
const COLUMNS = [
  { key: "time", title: "When", fixed: true, cell: ({ time }) => html`<${Time} value=${time} />` },
  { key: "who", title: "Who", fixed: true, cell: ({ who }) => html`<${Who} name=${who} />` },
  {
    key: "what",
    title: "What",
    fixed: true,
    cell: (entry) => html`<span class="text"><${What} entry=${entry} /></span>`,
  },
  { key: "change", title: "Before and after", wide: true, cell: Differences },
  {
    key: "from",
    title: "From",
    cell: ({ address }) => address || html`<span class="soft">–</span>`,
  },
];

export default function Audit() {
  const account = query.value.get("account") ?? "";
  return html`
    ${seesAll.value && html`<${OfAccount} account=${account} />`}
    <${List} key=${account} account=${account} />
  `;
}

/** @param {{ account: string }} props */
function OfAccount({ account }) {
  /** @type {Resource<ListView<AccountView>>} */
  const { data: accounts } = useResource("/accounts?limit=1000", { on: ["account"] });
  return html`
    <div class="tools"><label class="search"><${Icon} name="search" /><span
      class="unseen">Account</span>
      <input type="search" data-search placeholder="Of one account" list="accounts" value=${account}
        autocomplete="off" autocapitalize="none" spellcheck=${false}
        onChange=${(/** @type {any} */ event) =>
          setQuery({ account: event.target.value.trim() })} />
      <datalist id="accounts">${accounts?.items.map(({ name }) =>
        html`<option key=${name} value=${name} />`
      )}</datalist></label></div>
  `;
}

/** @param {{ account: string }} props */
function List({ account }) {
  /** @type {Resource<Entries>} */
  const latest = useResource(withQuery("/audit", { account }), {
    on: ["account", "name", "token", "session", "setting", "agent"],
  });
  const shown = useSignal(/** @type {Entries | undefined} */ (undefined));
  const busy = useSignal(false);
  useEffect(() => {
    shown.value ??= latest.data;
  }, [latest.data]);
  if (!shown.value || !latest.data) {
    return latest.error
      ? html`<${Failure} error=${latest.error} retry=${latest.reload} />`
      : html`<${Loading} />`;
  }
  const { items, next } = shown.value;
  // What is new waits: nothing moves while it is read.
  const known = latest.data.items.findIndex(({ id }) => id === items[0]?.id);
  const fresh = known < 0 ? latest.data.items : latest.data.items.slice(0, known);
  const showFresh = () => {
    shown.value = known < 0 ? latest.data : { items: [...fresh, ...items], next };
  };
  const older = async () => {
    busy.value = true;
    await attempt(async () => {
      /** @type {Entries} */
      const page = await get(withQuery("/audit", { account, cursor: next }));
      shown.value = { items: [...shown.peek()?.items ?? [], ...page.items], next: page.next };
    });
    busy.value = false;
  };
  return html`
    ${latest.error && html`<${Failure} error=${latest.error} retry=${latest.reload} />`}
    <div class="fresh" role="status">${fresh.length > 0 && html`
      <button type="button" onClick=${showFresh}>${known < 0 && items.length > 0
        ? `More than ${counted(fresh.length - 1, "new change")}`
        : counted(fresh.length, "new change")}</button>
    `}</div>
    ${items.length === 0
      ? html`<${Empty} title="Nothing was changed">Whatever is changed on this relay is kept here:
        who did it, and from where.</${Empty}>`
      : html`
        <${Table} id="audit" label="Changes" columns=${COLUMNS} rows=${items}
          keyOf=${(/** @type {AuditView} */ entry) => entry.id} />
      `}
    ${next !== null && html`
      <p class="foot"><button type="button" disabled=${busy
        .value} onClick=${older}>Older</button></p>
    `}
  `;
}

/** @param {AuditView} entry */
function Differences(entry) {
  return html`<span class="changes">${
    differences(entry).map(([key, was, is]) =>
      html`
        <span key=${key}>${key && html`<span class="soft">${key} </span>`}${was !== undefined &&
          html`<del>${was}</del>`}${was !== undefined && is !== undefined &&
          " → "}${is !== undefined && html`<ins>${is}</ins>`}</span>
      `
    )
  }</span>`;
}
