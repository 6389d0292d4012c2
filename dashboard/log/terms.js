/** Terms of a filter as text: `status:5xx -path:"a b"`. @module */
// @ts-check

const WORD = /(?:[^ \t"]|"[^"]*"?)+/g;

/** @param {string} filter @returns {string[]} */
export function termsOf(filter) {
  return filter.match(WORD) ?? [];
}

/** The filter with the term, or without it where it has it. @param {string} filter @param {string} term */
export function toggleTerm(filter, term) {
  const terms = termsOf(filter);
  const rest = terms.filter((one) => one !== term);
  return (rest.length < terms.length ? rest : [...terms, term]).join(" ");
}

/** What may stand where the caret is. */
const VALUES = /** @type {Record<string, [string, string[]]>} */ ({
  status: ["404, 5xx, >=400", ["2xx", "3xx", "4xx", "5xx", ">=400", "404", "0"]],
  method: ["GET, POST", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]],
  name: ["a name, or x*", []],
  account: ["whose name", []],
  path: ["*.jpg, /blog/*", []],
  ip: ["an address, or 10.0.0.0/8", []],
  ms: [">500, 100..500", [">100", ">500", ">1000", "<10"]],
  ttfb: ["until the first byte", [">100", ">500", ">1000", "<10"]],
  in: ["bytes from the visitor", [">1KB", ">1MB", ">100MB"]],
  out: ["bytes to the visitor", [">1KB", ">1MB", ">100MB"]],
  agent: ["an agent's id", []],
  id: ["a request's id", []],
});

/**
 * What could be meant by the word before `caret`.
 * @param {string} text
 * @param {number} caret
 * @param {Record<string, string[]>} known further values by key
 * @returns {{ from: number, choices: { text: string, about: string }[] }} choices take the place of what is
 *   between `from` and the caret
 */
export function complete(text, caret, known) {
  const word = /(?:[^ \t"]|"[^"]*"?)*$/.exec(text.slice(0, caret))?.[0] ?? "";
  const [, sign = "", key, begun = ""] = /^(-?)(?:(\w+):)?(.*)$/.exec(word) ?? [];
  if (key === undefined) {
    const keys = Object.entries(VALUES).filter(([one]) => one.startsWith(begun.toLowerCase()));
    const choices = keys.map(([one, [about]]) => ({ text: `${one}:`, about }));
    return { from: caret - word.length + sign.length, choices };
  }
  const part = begun.slice(begun.lastIndexOf(",") + 1);
  // Who types `constructor:` means no key.
  const fixed = Object.hasOwn(VALUES, key) ? VALUES[key]?.[1] ?? [] : [];
  const values = [...fixed, ...Object.hasOwn(known, key) ? known[key] ?? [] : []];
  const fitting = values.filter((one) => one.toLowerCase().startsWith(part.toLowerCase()));
  // What is there already completes nothing.
  const choices = fitting.includes(part) ? [] : fitting.slice(0, 12);
  return { from: caret - part.length, choices: choices.map((one) => ({ text: one, about: "" })) };
}
