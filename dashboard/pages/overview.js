/** The page that says how things are: agents, traffic, failures, and where they come from. @module */
// @ts-check

import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import { withQuery } from "../api.js";
import { bytes, counted, duration, number, short, timeOf } from "../format.js";
import { Chart } from "../parts/chart.js";
import { Choice } from "../parts/choice.js";
import { Icon } from "../parts/icon.js";
import { range, RangePicker } from "../parts/range.js";
import { Spark } from "../parts/spark.js";
import { Failure, Loading } from "../parts/states.js";
import { Status } from "../parts/status.js";
import { term, Top } from "../parts/top.js";
import { Welcome } from "../parts/welcome.js";
import { useResource } from "../resource.js";
import { href, query, setQuery } from "../route.js";
import { back, useTraffic, zoom } from "../stretch.js";
import { DAY, failedOf, requestLines } from "../traffic.js";

/** @import { ListView, StatusView, UsageView } from "../../relay/api/mod.ts" */

const SORTS = { requests: "Busiest", slow: "Slowest", errors: "Failing", bytes: "Largest" };
/** Lines of a list. */
const MOST = 8;
const EVER = { last: 390 * DAY, every: 3_000 };

/** Agents while this dashboard has been open, for the spark. @type {number[]} */
let agentsBefore = [];

export default function Overview() {
  /** @type {{ data: StatusView | undefined, error: Error | null, reload: () => Promise<void> }} */
  const { data: status, error, reload } = useResource("/status", { on: ["agent"], every: 5_000 });
  useEffect(() => {
    if (status) agentsBefore = [...agentsBefore, status.agents].slice(-60);
  }, [status]);
  const view = useTraffic(range.value);
  const isQuiet = view.traffic !== null && view.total.requests === 0;
  /** @type {{ data: ListView<UsageView> | undefined }} */
  const ever = useResource(isQuiet ? "/usage?step=day" : null, EVER);
  const failed = error ?? view.error;
  const tools = html`
    <div class="tools">
      <${RangePicker} />
      ${view.own && html`
        <button type="button" onClick=${back}>
          ${timeOf(view.own.since)} – ${timeOf(
            view.own.until,
          )} ×<span class="unseen">Back</span></button>
      `}
    </div>
  `;
  if (!status || !view.traffic || (isQuiet && !ever.data)) {
    return html`${tools}${
      failed ? html`<${Failure} error=${failed} retry=${reload} />` : html`<${Loading} />`
    }`;
  }
  if (isQuiet && ever.data?.items.length === 0) return html`<${Welcome} status=${status} />`;
  return html`
    ${tools}
    ${failed && html`<${Failure} error=${failed} retry=${() => (reload(), view.reload())} />`}
    <${LeftOut} log=${status.log} />
    <div class="stack">
      <${Tiles} status=${status} view=${view} />
      <${Charts} traffic=${view.traffic} />
      <${Panels} ...${view} />
    </div>
  `;
}

/** @param {{ log: StatusView["log"] }} props */
function LeftOut({ log }) {
  const left = log ? log.sampled + log.dropped : 0;
  if (!log || left === 0) return null;
  return html`<p class="note"><${Icon} name="warning" />
    <span>${counted(left, "request")} not in the log since the relay started: ${
    number(log.sampled)
  } too many
      at once, ${number(log.dropped)} could not be written. All are counted here.</span></p>`;
}

/** @param {{ status: StatusView, view: ReturnType<typeof useTraffic> }} props */
function Tiles({ status, view: { own, traffic, total, whole } }) {
  if (traffic === null) return null;
  const failed = total.status["5xx"];
  /** @param {number} sum */
  const mean = (sum) => own ? sum / (own.until - own.since) * 1_000 : 0;
  const now = own
    ? { requests: mean(total.requests), in: mean(total.in), out: mean(total.out) }
    : traffic.now;
  const { text, unit } = rateOf(now.requests);
  return html`
    <div class="tiles">
      <${Tile} title="Agents up" to=${href("agents")} values=${agentsBefore}
        more=${`${counted(status.streams, "stream")} · relay up ${
          duration(Math.floor(status.uptime_ms / 1_000) * 1_000)
        }`}>
        ${number(status.agents)}</${Tile}>
      <${Tile} title="Requests" to=${href("log")} values=${traffic.requests}
        more=${`${number(total.requests)} in all`}>
        ${text}<small> ${unit}</small></${Tile}>
      <${Tile} title="Bytes in · out" to=${href("usage")} values=${traffic.out} color="info"
        more=${`${rate(now.in)} · ${rate(now.out)}${own ? "" : " now"}`}>
        ${bytes(total.in)}<small> · </small>${bytes(total.out)}</${Tile}>
      <${Tile} title="Errors · p95" to=${`${href("log")}?filter=status:5xx`} values=${traffic
        .failed}
        color=${failed > 0 ? "bad" : "off"}
        more=${`${number(failed)} × 5xx · p50 ${duration(whole?.p50_ms ?? 0)}`}>
        ${percent(failedOf(total))}<small> · </small>${duration(whole?.p95_ms ?? 0)}</${Tile}>
    </div>
  `;
}

