/** Names: whose each is, where it leads, and whether it works. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { ask, withQuery } from "../api.js";
import { shorten } from "../format.js";
import { CopyButton, CopyLine } from "../parts/copy.js";
import { confirm } from "../parts/dialog.js";
import { Drawer, Facts } from "../parts/drawer.js";
import { checkInView, HealthOf } from "../parts/health.js";
import { Icon } from "../parts/icon.js";
import { Latest } from "../parts/latest.js";
import { Addresses, ToAccount } from "../parts/name_dialogs.js";
import { Search, searched } from "../parts/search.js";
import { Empty, Failure, Loaded, Loading } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { attempt, say } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { go, href, hrefWith, query, segments, setQuery } from "../route.js";
import { isAdmin, isWriter, me, seesAll } from "../session.js";

/** @import { ListView, NameView, StatusView, TunnelView } from "../../relay/api/mod.ts" */
/** @typedef {import("../parts/table.js").Column<NameView>} Column */
/** @typedef {ReadonlyMap<string, TunnelView>} Tunnels */

/** More names than that are on further pages. */
const MOST = 1_000;

export default function Names() {
  const after = query.value.get("after");
  /** @type {{ data: ListView<NameView> | undefined, error: Error | null, reload: () => Promise<void> }} */
  const list = useResource(withQuery("/names", { limit: MOST, cursor: after }), {
    on: ["name", "agent", "account"],
  });
  /** @type {{ data: ListView<TunnelView> | undefined }} */
  const { data: published } = useResource("/tunnels", { on: ["name", "agent"] });
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

/** Where a name's details are, or the list; what is searched for stays. @param {string[]} name */
function place(...name) {
  return hrefWith(["names", ...name], Object.fromEntries(query.value));
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
      cell: ({ name }) => html`<span class="whole">${originOf(tunnels.get(name))}</span>`,
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

/** @param {{ online: boolean }} name */
function State({ online }) {
  return html`<${Badge} kind=${online ? "good" : "off"}>${
    online ? "online" : "offline"
  }</${Badge}>`;
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

/** @param {{ name: string, tunnel: TunnelView | undefined }} props */
function Details({ name, tunnel }) {
  /** @type {{ data: NameView | undefined, error: Error | null, reload: () => Promise<void> }} */
  const { data, error, reload } = useResource(pathOf(name), { on: ["name", "agent"] });
  return html`
    <${Drawer} title=${name} label=${`Name ${name}`} onclose=${() => go(place())}>
      <div class="stack">
        ${error && html`<${Failure} error=${error} retry=${reload} />`}
        ${data
          ? html`<${About} name=${data} tunnel=${tunnel} />`
          : error
          ? ""
          : html`<${Loading} />`}
      </div>
      </${Drawer}>
  `;
}

/** @param {{ name: NameView, tunnel: TunnelView | undefined }} props */
function About({ name: { name, account, own, created, online, urls }, tunnel }) {
  const giving = useSignal(/** @type {{ data: NameView, tag: string | null } | null} */ (null));
  const transfer = () =>
    attempt(async () => giving.value = /** @type {any} */ (await ask("GET", pathOf(name))));
  return html`
    <div class="row"><${State} online=${online} /><span class="grow" />
      ${isAdmin.value && !own && html`<button type="button" onClick=${transfer}>Transfer</button>`}
      ${isWriter.value && !own &&
        html`<button type="button" class="danger" onClick=${() =>
          release(name)}>Release</button>`}</div>
    <${HealthOf} key=${online} name=${name} atOnce />
    <${Addresses} name=${name} urls=${urls} />
    ${!online && html`<${HowToPublish} name=${name} account=${account} own=${own} />`}
    <${Facts} facts=${/** @type {[string, any][]} */ ([
      ["Owner", html`<a href=${href("accounts", account)}>${account}</a>`],
      ["Kind", own ? "own: the account is called so, and keeps it" : "further"],
      ["Since", html`<${Time} value=${created} />`],
      ...tunnel
        ? [
          [
            "Agent",
            html`<a href=${href("agents", tunnel.agent)}><code>${
              tunnel.agent.slice(0, 8)
            }</code></a>`,
          ],
          ["Published", html`<${Time} value=${tunnel.since} />`],
          [
            "Origin",
            tunnel.mounts.length === 0 ? "the agent does not tell" : html`
              <ul>${tunnel.mounts.map(({ path, kind }) =>
                html`
                  <li key=${path}><code>${path}</code> ${kind}</li>
                `
              )}</ul>
            `,
          ],
        ]
        : [],
      ["Usage", html`<a href=${hrefWith(["usage"], { name })}>Requests and bytes over time</a>`],
    ])} />
    <${Latest} filter=${`name:${name}`} />
    ${giving.value && html`
      <${ToAccount} title=${`Transfer ${name}?`} action="Transfer" onclose=${() =>
        giving.value = null}
        text=${`It is ${giving.value.data.account}'s. Agents of that account that publish it are sent away, and its visitors get what the new owner publishes.`}
        send=${async (/** @type {Record<string, string>} */ { account }) => {
          await ask("PATCH", pathOf(name), { body: { account }, tag: giving.value?.tag ?? "" });
          say({ text: `${name} is ${account}'s now` });
        }} />
    `}
  `;
}

/** @param {string} name */
function pathOf(name) {
  return `/names/${encodeURIComponent(name)}`;
}

/** @param {{ name: string, account: string, own: boolean }} props */
function HowToPublish({ name, account, own }) {
  /** @type {{ data?: StatusView | undefined }} */
  const { data } = useResource("/status");
  const command = data?.agent_command?.replace(
    /--user \S+/,
    () => `--user ${account}${own ? "" : ` --name ${name}`}`,
  );
  return command && html`
    <div>
      <h3>To publish it</h3>
      <${CopyLine} text=${command} />
    </div>
  `;
}

/** @param {string} name */
async function release(name) {
  /** @type {string | null} */
  let tag = null;
  const isThere = await attempt(async () => tag = (await ask("GET", pathOf(name))).tag);
  const isSure = isThere && await confirm({
    title: `Release ${name}?`,
    text:
      "Whatever is published there is not found any more, and whoever comes first can have the name.",
    action: "Release",
    name,
  });
  if (!isSure) return;
  const isDone = await attempt(() => ask("DELETE", pathOf(name), { tag: tag ?? "" }), {
    done: `${name} is released`,
  });
  if (isDone) go(place());
}

/** @param {{ onclose: () => void }} props */
function Reserve({ onclose }) {
  return html`
    <${ToAccount} title="Reserve a name" action="Reserve" wantsName onclose=${onclose}
      text="A further name for what an account publishes."
      send=${async (/** @type {Record<string, string>} */ values) => {
        const { data } = await ask("POST", "/names", {
          body: { name: values.name, account: values.account ?? me.value?.name },
        });
        say({ text: `${data.name} is ${data.account}'s` });
        go(place(data.name));
      }} />
  `;
}
