/** Metrics as text: OpenMetrics 1.0, and the older text format of Prometheus (0.0.4). @module */

/** What tells the series of a family apart; values may be any text. */
export type Labels = Readonly<Record<string, string>>;

/** One series' value. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** A histogram's series. */
export interface Histogram {
  readonly labels?: Labels;
  /** Upper bounds, included; one fewer than there are counts, whose last has no bound. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket, not summed up. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** Metrics of one name. It ends with the unit where there is one, and never with `_total` or `_info`. */
export type Family =
  & { readonly name: string; readonly help: string; readonly unit?: "seconds" | "bytes" }
  & (
    | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
    | { readonly type: "info"; readonly labels: Labels }
    | { readonly type: "histogram"; readonly histograms: readonly Histogram[] }
  );

/** A form of the text, and its media type. */
export type Format = "openmetrics" | "classic";

/** What goes into Content-Type. */
export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  classic: "text/plain; version=0.0.4; charset=utf-8",
};

/** The form that an Accept field asks for (RFC 9110 section 12.5.1): OpenMetrics, unless plain text is wanted more. */
export function formatFor(accept: string): Format {
  const wanted = { openmetrics: 0, plain: 0 };
  for (const item of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim());
    const written = parameters.find((parameter) => /^q\s*=/.test(parameter))?.split("=")[1];
    const quality = written === undefined ? 1 : Number(written) || 0;
    if (type === "application/openmetrics-text") {
      wanted.openmetrics = Math.max(wanted.openmetrics, quality);
    } else if (type === "text/plain") wanted.plain = Math.max(wanted.plain, quality);
  }
  return wanted.plain > wanted.openmetrics ? "classic" : "openmetrics";
}

/** All families in the form asked for. */
export function exposition(families: Iterable<Family>, format: Format): string {
  let text = "";
  for (const family of families) text += familyText(family, format === "openmetrics");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function familyText(family: Family, isOpen: boolean): string {
  const { name, type, unit, help } = family;
  const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
  // The older form calls a family as its samples are called, and knows no info.
  const title = isOpen ? name : name + suffix;
  const lines = [`# TYPE ${title} ${!isOpen && type === "info" ? "gauge" : type}`];
  if (isOpen && unit !== undefined) lines.push(`# UNIT ${title} ${unit}`);
  lines.push(`# HELP ${title} ${isOpen ? escape(help) : help.replace(/[\\\n]/g, escapeOne)}`);
  if (type === "info") lines.push(`${name}_info${braced(family.labels)} 1`);
  else if (type === "histogram") {
    for (const histogram of family.histograms) lines.push(...histogramLines(name, histogram));
  } else {
    for (const { labels, value } of family.samples) {
      lines.push(`${name}${suffix}${braced(labels)} ${numberText(value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function histogramLines(name: string, { labels, bounds, counts, sum }: Histogram): string[] {
  const lines: string[] = [];
  let count = 0;
  for (let i = 0; i < counts.length; i++) {
    count += counts[i]!;
    const le = i < bounds.length ? boundText(bounds[i]!) : "+Inf";
    lines.push(`${name}_bucket${braced({ ...labels, le })} ${count}`);
  }
  lines.push(`${name}_count${braced(labels)} ${count}`, `${name}_sum${braced(labels)} ${sum}`);
  return lines;
}

function braced(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, escapeOne);
}

function escapeOne(char: string): string {
  return char === "\n" ? "\\n" : `\\${char}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** A whole bound is written `1.0`, so that everybody writes the same label. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
