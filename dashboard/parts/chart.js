/** Charts over time, by uPlot, which is fetched when the first one is shown. @module */
// @ts-check

import { signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { timeOf } from "../format.js";
import { theme } from "../theme.js";

/** @typedef {typeof import("uplot")} Plot */

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} color a token's name
 * @property {readonly (number | null)[]} values
 * @property {boolean} [dashed]
 */

/**
 * @typedef {object} ChartProps
 * @property {string} title
 * @property {readonly number[]} times where each step begins, ms since 1970
 * @property {number} bin ms of a step
 * @property {readonly Line[]} lines
 * @property {boolean} [stacked] as bars, the first line above the others
 * @property {number} [height]
 * @property {(value: number) => string} format
 * @property {(since: number, until: number) => void} [onzoom]
 * @property {() => void} [onback]
 */

/** Its share of the height which anything at all gets in a stack: one failure among thousands is seen. */
const LEAST = 0.015;
const DAY = 86_400_000;
const WHOLE = Array.from(
  { length: 42 },
  (_, k) => (k % 3 ? k % 3 * 3 - 1 : 1) * 10 ** Math.floor(k / 3),
);

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = signal(dark.matches);
dark.addEventListener("change", () => isDark.value = dark.matches);

const clocks = [
  new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }),
  new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  new Intl.DateTimeFormat(undefined, {
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  }),
];

const none = () => [];
/** The places of values that make no line, as they have no neighbour. @param {uPlot} plot @param {number} at */
function alone({ data }, at) {
  const places = Array.from(data[at] ?? [], (value, i) => value === null ? -1 : i)
    .filter((i) => i >= 0);
  return places.length === 1 ? places : [];
}

/** @type {Promise<Plot> | undefined} */
let fetched;

function fetchPlot() {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = "/static/vendor/uplot.css";
  const styled = new Promise((resolve) => sheet.onload = sheet.onerror = resolve);
  document.head.append(sheet);
  return Promise.all([import("uplot"), styled]).then(([module]) => module.default);
}

/** What a colour of the style is on this page, now: a canvas knows no tokens. @param {string} text */
function colour(text) {
  const probe = document.createElement("i");
  probe.style.color = text;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @param {ChartProps} props */
export function Chart(props) {
  const { title, times, lines, stacked = false, height = 180, format } = props;
  const at = useSignal(/** @type {number | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {InstanceType<Plot> | null} */ (null));
  const now = useRef(props);
  now.current = props;
  const colours = `${theme.value} ${isDark.value} ${lines.map(({ color }) => color)}`;
  useEffect(() => {
    let isOver = false;
    const element = /** @type {HTMLElement} */ (box.current);
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height })
    );
    (fetched ??= fetchPlot()).then((uPlot) => {
      if (isOver) return;
      plot.current = new uPlot(
        optionsFor(uPlot, now, { width: element.clientWidth, height, at }),
        dataOf(now.current),
        element,
      );
      resized.observe(element);
    }, () => fetched = undefined);
    return () => {
      isOver = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [colours, stacked, height]);
  useEffect(() => plot.current?.setData(dataOf(now.current)), [times, lines]);

  const i = at.value !== null && at.value < times.length ? at.value : null;
  /** All of a stack, the last of a line. @param {Line} line */
  const sumOf = ({ values }) =>
    stacked
      ? values.reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0)
      : values.findLast((value) => value !== null) ?? 0;
  const words = lines.map((one) => {
    const most = Math.max(0, ...one.values.map((value) => value ?? 0));
    return `${one.label} ${format(sumOf(one))}${stacked ? " in all" : ""}, at most ${format(most)}`;
  });
  return html`
    <figure class="chart card">
      <figcaption>
          <h2>${title}</h2>
          ${i !== null && html`<span class="soft small">${timeOf(times[i] ?? 0)}</span>`}
          <ul class="legend">${lines.map((one) =>
            html`<li key=${one.label}><i class=${one.dashed ? "dashed" : ""} style=${{
              color: `var(--${one.color})`,
            }} />${one.label}${" "}
              <b>${format(i === null ? sumOf(one) : one.values[i] ?? 0)}</b></li>`
          )}</ul>
        </figcaption>
      <div ref=${box} style=${{ height: `${height}px` }} role="img"
        aria-label=${`${title}: ${words.join("; ")}`} />
    </figure>
  `;
}

