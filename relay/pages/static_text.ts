/** The texts in `static/`, read when the relay starts: it needs no file of the program from then on. @module */

const FOLDER = new URL("../../static/", import.meta.url);

const texts: ReadonlyMap<string, string> = new Map(
  [...Deno.readDirSync(FOLDER)].filter(({ isDirectory }) => !isDirectory)
    .map(({ name }) => [name, Deno.readTextFileSync(new URL(name, FOLDER))]),
);

/** @throws {TypeError} for a name that the program does not have. */
export function staticText(name: string): string {
  const text = texts.get(name);
  if (text === undefined) throw new TypeError(`There is no static/${name}`);
  return text;
}
