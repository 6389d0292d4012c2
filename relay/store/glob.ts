/** Globs over texts, as SQLite's LIKE sees them: letters of ASCII in any case. @module */

/** Whether a glob is so simple that LIKE takes few steps for it: one short text without question marks, stars only around it. */
export function isSimple(glob: string): boolean {
  return glob.length <= 32 && /^\**[^*?]*\**$/.test(glob);
}

/**
 * Tells whether all of a text fits `glob`: `*` is any text, `?` one character. What stands between the stars is looked
 * for from left to right, once: the steps grow with the length of the text only.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const parts = lower(glob).split("*");
  const first = parts.shift()!;
  const last = parts.pop();
  const middle = parts.filter((part) => part !== "").map((part) => ({
    length: part.length,
    find: finder(part),
  }));
  return (text) => {
    const letters = lower(text);
    if (last === undefined) return letters.length === first.length && fits(letters, first, 0);
    const end = letters.length - last.length;
    if (end < first.length || !fits(letters, first, 0) || !fits(letters, last, end)) return false;
    let at = first.length;
    for (const { length, find } of middle) {
      const found = find(letters, at);
      if (found < 0 || found + length > end) return false;
      at = found + length;
    }
    return true;
  };
}

/** Finds where a part first is in a text, from a place on; -1 where it is not. */
type Finder = (text: string, start: number) => number;

function finder(part: string): Finder {
  if (!part.includes("?")) return (text, start) => text.indexOf(part, start);
  const bits = bitsOf(part);
  return (text, start) => {
    // Shift-and (Baeza-Yates and Gonnet, 1992): bit i says that the text up to here ends with the part up to i.
    const state = new Uint32Array(bits.words);
    for (let at = start; at < text.length; at++) {
      const mask = bits.of.get(text[at]!) ?? bits.any;
      let carry = 1;
      for (let word = 0; word < bits.words; word++) {
        const before = state[word]!;
        state[word] = ((before << 1) | carry) & mask[word]!;
        carry = before >>> 31;
      }
      if ((state[bits.words - 1]! & bits.last) !== 0) return at + 1 - part.length;
    }
    return -1;
  };
}

/** For each character of a part where in it that may stand, 32 places a word; `any` for all others. */
function bitsOf(part: string) {
  const words = Math.ceil(part.length / 32);
  const any = new Uint32Array(words);
  const places = [...Array(part.length).keys()];
  const add = (mask: Uint32Array, at: number) => mask[at >>> 5]! |= 1 << (at & 31);
  for (const at of places) if (part[at] === "?") add(any, at);
  const of = new Map<string, Uint32Array>();
  for (const at of places) {
    const letter = part[at]!;
    if (letter === "?") continue;
    let mask = of.get(letter);
    if (mask === undefined) of.set(letter, mask = any.slice());
    add(mask, at);
  }
  return { words, any, of, last: 1 << ((part.length - 1) & 31) };
}

function fits(text: string, part: string, at: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== "?" && part[i] !== text[at + i]) return false;
  }
  return true;
}

let lastText = "";
let lastLower = "";

/** Many globs are held against the same text, one after the other. */
function lower(text: string): string {
  if (text === lastText) return lastLower;
  lastText = text;
  return lastLower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
