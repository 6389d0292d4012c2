/** What was measured, and the medians and ratios of it. @module */

/** One run of one job by one subject. */
export interface Sample {
  /** Good answers a second, or bytes a second. */
  readonly rate: number;
  /** Answers of status 400 and above, and connections that broke. */
  readonly failures: number;
  /** Milliseconds. */
  readonly p50?: number;
  /** Milliseconds. */
  readonly p99?: number;
  /** CPU seconds of all the subject's processes for 100,000 requests. */
  readonly cpu?: number;
  /** Bytes of memory by which the side that grew most grew meanwhile. */
  readonly growth?: number;
}

/** Resident bytes of a subject after the load. */
export interface Memory {
  readonly server: number;
  readonly client: number | null;
}

/** Milliseconds to start; medians. */
export interface StartUp {
  /** `crunch --version`. */
  readonly version: number;
  /** An empty script on the same Deno: what no program of ours can get below. */
  readonly floor: number;
  /** From the start of an agent to its ready file. */
  readonly agent: number;
}

/** What idle agents cost a relay. */
export interface IdleAgents {
  readonly agents: number;
  /** Resident bytes of the relay for each of them. */
  readonly bytesEach: number;
  /** Milliseconds until all were signed in. */
  readonly signIn: number;
}

/** Picks a figure out of a sample. */
export type Pick = (sample: Sample) => number | undefined;

/** Where a sample belongs. */
export interface Cell {
  readonly job: string;
  readonly subject: string;
}

/** All samples of a run. */
export class Results {
  /** By job and subject; an index of the inner array is a round, which may lack a sample. */
  readonly #samples = new Map<string, Sample[]>();
  readonly memory: Map<string, Memory> = new Map();
  startUp: StartUp | null = null;
  idleAgents: IdleAgents | null = null;

  add(cell: Cell, round: number, sample: Sample): void {
    const key = keyOf(cell);
    const samples = this.#samples.get(key) ?? [];
    samples[round] = sample;
    this.#samples.set(key, samples);
  }

  samples(cell: Cell): readonly (Sample | undefined)[] {
    return this.#samples.get(keyOf(cell)) ?? [];
  }

  /** The median over the rounds; undefined where nothing was measured. */
  median(cell: Cell, pick: Pick): number | undefined {
    return median(this.samples(cell).map((sample) => sample && pick(sample)));
  }

  /**
   * The median over the rounds of this cell's figure divided by the other subject's in the same round:
   * the two were taken within a minute, so that a machine that changes its pace in between matters less.
   */
  ratio(cell: Cell, against: string, pick: Pick): number | undefined {
    const others = this.samples({ job: cell.job, subject: against });
    return median(
      this.samples(cell).map((sample, round) => {
        const other = others[round];
        const [a, b] = [sample && pick(sample), other && pick(other)];
        return a === undefined || b === undefined || b === 0 ? undefined : a / b;
      }),
    );
  }

  /** The failures of all rounds together. */
  failures(cell: Cell): number {
    return this.samples(cell).reduce((sum, sample) => sum + (sample?.failures ?? 0), 0);
  }

  toJSON(): unknown {
    const samples: Record<string, unknown> = {};
    for (const [key, value] of this.#samples) samples[key] = value;
    const { startUp, idleAgents } = this;
    return { samples, memory: Object.fromEntries(this.memory), startUp, idleAgents };
  }
}

/** The middle value, or the mean of the two in the middle; undefined where there is none. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function keyOf({ job, subject }: Cell): string {
  return `${subject} ${job}`;
}
