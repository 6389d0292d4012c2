/** The files that every subject publishes. @module */

import { join } from "node:path";

/** A file of the site. */
export interface SiteFile {
  readonly name: string;
  readonly bytes: number;
}

/** A folder with the three files that are asked for. */
export interface Site {
  readonly folder: string;
  readonly small: SiteFile;
  readonly medium: SiteFile;
  readonly large: SiteFile;
}

const KIB = 1024;

/** Makes the site below `parent`. */
export function makeSite(parent: string): Site {
  const site: Site = {
    folder: join(parent, "site"),
    small: { name: "1k.txt", bytes: KIB },
    medium: { name: "100k.txt", bytes: 100 * KIB },
    large: { name: "1g.bin", bytes: KIB * KIB * KIB },
  };
  Deno.mkdirSync(site.folder, { mode: 0o755 });
  for (const file of [site.small, site.medium]) {
    Deno.writeTextFileSync(join(site.folder, file.name), "crunch! ".repeat(file.bytes / 8));
  }
  // A sparse file: read through the page cache like any other, but nothing is written to a disk
  // whose other users would show up in the figures.
  Deno.writeFileSync(join(site.folder, site.large.name), new Uint8Array(0));
  Deno.truncateSync(join(site.folder, site.large.name), site.large.bytes);
  return site;
}
