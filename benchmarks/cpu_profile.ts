/** Reads V8's .cpuprofile files: which functions the time went into. @module */

/** The parts of a .cpuprofile that matter here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  /** The node that was running at each sample. */
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next; as many as samples. */
  readonly timeDeltas: readonly number[];
}

/** Time spent in one function itself, not in what it calls. */
export interface SelfTime {
  readonly name: string;
  /** Last two parts of the path and the line, counted from 1; empty for V8's own entries. */
  readonly place: string;
  readonly ms: number;
}

/** V8's name for the time in which nothing ran. */
export const idle = "(idle)";

/** Self times of all functions in these profiles together, longest first. */
export function selfTimes(profiles: readonly CpuProfile[]): SelfTime[] {
  const times = new Map<string, SelfTime>();
  for (const profile of profiles) {
    const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, {
      name: callFrame.functionName || "(anonymous)",
      place: placeOf(callFrame.url, callFrame.lineNumber),
    }]));
    profile.samples.forEach((id, i) => {
      const at = places.get(id);
      if (at === undefined) return;
      const key = `${at.name} ${at.place}`;
      // A negative delta is a clock that was set back between two samples.
      const ms = Math.max(0, profile.timeDeltas[i] ?? 0) / 1000;
      times.set(key, { ...at, ms: (times.get(key)?.ms ?? 0) + ms });
    });
  }
  return [...times.values()].sort((a, b) => b.ms - a.ms);
}

function placeOf(url: string, line: number): string {
  return url === "" ? "" : `${url.split("/").slice(-2).join("/")}:${line + 1}`;
}