/**
 * @param {ChartProps} props
 * @returns {import("uplot").AlignedData}
 */
function dataOf({ times, lines, stacked }) {
  if (!stacked) return [[...times], ...lines.map(({ values }) => [...values])];
  const sums = times.map((_, i) => lines.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const least = Math.max(...sums) * LEAST;
  const below = times.map(() => 0);
  // From the last line up: each is painted over what is above it.
  const layers = lines.toReversed().map(({ values }) =>
    values.map((value, i) => below[i] = (below[i] ?? 0) + (value ? Math.max(value, least) : 0))
  );
  return [[...times], ...layers.toReversed()];
}

/**
 * @param {Plot} uPlot
 * @param {{ current: ChartProps }} now
 * @param {{ width: number, height: number, at: import("@preact/signals").Signal<number | null> }} where
 * @returns {import("uplot").Options}
 */
function optionsFor(uPlot, now, { width, height, at }) {
  const { lines, stacked } = now.current;
  const axis = {
    stroke: colour("var(--soft)"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
  };
  const line = { stroke: colour("var(--line)"), width: 1 };
  const gap = width / now.current.times.length < 5 ? 0 : 1;
  const paths = stacked ? uPlot.paths.bars?.({ align: 1, size: [1, 1_000], gap }) : null;
  return {
    ...{ width, height, ms: 1, legend: { show: false }, padding: [8, 24, 0, 0] },
    scales: {
      x: {
        range: () => {
          const { times, bin } = now.current;
          return [times[0] ?? 0, (times.at(-1) ?? 0) + (stacked || times.length < 2 ? bin : 0)];
        },
      },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { ...line, size: 4 },
        size: 26,
        space: 76,
        values: clock,
      },
      {
        ...axis,
        ...{ grid: line, ticks: { show: false }, size: 62, space: 34, gap: 6 },
        // There is no half a request.
        ...(stacked ? { incrs: WHOLE } : {}),
        values: (_, values) => values.map((value) => now.current.format(value)),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color, dashed }) => /** @type {import("uplot").Series} */ ({
        // One value alone makes no line.
        ...{
          label,
          spanGaps: true,
          points: { show: false, size: 5, filter: stacked ? none : alone },
        },
        ...(stacked
          ? {
            fill: colour(`color-mix(in srgb, var(--${color}) 72%, var(--card))`),
            width: 0,
            paths,
          }
          : { stroke: colour(`var(--${color})`), width: 1.5, dash: dashed ? [5, 3] : [] }),
      })),
    ],
    cursor: {
      ...{ y: false, points: { show: !stacked, size: 6 } },
      drag: { x: now.current.onzoom !== undefined, y: false, setScale: false, dist: 4 },
      // The others only point to the same moment.
      sync: { key: "time", filters: { pub: (type) => /^mouse(move|leave|enter)$/.test(type) } },
      bind: { dblclick: () => () => (now.current.onback?.(), null) },
    },
    hooks: {
      setCursor: [(plot) => {
        const { left = -1 } = plot.cursor;
        const { times, bin } = now.current;
        const i = Math.floor((plot.posToVal(left, "x") - (times[0] ?? 0)) / bin);
        at.value = left < 0 || i < 0 || i >= times.length ? null : i;
      }],
      setSelect: [(plot) => {
        const { left, width: wide } = plot.select;
        if (wide < 4) return;
        const { bin, onzoom } = now.current;
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")];
        onzoom?.(Math.floor(from / bin) * bin, Math.ceil(to / bin) * bin);
      }],
    },
  };
}

/** Times at an axis, as fine as they lie apart; where a day begins, the day. @type {import("uplot").Axis.DynamicValues} */
function clock(_, times, __, ___, apart) {
  return times.map((time) => {
    const date = new Date(time);
    const isDay = apart >= DAY || date.getHours() + date.getMinutes() + date.getSeconds() === 0;
    return clocks[isDay ? 0 : apart < 60_000 ? 2 : 1]?.format(date) ?? "";
  });
}
