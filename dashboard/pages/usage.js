/** The page that counts: requests and bytes over time, of each account or of each name, and as CSV. @module */
// @ts-check

import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import { relayNow, withQuery } from "../api.js";
import { bytes, duration, number, short } from "../format.js";
import { Chart } from "../parts/chart.js";
import { Choice } from "../parts/choice.js";
import { Icon } from "../parts/icon.js";
import { Empty, Loaded } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { useResource } from "../resource.js";
import { hrefWith, query, setQuery } from "../route.js";
import { seesAll } from "../session.js";
import { back, ownStretch, useTraffic, zoom } from "../stretch.js";
import { DAY, requestLines, totalOf } from "../traffic.js";

/** @import { ListView, UsageView } from "../../relay/api/mod.ts" */
/** @import { Usage } from "../stretch.js" */

/** @type {Record<string, { title: string, span: number }>} */
const RANGES = {
  day: { title: "Day", span: DAY },
  week: { title: "Week", span: 7 * DAY },
  month: { title: "30 d", span: 30 * DAY },
  quarter: { title: "90 d", span: 90 * DAY },
  own: { title: "Dates", span: 0 },
};
/** Steps with the longest stretch that each can be asked for. */
/** @type {Record<string, number>} */
const STEPS = { minute: 33 * 3_600_000, hour: 80 * DAY, day: Infinity };
const EVERY = 60_000;

export default function UsagePage() {
  const asked = readQuestion();
  const { span, by, step, filter } = asked;
  const { given, time, traffic, whole } = useTraffic({ span, every: EVERY }, filter);
  const ofRows = { ...filter, ...given, ...(by === "time" ? { step } : { step: "whole", by }) };
  /** @type {Usage} */
  const rows = useResource(withQuery("/usage", ofRows), time);
  const lines = useMemo(() => traffic && requestLines(traffic), [traffic]);
  const csv = withQuery("/api/v1/usage", {
    ...{ since: new Date(relayNow() - span).toISOString(), ...ofRows, format: "csv" },
  });
  return html`
    <${Tools} asked=${asked} csv=${csv} />
    <div class="stack">
      <${Totals} row=${whole} />
      ${traffic && whole && html`
        <${Chart} title=${`Requests in ${duration(traffic.bin)}`} stacked height=${180}
          ...${traffic} lines=${lines} format=${short} onzoom=${zoom} onback=${back} />
      `}
      <${Loaded} ...${rows}>${(/** @type {ListView<UsageView>} */ { items }) =>
        items.length === 0
          ? html`
            <${Empty}
              title="Nothing was asked for in this time">Every request that visitors make is counted here,
              also those that the log leaves out.</${Empty}>
          `
          : html`<${Rows} key=${by} by=${by} items=${items} />`}</${Loaded}>
      <p class="soft small">Days begin at midnight UTC. Minutes are kept for 8 days, hours for 400; p50 and p95
        are right to about a fifth. <a href="/api/v1/reference">The same by the API</a></p>
    </div>
  `;
}

/** What the address asks for. */
function readQuestion() {
  const text = (/** @type {string} */ key) => query.value.get(key) ?? "";
  const own = ownStretch();
  const range = own ? "own" : Object.hasOwn(RANGES, text("range")) ? text("range") : "week";
  const span = own ? own.until - own.since : RANGES[range]?.span || DAY;
  const by = Object.keys(kinds()).find((key) => key === text("by")) ?? "time";
  const steps = Object.keys(STEPS).filter((key) => span <= (STEPS[key] ?? 0));
  const step = steps.find((key) => key === text("step")) ?? (span <= 2 * DAY ? "hour" : "day");
  return { range, span, by, step, steps, filter: { account: text("account"), name: text("name") } };
}

/** What a row may be. @returns {Record<string, string>} */
function kinds() {
  return { time: "Over time", ...(seesAll.value && { account: "Accounts" }), name: "Names" };
}

