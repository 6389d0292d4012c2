/** Gives a program that was unpacked into a folder its place in the cache, once all of it is on the disk. @module */

// The script in front of a packed program runs it, by the deno that it has unpacked: publish.ts FOLDER PLACE
const MARKER = "complete";
/** What the marker speaks for; Deno writes beside it. */
const PARTS = ["deno", "app"];
/** Files that are on their way to the disk at once: one commit of a journal serves many. */
const AT_ONCE = 32;

async function publish(folder: string, place: string): Promise<void> {
  const files = PARTS.flatMap((part) => filesBelow(`${folder}/${part}`));
  for (let at = 0; at < files.length; at += AT_ONCE) {
    await Promise.all(files.slice(at, at + AT_ONCE).map(toDisk));
  }
  const count = files.filter((path) => Deno.lstatSync(path).size > 0).length;
  // The last of all: where it is, nothing is missing.
  Deno.writeTextFileSync(`${folder}/${MARKER}`, `${count}\n`, { createNew: true, mode: 0o600 });
  await toDisk(`${folder}/${MARKER}`);
  const cache = place.slice(0, place.lastIndexOf("/"));
  using lock = Deno.openSync(`${cache}/.lock`, { create: true, write: true, mode: 0o600 });
  await lock.lock(true);
  if (isComplete(place, count)) return;
  const aside = `${cache}/.old-${crypto.randomUUID()}`;
  try {
    Deno.renameSync(place, aside);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.renameSync(folder, place);
  try {
    Deno.removeSync(aside, { recursive: true });
  } catch {
    // There was none, or a later start sweeps it out.
  }
}

/** As the script in front says it. */
function isComplete(place: string, count: number): boolean {
  try {
    const { mode, uid } = Deno.lstatSync(place);
    if (uid !== Deno.uid() || (mode! & 0o077) !== 0) return false;
    if ((Deno.lstatSync(`${place}/deno`).mode! & 0o100) === 0) return false;
    const { mtime } = Deno.lstatSync(`${place}/${MARKER}`);
    const whole = PARTS.flatMap((part) => filesBelow(`${place}/${part}`)).filter((path) => {
      const info = Deno.lstatSync(path);
      return info.size > 0 && info.mtime! <= mtime!;
    });
    return whole.length === count;
  } catch {
    return false;
  }
}

function filesBelow(path: string): string[] {
  if (!Deno.lstatSync(path).isDirectory) return [path];
  return [...Deno.readDirSync(path)].flatMap(({ name }) => filesBelow(`${path}/${name}`));
}

async function toDisk(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

await publish(...Deno.args as [folder: string, place: string]);
