/** Two coarse clocks from one timer: how long things take, for all time-outs of the process, and what the date is. @module */

/** Something that looks at the time now and then: a connection, a session. */
export interface Watched {
  /** Called every `TICK` ms with the clock's time. */
  tick(now: number): void;
  /** The machine slept, or its date was set: what was there before may be gone. */
  woke?(): void;
}

/** How often the watched look, in ms: time-outs are exact to this much. */
export const TICK = 250;

/**
 * What one tick adds to the clock at the most, however late it comes. A process that had no time to look had none to
 * listen either: what is judged by this clock gets as much grace as the tick was late, and is heard before the next.
 */
const LONGEST_STEP = 2 * TICK;
/** No tick comes so late without a reason, in ms. */
const SLEEP = 10_000;

const watched = new Set<Watched>();
let timer: ReturnType<typeof setInterval> | undefined;
let current = performance.now();
let tickedAt = current;
let date = Date.now();
let dateLine = new Uint8Array(0);
let dateSecond = -1;

/**
 * Milliseconds for measuring how long something takes, at most one tick old while anything is watched. Never goes
 * back, whatever happens to the date, and leaves out the time in which this process could not run.
 */
export function coarseNow(): number {
  if (timer === undefined) look(Infinity);
  return current;
}

/** Milliseconds since 1970, as old as `coarseNow`: for dates, never for how long something takes. */
export function coarseDate(): number {
  if (timer === undefined) look(Infinity);
  return date;
}

/** Looks after `thing` until `unwatch`. The timer runs only while there is something to look after. */
export function watch(thing: Watched): void {
  watched.add(thing);
  if (timer === undefined) {
    look(Infinity);
    timer = setInterval(tick, TICK);
  }
}

export function unwatch(thing: Watched): void {
  watched.delete(thing);
  if (watched.size === 0 && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

/** Reads both clocks. @returns whether one of them ran on as it does only when the machine slept or the date was set. */
function look(longestStep: number): boolean {
  const now = performance.now();
  const passed = Math.max(0, now - tickedAt);
  tickedAt = now;
  current += Math.min(passed, longestStep);
  const before = date;
  date = Date.now();
  // Where time stands still while the machine sleeps, the date tells; elsewhere the time does.
  return Math.max(passed, date - before) > SLEEP;
}

function tick(): void {
  const slept = look(LONGEST_STEP);
  for (const thing of watched) {
    if (slept) thing.woke?.();
    thing.tick(current);
  }
}

/** The line `Date: …\r\n` (IMF-fixdate) of this second. */
export function dateField(): Uint8Array {
  const now = coarseDate();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateLine = new TextEncoder().encode(`Date: ${new Date(now).toUTCString()}\r\n`);
  }
  return dateLine;
}
