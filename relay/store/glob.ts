/** Globs over targets, as SQLite's LIKE sees them: letters of ASCII in any case. @module */

/** Whether all of `text` fits `glob`: `*` is any text, `?` one character. At most `text` times `glob` steps. */
export function matchesGlob(text: string, glob: string): boolean {
  const letters = lower(text);
  const pattern = lower(glob);
  let at = 0, p = 0;
  // Where the last star stood, and how far it reaches so far.
  let star = -1, reach = 0;
  while (at < letters.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p++;
      reach = at;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === letters[at])) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++reach;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
