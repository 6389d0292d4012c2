/** Reads a command's settings again on SIGHUP and when its file changes, and tells a closed terminal from that. @module */

import { dashed, type Options } from "../options/mod.ts";
import { type Log, UsageError } from "../terminal/mod.ts";
import type { Parsed } from "./parse.ts";
import type { Written } from "./resolver.ts";

/** Between two looks at the file, in ms. It is read when it looked the same twice: it is not being written. */
const LOOK_EVERY = 500;
/** Editors empty a file before they write it: after so many looks it is empty to stay, which is said. */
const EMPTY_LOOKS = 6;

type Settings = Parsed<Options>;

export interface WatchOptions {
  /** What the command runs with. */
  readonly settings: Settings;
  readonly log: Log;
  /** Reads all of it again. @throws {UsageError} */
  readonly read: () => Promise<Settings>;
  /** Takes over what may change. @throws {Error} where it cannot; then nothing has changed. */
  readonly apply: (settings: Settings) => void | Promise<void>;
  /** SIGHUP came because the terminal went away: what is said is not seen any more. */
  readonly onhangup: () => void;
}

/** Watches until disposed. */
export function watchSettings(options: WatchOptions): Disposable {
  return new Watch(options);
}

class Watch implements Disposable {
  readonly #options: WatchOptions;
  readonly #hadTerminal = hasTerminal();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  /** What was taken over last. */
  #current: Settings;
  #stamp: string;
  #seen: string;
  #reading = false;
  #again = false;
  #emptyLooks = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#current = options.settings;
    this.#stamp = this.#seen = this.#look();
    if (options.settings.config !== undefined) {
      this.#timer = setInterval(() => this.#compare(), LOOK_EVERY);
      Deno.unrefTimer(this.#timer as unknown as number);
    }
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", this.#onhangup);
  }

  readonly #onhangup = (): void => {
    // The same signal asks a service to read its settings and tells a program that its terminal is closed. What was
    // started by nohup has its output elsewhere, and stays.
    if (this.#hadTerminal && !hasTerminal()) return this.#options.onhangup();
    this.#stamp = this.#seen = this.#look();
    this.#read(true);
  };

  #look(): string {
    const { config } = this.#options.settings;
    return config === undefined ? "" : stampOf(config);
  }

  #compare(): void {
    const stamp = this.#look();
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    if (!isSettled) this.#emptyLooks = 0;
    if (!isSettled || stamp === this.#stamp) return;
    const { config } = this.#options.settings;
    if (isEmpty(config!)) {
      if (++this.#emptyLooks !== EMPTY_LOOKS) return;
      return this.#options.log.warn(`the configuration is left as it was: ${config} is empty`);
    }
    this.#stamp = stamp;
    this.#read(false);
  }

  /** @param asked a word is waited for, even if it is that nothing changed. */
  async #read(asked: boolean): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      await this.#take(await this.#options.read(), asked);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#options.log.error(`the configuration is left as it was: ${error.message}`);
    } finally {
      this.#reading = false;
    }
    if (!this.#again) return;
    this.#again = false;
    await this.#read(asked);
  }

  async #take(next: Settings, asked: boolean): Promise<void> {
    const { log, apply, settings } = this.#options;
    const differing = Object.keys(next.written).filter((key) =>
      !isSame(next.written[key]!, this.#current.written[key]!)
    );
    const may = new Set(Object.keys(next.written).filter((key) => next.written[key]!.isLive));
    const changed = differing.filter((key) => may.has(key));
    // The same value from elsewhere: what the dashboard sets holds only where nothing else says anything.
    const moved = [...may].some((key) => !isFromThere(next, this.#current, key));
    if (changed.length > 0 || moved) {
      try {
        await apply(next);
      } catch (error) {
        log.error(`the configuration is left as it was: ${(error as Error).message}`);
        return;
      }
    }
    this.#current = next;
    const flags = changed.map((key) => `--${dashed(key)}`).join(", ");
    if (changed.length > 0) log.info(`configuration read again; changed: ${flags}`);
    else if (asked) log.info("configuration read again; nothing changed that can change now");
    for (const key of differing) {
      if (may.has(key) || isSame(next.written[key]!, settings.written[key]!)) continue;
      const { name } = next.sources[key]!;
      const where = name === "" ? "" : `${name}: `;
      log.warn(`${where}--${dashed(key)} cannot change while it runs; it will at the next start`);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGHUP", this.#onhangup);
  }
}

/** Whether what is said is seen. */
function hasTerminal(): boolean {
  return Deno.stdout.isTerminal() || Deno.stderr.isTerminal();
}

function stampOf(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    // It may be about to be replaced; if not, reading it says what is wrong.
    return "";
  }
}

function isEmpty(path: string): boolean {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size === 0;
  } catch {
    return false;
  }
}

/** Compared by what was written, not where: a line more above changes nothing. */
function isSame(a: Written, b: Written): boolean {
  return textOf(a) === textOf(b);
}

function isFromThere(a: Settings, b: Settings, key: string): boolean {
  const [{ from, name }, other] = [a.sources[key]!, b.sources[key]!];
  return from === other.from && name === other.name;
}

function textOf({ texts, entries = [] }: Written): string {
  return JSON.stringify([
    texts,
    entries.map((entry) => [...entry].map(([key, { texts }]) => [key, texts])),
  ]);
}
