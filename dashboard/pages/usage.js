/** The page that counts: requests and bytes over time, of each account or of each name, and as CSV. @module */
// @ts-check

import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import { relayNow, withQuery } from "../api.js";
import { bytes, duration, number, short } from "../format.js";
import { Chart } from "../parts/chart.js";
import { Icon } from "../parts/icon.js";
import { Empty, Loaded } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { useResource } from "../resource.js";
import { hrefWith, query, setQuery } from "../route.js";
import { seesAll } from "../session.js";
import { DAY, failedOf, planFor, requestLines, totalOf, trafficOf } from "../traffic.js";

/** @import { ListView, UsageView } from "../../relay/api/mod.ts" */
/** @typedef {{ data: ListView<UsageView> | undefined, error: Error | null, reload: () => Promise<void> }} Usage */

const RANGES = /** @type {Record<string, { title: string, span: number }>} */ ({
  day: { title: "Day", span: DAY },
  week: { title: "Week", span: 7 * DAY },
  month: { title: "30 d", span: 30 * DAY },
  quarter: { title: "90 d", span: 90 * DAY },
  own: { title: "Dates", span: 0 },
});
/** Steps with the longest stretch that each can be asked for. */
const STEPS = { minute: 33 * 3_600_000, hour: 80 * DAY, day: Infinity };
const EVERY = 60_000;

export default function UsagePage() {
  const asked = readQuestion();
  const { since, until, span, by, step, account, name } = asked;
  const plan = planFor(span, relayNow() - (since ?? relayNow() - span));
  const given = {
    ...{ account, name },
    since: since === undefined ? undefined : new Date(since).toISOString(),
    until: until === undefined ? undefined : new Date(until).toISOString(),
  };
  const time = since === undefined ? { last: span, every: EVERY } : {};
  const ofRows = { ...given, ...(by === "time" ? { step } : { step: "whole", by }) };
  /** @type {Usage} */
  const lines = useResource(withQuery("/usage", { step: plan.step, ...given }), time);
  /** @type {Usage} */
  const rows = useResource(withQuery("/usage", ofRows), time);
  /** @type {Usage} */
  const whole = useResource(withQuery("/usage", { step: "whole", ...given }), time);
  const traffic = useMemo(() => {
    if (lines.data === undefined) return null;
    const now = relayNow();
    const stretch = { since: since ?? now - span, until: until ?? now };
    return trafficOf(lines.data.items, { ...stretch, bin: plan.bin, now });
  }, [lines.data]);
  const chart = useMemo(() => traffic && requestLines(traffic), [traffic]);
  const csv = withQuery("/api/v1/usage", {
    ...ofRows,
    since: given.since ?? new Date(relayNow() - span).toISOString(),
    format: "csv",
  });
  return html`
    <${Tools} asked=${asked} csv=${csv} />
    <div class="stack">
      <${Totals} rows=${whole.data?.items ?? []} />
      ${traffic && html`
        <${Chart} title=${`Requests in ${duration(traffic.bin)}`} stacked height=${180}
          times=${traffic.times} bin=${traffic.bin} lines=${chart} format=${short}
          onzoom=${(/** @type {number} */ from, /** @type {number} */ to) => setOwn(from, to)}
          onback=${() => setQuery({ since: null, until: null })} />
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
  const [from, to] = [Date.parse(text("since")), Date.parse(text("until"))];
  const isOwn = from < to;
  const range = isOwn ? "own" : RANGES[text("range")]?.span ? text("range") : "week";
  const span = isOwn ? to - from : RANGES[range]?.span ?? DAY;
  const by = text("by") === "name"
    ? "name"
    : text("by") === "account" && seesAll.value
    ? "account"
    : "time";
  const steps = /** @type {(keyof typeof STEPS)[]} */ (Object.keys(STEPS)).filter((key) =>
    span <= STEPS[key]
  );
  const step = steps.find((key) => key === text("step")) ?? (span <= 2 * DAY ? "hour" : "day");
  const own = isOwn ? { since: from, until: to } : {};
  return {
    ...{ range, span, by, step, steps },
    ...{ since: undefined, until: undefined, ...own },
    ...{ account: text("account"), name: text("name") },
  };
}

/** @param {number} since @param {number} until */
function setOwn(since, until) {
  setQuery({
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    range: null,
  });
}

