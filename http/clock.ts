/** A coarse clock: one timer for all time-outs of the process, and the Date field, made once a second. @module */

/** Something that looks at the time now and then: a connection, a session. */
export interface Watched {
  /** Called every `TICK` ms with the clock's time. */
  tick(now: number): void;
}

/** How often the watched look, in ms: time-outs are exact to this much. */
export const TICK = 250;

const watched = new Set<Watched>();
let timer: ReturnType<typeof setInterval> | undefined;
let current = Date.now();
let dateLine = new Uint8Array(0);
let dateSecond = -1;

/** Milliseconds since 1970, at most one tick old while anything is watched. */
export function coarseNow(): number {
  if (timer === undefined) current = Date.now();
  return current;
}

/** Looks after `thing` until `unwatch`. The timer runs only while there is something to look after. */
export function watch(thing: Watched): void {
  watched.add(thing);
  if (timer === undefined) {
    current = Date.now();
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

function tick(): void {
  current = Date.now();
  for (const thing of watched) thing.tick(current);
}

/** The line `Date: …\r\n` (IMF-fixdate) of this second. */
export function dateField(): Uint8Array {
  const now = coarseNow();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateLine = new TextEncoder().encode(`Date: ${new Date(now).toUTCString()}\r\n`);
  }
  return dateLine;
}
