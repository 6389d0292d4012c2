/** Lines of CSV (RFC 4180) that a spreadsheet takes for text and numbers, never for formulas. @module */

/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** One line with its end. Numbers stay as they are; null is an empty cell. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return cells.map(cell).join(",") + "\r\n";
}

function cell(value: string | number | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