/** @param {{ asked: ReturnType<typeof readQuestion>, csv: string }} props */
function Tools({ asked: { range, span, by, step, steps, filter }, csv }) {
  const { since, until } = ownStretch() ?? { since: relayNow() - span, until: relayNow() };
  /** @param {string} key */
  const take = (key) =>
    key === "own" ? zoom(since, until) : setQuery({ range: key, since: null, until: null });
  const titles = Object.fromEntries(Object.entries(RANGES).map(([key, { title }]) => [key, title]));
  const turn = (/** @type {number} */ from, /** @type {number} */ to) =>
    from < to && zoom(from, to);
  return html`
    <div class="tools">
      <${Choice} label="Time range" chosen=${range} choices=${titles} onchoice=${take} />
      ${range === "own" && html`
        <${Moment} label="From" value=${since} onchange=${(/** @type {number} */ time) =>
          turn(time, until)} />
        <${Moment} label="to" value=${until} onchange=${(/** @type {number} */ time) =>
          turn(since, time)} />
      `}
      <${Choice} label="What a row is" chosen=${by} choices=${kinds()}
        onchoice=${(/** @type {string} */ key) => setQuery({ by: key === "time" ? null : key })} />
      ${by === "time" && html`
        <${Choice} label="Step" chosen=${step}
          choices=${Object.fromEntries(steps.map((key) => [key, `By ${key}`]))}
          onchoice=${(/** @type {string} */ key) => setQuery({ step: key })} />
      `}
      ${Object.entries(filter).map(([key, value]) =>
        value && html`
          <button type="button" key=${key} onClick=${() => setQuery({ [key]: null })}
            title="Show all">${key} ${value} ×</button>
        `
      )}
      <span class="grow" />
      <a class="button" href=${csv} download><${Icon} name="download" /> CSV</a>
    </div>
  `;
}

/** A moment of this place's time. @param {{ label: string, value: number, onchange: (time: number) => void }} props */
function Moment({ label, value, onchange }) {
  const date = new Date(value);
  const local = new Date(value - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return html`
    <label
      class="row"><span class="soft">${label}</span><input type="datetime-local" value=${local}
        onChange=${(/** @type {any} */ event) =>
          onchange(new Date(event.target.value).getTime())} /></label>
  `;
}

/** @param {{ row: UsageView | undefined }} props */
function Totals({ row }) {
  const total = totalOf(row ? [row] : []);
  const facts = [
    ["Requests", number(total.requests)],
    ["Bytes in", bytes(total.in)],
    ["Bytes out", bytes(total.out)],
    ["5xx", number(total.status["5xx"])],
    ["p50", duration(row?.p50_ms ?? 0)],
    ["p95", duration(row?.p95_ms ?? 0)],
  ];
  return html`<dl class="card totals">${
    facts.map(([term, value]) =>
      html`
        <div key=${term}>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

/** @typedef {import("../parts/table.js").Column<UsageView>} Column */

/**
 * @param {string} title
 * @param {(row: UsageView) => number} sort
 * @param {(value: number) => string} format
 * @param {boolean} [hidden]
 * @returns {Column}
 */
function figure(title, sort, format, hidden = false) {
  return { key: title, title, sort, number: true, hidden, cell: (row) => format(sort(row)) };
}

/** @param {"account" | "name"} key @param {string} title @returns {Column} */
function words(key, title) {
  return {
    ...{ key, title, sort: (row) => row[key] },
    cell: (row) => row[key] || html`<span class="soft">nobody</span>`,
  };
}

/** @type {Column} */
const START = {
  ...{ key: "start", title: "From", sort: (row) => row.start },
  cell: (row) => html`<${Time} value=${row.start} dated />`,
};
const FIGURES = [
  figure("Requests", (row) => row.requests, number),
  figure("In", (row) => row.bytes_in, bytes),
  figure("Out", (row) => row.bytes_out, bytes),
  figure("2xx", (row) => row.status["2xx"], number, true),
  figure("3xx", (row) => row.status["3xx"], number, true),
  figure("4xx", (row) => row.status["4xx"], number),
  figure("5xx", (row) => row.status["5xx"], number),
  figure("p50", (row) => row.p50_ms, duration),
  figure("p95", (row) => row.p95_ms, duration),
];

/** @param {{ by: string, items: readonly UsageView[] }} props */
function Rows({ by, items }) {
  const account = words("account", "Account");
  const name = words("name", "Name");
  const heads = by === "time"
    ? [START]
    : by === "account"
    ? [account]
    : seesAll.value
    ? [name, account]
    : [name];
  /** Down to what a row is made of. @param {UsageView} row */
  const link = ({ account, name }) => {
    const rest = Object.fromEntries(query.value);
    if (by === "account") return hrefWith(["usage"], { ...rest, by: "name", account });
    return hrefWith(["usage"], { ...rest, by: null, account: null, name });
  };
  /** @param {UsageView} row */
  const keyOf = (row) => `${row.start} ${row.account} ${row.name}`;
  const isTime = by === "time";
  return html`
    <${Table} id=${`usage.${by}`} label="Usage" columns=${[...heads, ...FIGURES]} rows=${items}
      keyOf=${keyOf} link=${isTime ? undefined : link} sorted=${isTime ? "-start" : "-Requests"} />
  `;
}
