/** Finds what CHANGELOG.md says of a version. @module */

/**
 * The text below the heading `## VERSION`, with or without a date behind it, up to the next such heading.
 * @throws {Error} when the changelog has no such heading, or nothing below it.
 */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  const notes = section?.slice(section.indexOf("\n") + 1).trim() ?? "";
  if (notes === "") throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return notes + "\n";
}
