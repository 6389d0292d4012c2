/** Which bytes of a file a Range field asks for (RFC 9110 section 14). @module */

/** Bytes `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More ranges than this in one field are not looked at: the whole file is the answer. */
const MAX_RANGES = 32;
const SPEC = /^(\d*)-(\d*)$/;

/**
 * The one range to send; null to ignore the field and send everything (200); "unsatisfiable" for 416.
 *
 * Ignored are other units, malformed fields, every range of an empty file, and several ranges that do not join into
 * one: overlapping and touching ones are joined, `multipart/byteranges` is never made, so that no request
 * costs more than one pass over the file.
 */
export function parseRange(field: string, size: number): ByteRange | "unsatisfiable" | null {
  if (size === 0 || !/^bytes=/i.test(field)) return null;
  const ranges: ByteRange[] = [];
  let specs = 0;
  for (const part of field.slice(6).split(",", MAX_RANGES + 1)) {
    const spec = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (spec === "") continue; // empty list elements are allowed
    if (++specs > MAX_RANGES) return null;
    const match = SPEC.exec(spec);
    if (match === null) return null;
    const [, first, last] = match as unknown as [string, string, string];
    if (first === "") {
      if (last === "") return null;
      const length = Number(last);
      if (length > 0) ranges.push({ start: Math.max(0, size - length), end: size });
    } else {
      const start = Number(first);
      if (last !== "" && isLess(last, first)) return null;
      if (start < size) {
        ranges.push({ start, end: last === "" ? size : Math.min(Number(last) + 1, size) });
      }
    }
  }
  if (specs === 0) return null;
  if (ranges.length === 0) return "unsatisfiable";
  ranges.sort((a, b) => a.start - b.start);
  let { start, end } = ranges[0]!;
  for (const range of ranges) {
    if (range.start > end) return null;
    end = Math.max(end, range.end);
  }
  return { start, end };
}

/** Compares decimal digits of any length. */
function isLess(a: string, b: string): boolean {
  const left = a.replace(/^0+/, "");
  const right = b.replace(/^0+/, "");
  return left.length === right.length ? left < right : left.length < right.length;
}
