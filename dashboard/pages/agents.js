/** Agents: which are connected, how they are, and what sends one away. @module */
// @ts-check

import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { post, remove, withQuery } from "../api.js";
import { bytes, duration, number } from "../format.js";
import { confirm } from "../parts/dialog.js";
import { Drawer, Facts } from "../parts/drawer.js";
import { Latest } from "../parts/latest.js";
import { Search, searched } from "../parts/search.js";
import { Empty, Loaded } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { attempt } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { go, href, hrefWith, query, segments } from "../route.js";
import { isWriter, seesAll } from "../session.js";

/** @import { AgentView, ListView, StatusView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {import("../parts/table.js").Column<AgentView>} Column */

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    key: "names",
    title: "Agent",
    fixed: true,
    sort: ({ name }) => name,
    cell: ({ names, name, draining, waits_for }) =>
      html`<b>${name}</b>${
        names.length > 1 &&
        html`<span class="soft" title=${names.join(", ")}> +${names.length - 1}</span>`
      }${
        draining && html`
          <${Draining} />
        `
      }${
        waits_for.length > 0 && html`
          <${Waiting} names=${waits_for} />
        `
      }`,
  },
  { key: "account", title: "Account", sort: (a) => a.account, cell: (a) => a.account },
  { key: "address", title: "Address", sort: (a) => a.address, cell: (a) => a.address },
  {
    key: "transport",
    title: "Transport",
    hidden: true,
    sort: (a) => a.transport,
    cell: (a) => a.transport.toUpperCase(),
  },
  { key: "version", title: "Version", sort: (a) => a.version, cell: (a) => a.version },
  figure("rtt", "RTT", (a) => a.rtt_ms ?? Infinity, rtt),
  figure("streams", "Streams", (a) => a.streams),
  { ...figure("connections", "Connections", (a) => a.connections), hidden: true },
  figure("in", "In", (a) => a.bytes_in, (a) => bytes(a.bytes_in)),
  figure("out", "Out", (a) => a.bytes_out, (a) => bytes(a.bytes_out)),
  {
    key: "since",
    title: "Since",
    sort: (a) => a.since,
    cell: (a) => html`<${Time} value=${a.since} relative />`,
  },
];

/**
 * @param {string} key
 * @param {string} title
 * @param {(agent: AgentView) => number} sort
 * @param {(agent: AgentView) => any} [cell]
 * @returns {Column}
 */
function figure(key, title, sort, cell = (agent) => number(sort(agent))) {
  return { key, title, number: true, sort, cell };
}

/** @param {AgentView} agent */
function rtt({ rtt_ms }) {
  return rtt_ms === null ? "–" : duration(rtt_ms);
}

function Draining() {
  return html`<${Badge} kind="warn">draining</${Badge}>`;
}

/** @param {{ names: string[] }} props */
function Waiting({ names }) {
  const title = `${names.join(", ")}: another agent publishes it now; this one takes over then`;
  return html`<span title=${title}><${Badge} kind="off">waiting</${Badge}></span>`;
}

export default function Agents() {
  const after = query.value.get("after");
  /** @type {Resource<ListView<AgentView>>} */
  const list = useResource(withQuery("/agents", { cursor: after }), {
    on: ["agent"],
    every: 5_000,
  });
  const id = segments.value[1];
  // What is told of one that goes while it is looked at.
  const last = useRef(/** @type {AgentView | undefined} */ (undefined));
  const found = list.data?.items.find((agent) => agent.id === id);
  if (found || last.current?.id !== id) last.current = found;
  const columns = COLUMNS.filter(({ key }) => seesAll.value || key !== "account");
  return html`
    <${Loaded} ...${list}>${(/** @type {ListView<AgentView>} */ { items, next }) => {
      if (items.length === 0 && !after) return html`<${NoAgents} />`;
      const text = searched();
      const rows = items.filter(({ id, names, account, address, version }) =>
        [id, ...names, account, address, version].some((one) => one.toLowerCase().includes(text))
      );
      return html`
        <div class="tools">
          <${Search} label="Search agents" />
        </div>
        ${rows.length === 0 ? html`<${Empty} title="No agent is like that" />` : html`
          <${Table} id="agents" label="Agents" columns=${columns} rows=${rows} selected=${id}
            keyOf=${(/** @type {AgentView} */ agent) => agent.id} sorted="names"
            link=${(/** @type {AgentView} */ agent) => place(agent.id)} />
        `}
        ${(next || after) && html`
          <p class="row">${after &&
            html`<a href=${hrefWith(["agents"], {})}>To the first agents</a>`}
            ${next && html`<a href=${hrefWith(["agents"], { after: next })}>Further agents</a>`}</p>
        `}
      `;
    }}</${Loaded}>
    ${id !== undefined && list.data &&
      html`<${Details} key=${id} id=${id} agent=${last.current} isHere=${found !== undefined} />`}
  `;
}