/** @param {{ title: string, to: string, values: readonly (number | null)[], color?: string, more: string, children: any }} props */
function Tile({ title, to, values, color, more, children }) {
  return html`<a class="card tile" href=${to}><h2>${title}</h2><p class="figure">${children}</p>
    <p class="soft small">${more}</p><${Spark} values=${values} color=${color} /></a>`;
}

/** In a unit by which few are not "0 a second". @param {number} rate a second */
function rateOf(rate) {
  /** @param {number} value */
  const text = (value) => value < 10 ? value.toFixed(1) : short(value);
  return rate >= 0.1 || rate === 0
    ? { text: text(rate), unit: "/ s" }
    : { text: text(rate * 60), unit: "/ min" };
}

/** @param {number} share */
function percent(share) {
  return `${
    share === 0 || share >= 0.1
      ? Math.round(share * 100)
      : (share * 100).toFixed(share < 0.001 ? 2 : 1)
  } %`;
}

/** @param {number} value */
const rate = (value) => `${bytes(Math.round(value))}/s`;

/** @param {{ traffic: import("../traffic.js").Traffic }} props */
function Charts({ traffic }) {
  const { times, bin } = traffic;
  const lines = useMemo(() => {
    return {
      requests: requestLines(traffic),
      bytes: [
        { label: "out", color: "info", values: traffic.out },
        { label: "in", color: "accent", values: traffic.in, dashed: true },
      ],
      times: [
        { label: "p95", color: "warn", values: traffic.p95 },
        { label: "p50", color: "good", values: traffic.p50, dashed: true },
      ],
    };
  }, [traffic]);
  const common = { times, bin, onzoom: zoom, onback: back };
  return html`
    <${Chart} ...${common} title=${`Requests in ${duration(bin)}`} stacked height=${200}
      lines=${lines.requests} format=${short} />
    <div class="pair">
      <${Chart} ...${common} title="Bytes" height=${150} lines=${lines.bytes}
        format=${rate} />
      <${Chart} ...${common} title="Time to answer" height=${150} lines=${lines.times}
        format=${duration} />
    </div>
  `;
}

/** @param {Pick<ReturnType<typeof useTraffic>, "given" | "time">} props */
function Panels({ given, time }) {
  const chosen = query.value.get("paths") ?? "";
  const sort = Object.hasOwn(SORTS, chosen) ? chosen : "requests";
  const names = useResource(withQuery("/usage", { step: "whole", by: "name", ...given }), time);
  const common = { given, time };
  /** @param {string} key */
  const choose = (key) => setQuery({ paths: key === "requests" ? null : key }, { replace: true });
  return html`
    <div class="pair">
      <${Top} title="Busiest names" found=${names} given=${given} lineOf=${nameLine} />
      <${Most} ...${common} by="path" title="Paths" sort=${sort}>
        <${Choice} label="Which paths" chosen=${sort} choices=${SORTS} onchoice=${choose} />
        </${Most}>
        <${Most} ...${common} by="status" title="Statuses" text=${statusText} />
        <${Most} ...${common} by="visitor" title="Busiest visitors" />
        </div>
  `;
}

/** @param {string} value */
const statusText = (value) => html`<${Status} status=${Number(value)} />`;

/** @param {UsageView} row */
const nameLine = ({ name, requests, bytes_out, p95_ms }) => ({
  text: name || "unknown names",
  filter: name ? term("name", name) : 'account:""',
  ...{ size: requests, value: short(requests) },
  more: `${bytes(bytes_out)} · p95 ${duration(p95_ms)}`,
});

/**
 * @param {{ title: string, by: "path" | "status" | "visitor", sort?: string, given: Record<string, string>, time: object,
 *   text?: (value: string) => any, children?: any }} props
 */
function Most({ title, by, sort = "requests", given, time, text, children }) {
  const found = useResource(withQuery("/requests/top", { by, sort, limit: MOST, ...given }), time);
  /** @param {any} item */
  const lineOf = (item) => ({
    text: text ? text(item.value) : item.value,
    filter: term(by === "visitor" ? "ip" : by, item.value),
    ...measures[sort]?.(item),
  });
  return html`
    <${Top} title=${title} found=${found} given=${given}
      lineOf=${lineOf}>${children}</${Top}>
  `;
}

/** What a line says, by what was asked for. @type {Record<string, (item: any) => { size: number, value: string, more: string }>} */
const measures = {
  requests: ({ requests: size, errors }) => ({
    ...{ size, value: short(size) },
    more: errors > 0 ? `${short(errors)} failed` : "",
  }),
  slow: ({ avg_ms: size, max_ms }) => ({
    ...{ size, value: duration(size) },
    more: `at most ${duration(max_ms)}`,
  }),
  errors: ({ errors: size, requests }) => ({
    ...{ size, value: short(size) },
    more: `of ${short(requests)}`,
  }),
  bytes: ({ bytes_in, bytes_out, requests }) => ({
    ...{ size: bytes_in + bytes_out, value: bytes(bytes_in + bytes_out) },
    more: counted(requests, "request"),
  }),
};
