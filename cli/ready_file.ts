/** The file that says, in one line of JSON, that everything works and where. @module */

/** Writes it whole or not at all: who waits for it must never read a half. */
export function writeReadyFile(path: string, content: Record<string, unknown>): void {
  const draft = `${path}.${Deno.pid}.tmp`;
  Deno.writeTextFileSync(draft, JSON.stringify(content) + "\n");
  Deno.renameSync(draft, path);
}