/** Where an agent's details are, or the list; what is searched for stays. @param {string[]} id */
function place(...id) {
  return hrefWith(["agents", ...id], Object.fromEntries(query.value));
}

function NoAgents() {
  /** @type {Resource<StatusView>} */
  const { data } = useResource("/status");
  return html`
    <${Empty} title="No agent is connected" command=${data?.agent_command}>
      An agent is crunch on the machine that has your files: it dials this relay, and its folder is
      on the web under its account's name. Start one there:</${Empty}>
  `;
}

/** @param {{ id: string, agent: AgentView | undefined, isHere: boolean }} props */
function Details({ id, agent, isHere }) {
  const title = agent?.name ?? "Agent";
  return html`
    <${Drawer} title=${title} label=${`Agent ${title}`} onclose=${() => go(place())}>
      <div class="stack">
        ${!isHere && html`
          <p role="status">
            <${Badge} kind="off">not connected</${Badge}></p>
          <p>It has gone. One that comes back is listed anew, with another id.</p>
        `}
        ${agent && html`<${About} agent=${agent} isHere=${isHere} />`}
        <${Latest} filter=${`agent:${id}`} />
      </div>
      </${Drawer}>
  `;
}

/** @param {{ agent: AgentView, isHere: boolean }} props */
function About({ agent, isHere }) {
  const { id, names, account, transport, address, version, draining, waits_for } = agent;
  return html`
    ${isHere && html`
      <div class="row">
        ${draining ? html`<${Draining} />` : html`<${Badge} kind="good">connected</${Badge}>`}
        ${waits_for.length > 0 && html`<${Waiting} names=${waits_for} />`}
        <span class="grow" />
        ${isWriter.value && html`
          <button type="button" disabled=${draining} onClick=${() => drain(agent)}>Drain</button>
          <button type="button" class="danger" onClick=${() =>
            disconnect(agent)}>Disconnect</button>
        `}
      </div>
    `}
    <${Facts} facts=${/** @type {[string, any][]} */ ([
      [
        "Names",
        names.map((name) =>
          html`<a key=${name} class="each" href=${href("names", name)}>${name}</a>`
        ),
      ],
      ["Account", html`<a href=${href("accounts", account)}>${account}</a>`],
      ["Address", address],
      ["Transport", transport === "tls" ? "TLS" : "TCP, not encrypted"],
      ["Version", version],
      ["Connected", html`<${Time} value=${agent.since} />`],
      ["Round trip", rtt(agent)],
      ["Streams", number(agent.streams)],
      ["Connections", number(agent.connections)],
      ["Bytes in", bytes(agent.bytes_in)],
      ["Bytes out", bytes(agent.bytes_out)],
      ["Id", html`<code>${id}</code>`],
    ])} />
  `;
}

/** @param {AgentView} agent */
async function drain({ id, name }) {
  const isSure = await confirm({
    title: `Drain the agent ${name}?`,
    text: "It takes no new requests from now on, and goes as soon as what is under way is done. " +
      "It may come back a minute later.",
    action: "Drain",
  });
  if (isSure) await attempt(() => post(`/agents/${id}/drain`), { done: `${name} is draining` });
}

/** @param {AgentView} agent */
async function disconnect({ id, name, account }) {
  const isSure = await confirm({
    title: `Disconnect the agent ${name}?`,
    text: "What is under way breaks off. It may come back after a few seconds: to keep it out, " +
      `disable the account ${account} or revoke its token.`,
    action: "Disconnect",
  });
  if (isSure) await attempt(() => remove(`/agents/${id}`), { done: `${name} is disconnected` });
}
