/** Usage over time as charts need it: every moment there, in steps that fit on a screen. @module */
// @ts-check

/** @import { UsageView } from "../relay/api/mod.ts" */

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
export const DAY = 86_400_000;
/** Steps shown. */
const BINS = [1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 21_600, 86_400].map((s) => s * SECOND);
/** More are too thin to be seen. */
const MOST_BINS = 200;
/** The API gives so many at once. */
const MOST_STEPS = 2_000;
const STEPS = /** @type {const} */ ([
  { step: "second", ms: SECOND, kept: 15.5 * MINUTE },
  { step: "minute", ms: MINUTE, kept: 8 * DAY },
  { step: "hour", ms: HOUR, kept: 400 * DAY },
]);
/** What is written this late is not missing yet, ms. */
const LATE = SECOND;
/** "Now" is the mean of so long, ms. */
const RECENT = 10 * SECOND;

export const CLASSES = /** @type {const} */ (["1xx", "2xx", "3xx", "4xx", "5xx"]);

/**
 * In which steps to ask for `span` ms, the first of which is `age` ms old, and in which to show them (ms).
 * @param {number} span
 * @param {number} [age]
 */
export function planFor(span, age = span) {
  const bin = BINS.find((ms) => span / ms <= MOST_BINS) ?? DAY;
  const fit =
    STEPS.findLast(({ ms, kept }) => ms <= bin && age <= kept && span / ms < MOST_STEPS) ??
      STEPS.find(({ ms, kept }) => age <= kept && span / ms < MOST_STEPS);
  return { step: fit?.step ?? "day", bin: Math.max(bin, fit?.ms ?? DAY) };
}

/** Sums, to which rows are added. */
function nothing() {
  return {
    ...{ requests: 0, in: 0, out: 0, p50: 0, p95: 0 },
    status: { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 },
  };
}

/** @param {ReturnType<typeof nothing>} sum @param {UsageView} row */
function add(sum, row) {
  sum.requests += row.requests;
  sum.in += row.bytes_in;
  sum.out += row.bytes_out;
  // A mean by how many each row stands for: near enough for a line.
  sum.p50 += row.p50_ms * row.requests;
  sum.p95 += row.p95_ms * row.requests;
  for (const kind of CLASSES) sum.status[kind] += row.status[kind];
}

/** What usage rows come to together. @param {readonly UsageView[]} rows */
export function totalOf(rows) {
  const total = nothing();
  for (const row of rows) add(total, row);
  return total;
}

/** The share of requests that failed, 0 to 1. @param {{ requests: number, status: { "5xx": number } }} sum */
export function failedOf({ requests, status }) {
  return requests === 0 ? 0 : status["5xx"] / requests;
}

/** @typedef {ReturnType<typeof trafficOf>} Traffic */

/**
 * Usage rows in bins of one length (ms) without gaps; bytes a second.
 * @param {readonly UsageView[]} rows of all together, a row a step at most
 * @param {{ since: number, until: number, bin: number, now: number }} when ms since 1970
 */
export function trafficOf(rows, { since, until, bin, now }) {
  const last = Math.min(until, now - LATE);
  const first = Math.ceil(since / bin);
  // One that has only begun says nothing yet.
  const count = Math.max(1, Math.floor(last / bin + 0.75) - first);
  const bins = Array.from({ length: count }, (_, i) => {
    const time = (first + i) * bin;
    return { ...nothing(), time, seconds: Math.min(bin, Math.max(1, last - time)) / SECOND };
  });
  for (const row of rows) {
    const sum = bins[Math.floor(Date.parse(row.start) / bin) - first];
    if (sum !== undefined) add(sum, row);
  }
  const recent = bins.slice(-Math.max(1, Math.ceil(RECENT / bin)));
  const rate = (/** @type {"requests" | "in" | "out"} */ key) =>
    recent.reduce((sum, one) => sum + one[key], 0) /
    recent.reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    bin,
    times: bins.map(({ time }) => time),
    requests: bins.map(({ requests }) => requests),
    classes: CLASSES.map((kind) => bins.map(({ status }) => status[kind])),
    in: bins.map((sum) => sum.in / sum.seconds),
    out: bins.map((sum) => sum.out / sum.seconds),
    failed: bins.map(failedOf),
    p50: bins.map((sum) => sum.requests === 0 ? null : sum.p50 / sum.requests),
    p95: bins.map((sum) => sum.requests === 0 ? null : sum.p95 / sum.requests),
    /** A second, of late. */
    now: { requests: rate("requests"), in: rate("in"), out: rate("out") },
  };
}

/** Requests by status, for a stack. @param {{ classes: number[][] }} traffic */
export function requestLines({ classes }) {
  const colors = ["off", "good", "info", "warn", "bad"];
  return CLASSES.map((kind, k) => ({
    // Below 200 are answers that switched protocols, and none at all.
    label: k === 0 ? "gone" : kind,
    color: colors[k] ?? "off",
    values: classes[k] ?? [],
  })).filter(({ values }, k) => k > 0 || values.some((count) => count > 0));
}
