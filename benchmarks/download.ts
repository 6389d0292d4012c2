/** One large file through a subject, with an eye on its memory. @module */

import { familyOf, residentBytes } from "./process_costs.ts";
import type { Sample } from "./results.ts";
import type { Setting, Subject } from "./subject.ts";

/** Downloads in one sample. */
const TIMES = 2;

/** A subject slower than 10 MB/s is not waited for; seconds. */
const PATIENCE = 110;

/**
 * Downloads the large file twice with curl; the rate is bytes a second over both. Meanwhile looks at
 * the resident memory every 50 ms: `growth` is how far the side that grew most rose above its start.
 * @throws {Error} when a download is not whole.
 */
export async function runDownload(setting: Setting, subject: Subject): Promise<Sample> {
  const { site, processes } = setting;
  const watch = watchMemory(subject);
  let seconds = 0;
  try {
    for (let i = 0; i < TIMES; i++) {
      const { code, stdout } = await processes.run({
        name: "curl",
        program: "curl",
        args: [
          ...["-s", "-o", "/dev/null", "--max-time", `${PATIENCE}`],
          ...subject.headers.flatMap((line) => ["-H", line]),
          ...["-w", "%{http_code} %{size_download} %{time_total}", subject.base + site.large.name],
        ],
      }, PATIENCE + 10);
      const [status, bytes, time] = stdout.split(" ");
      if (code !== 0 || status !== "200" || Number(bytes) !== site.large.bytes) {
        throw new Error(`curl ended with code ${code}, status ${status}, ${bytes} bytes`);
      }
      seconds += Number(time);
    }
  } finally {
    watch.stop();
  }
  const growth = watch.growth();
  return {
    rate: TIMES * site.large.bytes / seconds,
    failures: 0,
    ...(growth === undefined ? {} : { growth }),
  };
}

function watchMemory(subject: Subject): { stop(): void; growth(): number | undefined } {
  const sides = [subject.server, subject.client].filter((side) => side !== null).map((side) => {
    const family = familyOf(side.pid);
    const start = residentBytes(family);
    return { family, start, peak: start };
  });
  const timer = setInterval(() => {
    for (const side of sides) {
      const now = residentBytes(side.family);
      if (now !== undefined && side.peak !== undefined) side.peak = Math.max(side.peak, now);
    }
  }, 50);
  return {
    stop: () => clearInterval(timer),
    growth: () => {
      const rises = sides.flatMap(({ start, peak }) =>
        start === undefined || peak === undefined ? [] : [peak - start]
      );
      return rises.length === 0 ? undefined : Math.max(...rises);
    },
  };
}
