/** Names: whose each is, where it leads, and whether it works. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { post, withQuery } from "../api.js";
import { shorten } from "../format.js";
import { Details, place, State } from "../names/details.js";
import { ToAccount } from "../names/dialogs.js";
import { checkInView, HealthOf } from "../names/health.js";
import { CopyButton } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { Search, searched } from "../parts/search.js";
import { Empty, Loaded } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { say } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { go, hrefWith, query, segments, setQuery } from "../route.js";
import { isWriter, me, seesAll } from "../session.js";

/** @import { ListView, NameView, TunnelView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {import("../parts/table.js").Column<NameView>} Column */
/** @typedef {ReadonlyMap<string, TunnelView>} Tunnels */

/** More names than that are on further pages. */
const MOST = 1_000;

export default function Names() {
  const after = query.value.get("after");
  /** @type {Resource<ListView<NameView>>} */
  const list = useResource(withQuery("/names", { limit: MOST, cursor: after }), {
    on: ["name", "agent", "account"],
  });
  /** @type {Resource<ListView<TunnelView>>} */
  const { data: published } = useResource(withQuery("/tunnels", { cursor: after }), {
    on: ["name", "agent"],
  });
  const tunnels = new Map(published?.items.map((tunnel) => [tunnel.name, tunnel]));
  const reserving = useSignal(false);
  const name = segments.value[1];
  const reserve = () => reserving.value = true;
  return html`
    <${Loaded} ...${list}>${(/** @type {ListView<NameView>} */ { items, next }) => {
      if (items.length === 0 && !after) return html`<${NoNames} onreserve=${reserve} />`;
      const text = searched();
      const rows = items.filter((one) =>
        [one.name, one.account, ...one.urls].some((part) => part.toLowerCase().includes(text))
      );
      return html`
        <div class="tools"><${Search} label="Search names" />
          <button type="button" onClick=${checkInView}
            title="Asks the agents of the names in view for /, as a visitor would">Check health</button>
          ${isWriter.value &&
            html`<button type="button" class="primary" onClick=${reserve}>Reserve a name</button>`}</div>
        ${rows.length === 0 ? html`<${Empty} title="No name is like that" />` : html`
          <${Table} id="names" label="Names" columns=${columnsFor(tunnels)} rows=${rows}
            keyOf=${(/** @type {NameView} */ one) => one.name} selected=${name} sorted="name"
            link=${(/** @type {NameView} */ one) => place(one.name)} />
        `}
        ${(next || after) && html`
          <p class="row">${after && html`<a href=${place()} onClick=${back}>To the first names</a>`}
            ${next && html`<a href=${hrefWith(["names"], { after: next })}>Further names</a>`}</p>
        `}
      `;
    }}</${Loaded}>
    ${name !== undefined &&
      html`<${Details} key=${name} name=${name} tunnel=${tunnels.get(name)} />`}
    ${reserving.value &&
      html`<${Reserve} onclose=${() => reserving.value = false} />`}
  `;
}

/** @param {Event} event */
function back(event) {
  event.preventDefault();
  setQuery({ after: null });
}

/** @param {Tunnels} tunnels @returns {readonly Column[]} */
function columnsFor(tunnels) {
  /** @type {Column[]} */
  const columns = [
    {
      key: "name",
      title: "Name",
      fixed: true,
      sort: ({ name }) => name,
      cell: ({ name }) => html`<b data-health=${name}>${name}</b>`,
    },
    { key: "state", title: "State", sort: ({ online }) => Number(!online), cell: State },
    { key: "account", title: "Owner", sort: ({ account }) => account, cell: (one) => one.account },
    { key: "kind", title: "Kind", sort: kindOf, cell: kindOf },
    { key: "urls", title: "Address", wide: true, cell: FirstAddress },
    {
      key: "origin",
      title: "Origin",
      sort: ({ name }) => originOf(tunnels.get(name)),
      cell: ({ name }) => html`<span class="origin">${originOf(tunnels.get(name))}</span>`,
    },
    {
      key: "health",
      title: "Health",
      fixed: true,
      cell: ({ name }) => html`<${HealthOf} name=${name} />`,
    },
    {
      key: "created",
      title: "Since",
      hidden: true,
      sort: ({ created }) => created,
      cell: ({ created }) => html`<${Time} value=${created} />`,
    },
  ];
  return columns.filter(({ key }) => seesAll.value || key !== "account");
}

/** @param {NameView} name */
function kindOf({ own }) {
  return own ? "own" : "further";
}

/** What kinds there are, in the agent's own words. @param {TunnelView | undefined} tunnel */
function originOf(tunnel) {
  const kinds = new Set(tunnel?.mounts.map(({ kind }) => kind));
  return shorten([...kinds].join(", "), 24);
}

/** @param {NameView} name */
function FirstAddress({ urls }) {
  const [url] = urls;
  return url && html`<span class="address">
    <a href=${url} target="_blank" rel="noreferrer">${url} <${Icon} name="open" /></a>
    <${CopyButton} text=${url} label=${`Copy ${url}`} />${
    urls.length > 1 && html`<small class="soft">+${urls.length - 1}</small>`
  }</span>`;
}

/** @param {{ onreserve: () => void }} props */
function NoNames({ onreserve }) {
  return html`
    <${Empty}
      title="No names yet">A name is where something is found on the web. Each account has the
      one that it is called by; further ones are reserved for it.</${Empty}>
    ${isWriter.value && html`<p class="empty"><button type="button" class="primary"
      onClick=${onreserve}>Reserve a name</button></p>`}
  `;
}

/** @param {{ onclose: () => void }} props */
function Reserve({ onclose }) {
  return html`
    <${ToAccount} title="Reserve a name" action="Reserve" wantsName onclose=${onclose}
      text="A further name for what an account publishes."
      send=${async (/** @type {Record<string, string>} */ values) => {
        const { name, account = me.value?.name } = values;
        const made = await post("/names", { name, account });
        say({ text: `${made.name} is ${made.account}'s` });
        go(place(made.name));
      }} />
  `;
}
