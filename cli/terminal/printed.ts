/** Makes of any text, wherever it is from, one that does nothing to the terminal, the line or the JSON that it is printed in. @module */

/** Controls, and what hides or reorders text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Whether all of it can be seen. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

/** `text` on one line, with `instead` for what cannot be seen. */
export function printable(text: string, instead = "\ufffd"): string {
  return text.replace(UNPRINTABLE, instead);
}

/** The same over several lines, as they are. */
export function printableLines(text: string): string {
  return text.split("\n").map((line) => printable(line)).join("\n");
}

/** What cannot be seen as JSON and JavaScript write it: `\\u001b`. */
export function escaped(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (char) =>
      // A character beyond the first 65,536 is two units.
      [...Array(char.length).keys()].map((at) =>
        `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`
      ).join(""),
  );
}

/** JSON that means the same everywhere and is text that can be printed; with `space` on several lines. */
export function printableJson(value: unknown, space?: number): string {
  const text = JSON.stringify(value, null, space);
  // Undefined for what JSON cannot say.
  return text?.split("\n").map(escaped).join("\n");
}