/** @param {{ asked: ReturnType<typeof readQuestion>, csv: string }} props */
function Tools({ asked: { range, span, since, until, by, step, steps, account, name }, csv }) {
  const from = since ?? relayNow() - span;
  const to = until ?? relayNow();
  /** @param {string} key */
  const take = (key) =>
    key === "own" ? setOwn(from, to) : setQuery({ range: key, since: null, until: null });
  const kinds = {
    time: "Over time",
    ...(seesAll.value ? { account: "Accounts" } : {}),
    name: "Names",
  };
  return html`
    <div class="tools">
      <${Choice} label="Time range" chosen=${range} onchoice=${take}
        choices=${Object.entries(RANGES).map(([key, { title }]) => [key, title])} />
      ${range === "own" && html`
        <${Moment} label="From" value=${from} onchange=${(/** @type {number} */ time) =>
          time < to && setOwn(time, to)} />
        <${Moment} label="to" value=${to} onchange=${(/** @type {number} */ time) =>
          from < time && setOwn(from, time)} />
      `}
      <${Choice} label="What a row is" chosen=${by} choices=${Object.entries(kinds)}
        onchoice=${(/** @type {string} */ key) => setQuery({ by: key === "time" ? null : key })} />
      ${by === "time" && html`
        <${Choice} label="Step" chosen=${step}
          choices=${steps.map((key) => [key, `By ${key}`])}
          onchoice=${(/** @type {string} */ key) => setQuery({ step: key })} />
      `}
      ${Object.entries({ account, name }).map(([key, value]) =>
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

/** @param {{ label: string, chosen: string, choices: readonly (readonly [string, string])[], onchoice: (key: string) => void }} props */
function Choice({ label, chosen, choices, onchoice }) {
  return html`<div class="choice" role="group" aria-label=${label}>${
    choices.map(([key, title]) =>
      html`
        <button type="button" key=${key} aria-pressed=${key === chosen}
          onClick=${() => onchoice(key)}>${title}</button>
      `
    )
  }</div>`;
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

/** @param {{ rows: readonly UsageView[] }} props */
function Totals({ rows }) {
  const total = totalOf(rows);
  const facts = [
    ["Requests", number(total.requests)],
    ["Bytes in", bytes(total.in)],
    ["Bytes out", bytes(total.out)],
    ["5xx", number(total.status["5xx"])],
    ["p50", duration(rows[0]?.p50_ms ?? 0)],
    ["p95", duration(rows[0]?.p95_ms ?? 0)],
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

/** @param {{ by: string, items: readonly UsageView[] }} props */
function Rows({ by, items }) {
  const text = (/** @type {"account" | "name"} */ key, /** @type {string} */ title) => ({
    ...{ key, title },
    cell: (/** @type {UsageView} */ row) => row[key] || html`<span class="soft">nobody</span>`,
    sort: (/** @type {UsageView} */ row) => row[key],
  });
  const start = {
    ...{ key: "start", title: "From" },
    cell: (/** @type {UsageView} */ row) => html`<${Time} value=${row.start} />`,
    sort: (/** @type {UsageView} */ row) => row.start,
  };
  const first = by === "time"
    ? start
    : by === "name"
    ? text("name", "Name")
    : text("account", "Account");
  /** @type {readonly [string, string, (row: UsageView) => number, (value: number) => string, boolean?][]} */
  const numbers = [
    ["requests", "Requests", (row) => row.requests, number],
    ["in", "In", (row) => row.bytes_in, bytes],
    ["out", "Out", (row) => row.bytes_out, bytes],
    ["2xx", "2xx", (row) => row.status["2xx"], number, true],
    ["3xx", "3xx", (row) => row.status["3xx"], number, true],
    ["4xx", "4xx", (row) => row.status["4xx"], number],
    ["5xx", "5xx", (row) => row.status["5xx"], number],
    ["failed", "Failed", failedOf, (share) => `${(share * 100).toFixed(1)} %`, true],
    ["p50", "p50", (row) => row.p50_ms, duration],
    ["p95", "p95", (row) => row.p95_ms, duration],
  ];
  const columns = [
    { ...first, fixed: true },
    ...(by === "name" && seesAll.value ? [text("account", "Account")] : []),
    ...numbers.map(([key, title, value, format, hidden]) => ({
      ...{ key, title, number: true, hidden, sort: value },
      cell: (/** @type {UsageView} */ row) => format(value(row)),
    })),
  ];
  /** Down to what a row is made of. @param {UsageView} row */
  const link = ({ account, name }) => {
    const rest = Object.fromEntries(query.value);
    if (by === "account") return hrefWith(["usage"], { ...rest, by: "name", account });
    return hrefWith(["usage"], { ...rest, by: null, account: null, name });
  };
  return html`
    <${Table} id=${`usage.${by}`} label="Usage" columns=${columns} rows=${items}
      keyOf=${(/** @type {UsageView} */ row) => `${row.start} ${row.account} ${row.name}`}
      link=${by === "time" ? undefined : link} sorted=${by === "time" ? "-start" : "-requests"} />
  `;
}
