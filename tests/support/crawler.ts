/** Follows every link below one address, as `wget -r` does, and compares what it gets with the files of a directory. @module */

import { Visitor } from "./visitor.ts";

/** What a crawl found. */
export interface Crawl {
  /** Paths below the start, decoded, of files whose bytes are those on the disk. */
  readonly same: Set<string>;
  /** What was wrong, with its address. */
  readonly wrong: string[];
  /** Pages with links that were followed. */
  readonly pages: number;
}

const LINK = /<a\s[^>]*?href="([^"]*)"/gi;

/** The links of an HTML page, their character references resolved. */
function linksOf(html: string): string[] {
  return [...html.matchAll(LINK)].map(([, href]) =>
    href!.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
      .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
      .replaceAll("&amp;", "&")
  );
}

/**
 * Crawls from `path` on `http` (`host:port`), which publishes `root`, over `connections` connections.
 * A listing's own links are followed; pages among the files are files.
 */
export async function crawl(
  http: string,
  path: string,
  { root, connections = 4 }: { root: string; connections?: number },
): Promise<Crawl> {
  const same = new Set<string>();
  const wrong: string[] = [];
  let pages = 0;
  const seen = new Set<string>([path]);
  const waiting = [path];
  const work = async (): Promise<void> => {
    let visitor = await Visitor.connect(http);
    for (;;) {
      const next = waiting.pop();
      if (next === undefined) break;
      try {
        await visit(visitor, next);
      } catch (error) {
        wrong.push(`${next}: ${(error as Error).message}`);
        visitor.close();
        visitor = await Visitor.connect(http);
      }
    }
    visitor.close();
  };
  const visit = async (visitor: Visitor, address: string): Promise<void> => {
    const answer = await visitor.ask(address, { fields: ["Accept: text/html"] });
    if (answer.status !== 200) return void wrong.push(`${address}: ${answer.status}`);
    const below = decodeURIComponent(address.slice(path.length));
    if (!address.endsWith("/")) {
      if (isEqual(answer.body, Deno.readFileSync(`${root}/${below}`))) same.add(below);
      else wrong.push(`${address}: other bytes`);
      return;
    }
    pages++;
    for (const href of linksOf(answer.text)) {
      const url = new URL(href, `http://${http}${address}`);
      if (url.host !== http || !url.pathname.startsWith(path) || url.search !== "") continue;
      if (seen.has(url.pathname)) continue;
      seen.add(url.pathname);
      waiting.push(url.pathname);
    }
  };
  // Who finds nothing to do ends; what the others find is for the next round.
  while (waiting.length > 0) {
    await Promise.all(Array.from({ length: Math.min(connections, waiting.length) }, work));
  }
  return { same, wrong, pages };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
