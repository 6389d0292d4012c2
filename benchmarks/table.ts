/** Tables as aligned text and as Markdown. @module */

/** A table; every row has as many cells as the header. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns, from the left, whose cells are words and start at the left; the others are figures. */
  readonly words: number;
  readonly note?: string;
}

/** The table with its columns aligned. */
export function toText(table: Table): string {
  const lines = [table.header, ...table.rows];
  const widths = table.header.map((_, i) =>
    Math.max(...lines.map((cells) => [...(cells[i] ?? "")].length))
  );
  const aligned = lines.map((cells) =>
    cells.map((cell, i) => pad(cell, { width: widths[i] ?? 0, left: i < table.words })).join("  ")
      .trimEnd()
  );
  aligned.splice(1, 0, "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2)));
  return [table.title, ...aligned, ...(table.note === undefined ? [] : [table.note])].join("\n");
}

/** The table for a README. */
export function toMarkdown(table: Table): string {
  const rule = table.header.map((_, i) => i < table.words ? "---" : "---:");
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const note = table.note === undefined ? [] : ["", table.note];
  const lines = [line(table.header), line(rule), ...table.rows.map(line)];
  return [`**${table.title}**`, "", ...lines, ...note].join("\n");
}

function pad(cell: string, { width, left }: { width: number; left: boolean }): string {
  // Characters, not UTF-16 units; none of ours is wider than one column.
  const space = " ".repeat(width - [...cell].length);
  return left ? cell + space : space + cell;
}
