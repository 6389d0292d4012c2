/** Globs over targets, as SQLite's LIKE sees them: letters of ASCII in any case. @module */

/** Whether all of `text` fits `glob`: `*` is any text, `?` one character. */
export function matchesGlob(text: string, glob: string): boolean {
  return globMatcher(glob)(text);
}

/**
 * The same for many texts. What stands between the stars is looked for from left to right, once: about as many steps
 * as `text` is long, and at most that times the length of `glob` where there are question marks.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const parts = lower(glob).split("*");
  const first = parts.shift()!;
  const last = parts.pop();
  const middle = parts.filter((part) => part !== "");
  return (text) => {
    const letters = lower(text);
    if (last === undefined) return letters.length === first.length && fits(letters, first, 0);
    const end = letters.length - last.length;
    if (end < first.length || !fits(letters, first, 0) || !fits(letters, last, end)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = find(letters, part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** Where `part` is first found from `start` on; -1 where it is not. */
function find(text: string, part: string, start: number): number {
  if (!part.includes("?")) return text.indexOf(part, start);
  for (let at = start; at <= text.length - part.length; at++) if (fits(text, part, at)) return at;
  return -1;
}

function fits(text: string, part: string, at: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== "?" && part[i] !== text[at + i]) return false;
  }
  return true;
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
