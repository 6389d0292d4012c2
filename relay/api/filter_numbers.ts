/** Numbers of a filter: `5`, `>5`, `<=5KiB`, `1..5s`. @module */

/** How many whole ones of what is kept each unit is; "" is the one that is not written. */
export const UNITS = {
  count: { "": 1 },
  /** In microseconds. */
  duration: { "": 1_000, ms: 1_000, s: 1_000_000, m: 60_000_000 },
  size: {
    ...{ "": 1, b: 1, k: 1e3, m: 1e6, g: 1e9, kb: 1e3, mb: 1e6, gb: 1e9 },
    ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
  },
} as const satisfies Record<string, Readonly<Record<string, number>>>;

/** Whole numbers, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

const MOST = Number.MAX_SAFE_INTEGER;
const COMPARED = /^(>=|<=|>|<|)(\d{1,15}(?:\.\d{1,6})?)([a-z]{0,3})$/i;
const BETWEEN = /^(\d{1,15}(?:\.\d{1,6})?)([a-z]{0,3})\.\.(\d{1,15}(?:\.\d{1,6})?)([a-z]{0,3})$/i;

/** The numbers that `text` says; undefined where it says none. A bound without a unit has the other's. */
export function readNumbers(
  text: string,
  units: Readonly<Record<string, number>>,
): NumberRange | undefined {
  const between = BETWEEN.exec(text);
  if (between !== null) {
    const [, first = "", unit = "", last = "", lastUnit = ""] = between;
    const from = scaled(first, unit || lastUnit, units);
    const to = scaled(last, lastUnit, units);
    if (from === undefined || to === undefined) return undefined;
    return { from: Math.ceil(from), to: Math.floor(to) };
  }
  const [, sign, digits = "", unit = ""] = COMPARED.exec(text) ?? [];
  const value = sign === undefined ? undefined : scaled(digits, unit, units);
  if (value === undefined) return undefined;
  switch (sign) {
    case ">":
      return { from: Math.floor(value) + 1, to: MOST };
    case ">=":
      return { from: Math.ceil(value), to: MOST };
    case "<":
      return { from: 0, to: Math.ceil(value) - 1 };
    case "<=":
      return { from: 0, to: Math.floor(value) };
    default:
      // All that rounds down to it: nobody means 5.000 ms by 5 ms.
      return { from: Math.ceil(value), to: Math.ceil(value + (units[""] ?? 1)) - 1 };
  }
}

function scaled(
  digits: string,
  unit: string,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const key = unit.toLowerCase();
  const factor = Object.hasOwn(units, key) ? units[key] : undefined;
  const value = factor === undefined ? NaN : Number(digits) * factor;
  return value <= MOST / 2 ? value : undefined;
}
