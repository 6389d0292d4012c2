/** A strict reader of OpenMetrics 1.0 text, for tests: what is not by the book throws. @module */

import assert from "node:assert/strict";

/** One sample line. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One family, as it was described. */
export interface ReadFamily {
  readonly type: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: ReadSample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  info: ["_info"],
  histogram: ["_bucket", "_count", "_sum"],
};

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const VALUE = String.raw`[-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)|NaN`;

/** Reads a whole exposition. @throws {AssertionError} at the first line that is not allowed. */
export function readOpenMetrics(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith("\n# EOF\n") || text === "# EOF\n", "ends with # EOF and a line feed");
  assert.ok(!text.includes("\r"), "has no carriage returns");
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let current:
    | { name: string; family: { -readonly [K in keyof ReadFamily]: ReadFamily[K] } }
    | null = null;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const described = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`).exec(line);
    if (described !== null) {
      const [, what, name = "", rest = ""] = described;
      if (what === "TYPE") {
        assert.ok(!families.has(name), `${name} is described once`);
        assert.ok(rest in SUFFIXES, `${rest} is a type`);
        assert.doesNotMatch(name, /_(total|info|bucket|count|sum|created)$/);
        current = { name, family: { type: rest, unit: "", help: "", samples: [] } };
        families.set(name, current.family);
      }
      assert.equal(name, current?.name, `${line}: after its TYPE`);
      assert.equal(current!.family.samples.length, 0, `${line}: before its samples`);
      if (what === "UNIT") {
        assert.ok(name.endsWith(`_${rest}`), `${name} ends with its unit`);
        current!.family.unit = rest;
      }
      if (what === "HELP") current!.family.help = unescape(rest);
      continue;
    }
    const sample = readSample(line);
    assert.ok(current !== null, `${line}: belongs to a family`);
    const { type } = current.family;
    const suffix = SUFFIXES[type]!.find((end) => sample.name === current!.name + end);
    assert.notEqual(suffix, undefined, `${sample.name} is no ${type} of ${current.name}`);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    assert.ok(!seen.has(key), `${line}: is there once`);
    seen.add(key);
    if (type === "counter") assert.ok(sample.value >= 0, `${line}: no counter is negative`);
    if (type === "info") assert.equal(sample.value, 1);
    current.family.samples.push(sample);
  }
  for (const [name, family] of families) {
    if (family.type === "histogram") checkHistogram(name, family.samples);
    if (/_(seconds|bytes)$/.test(name)) {
      assert.ok(name.endsWith(`_${family.unit}`), `${name}: unit`);
    }
    assert.match(family.help, /\.$/, `${name}: a help of whole sentences`);
  }
  return families;
}

function readSample(line: string): ReadSample {
  const start = new RegExp(`^(${NAME})`).exec(line);
  assert.ok(start, `${line}: begins with a name`);
  const labels: Record<string, string> = {};
  let rest = line.slice(start[0].length);
  if (rest.startsWith("{")) {
    const pair = /^[{,]([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;
    let found = pair.exec(rest);
    while (found !== null) {
      const [whole, name = "", value = ""] = found;
      assert.ok(!(name in labels), `${line}: ${name} is there once`);
      labels[name] = unescape(value);
      rest = rest.slice(whole.length);
      found = rest.startsWith(",") ? pair.exec(rest) : null;
    }
    assert.ok(rest.startsWith("}"), `${line}: labels end`);
    rest = rest.slice(1);
  }
  const value = new RegExp(`^ (${VALUE})$`).exec(rest)?.[1];
  assert.ok(value, `${line}: ends with a value`);
  return { name: start[0], labels, value: Number(value.replace("Inf", "Infinity")) };
}

function checkHistogram(name: string, samples: readonly ReadSample[]): void {
  const buckets = samples.filter((sample) => sample.name.endsWith("_bucket"));
  const bounds = buckets.map(({ labels }) => Number(labels.le?.replace("Inf", "Infinity")));
  assert.equal(bounds.at(-1), Infinity, `${name}: the last bucket has no bound`);
  for (const [i, bucket] of buckets.entries()) {
    assert.ok(i === 0 || bounds[i]! > bounds[i - 1]!, `${name}: bounds grow`);
    assert.ok(i === 0 || bucket.value >= buckets[i - 1]!.value, `${name}: buckets are summed up`);
  }
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  assert.equal(buckets.at(-1)!.value, count, `${name}: the last bucket has all`);
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, char) => char === "n" ? "\n" : char);
}
