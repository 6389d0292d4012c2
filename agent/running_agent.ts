/** An agent's publications, each with its link to the relay, and what changes while they run. @module */

import { type Log, type Publication, silentLog } from "../cli/mod.ts";
import type { Welcome } from "../tunnel/mod.ts";
import type { SignInError } from "./sign_in.ts";
import { dialRelay } from "./dial_relay.ts";
import { type Access, Link } from "./link.ts";
import { Mounts } from "./mounts.ts";
import { openOrigins } from "./open_origin.ts";

export interface RunningAgentOptions {
  /** Where the relay is and as whom to sign in; asked for anew before each dial. */
  readonly access: () => Access | Promise<Access>;
  /** What to publish: one entry a public name. */
  readonly publish: readonly Publication[];
  /** PEM certificates that a TLS relay's is checked against, besides the system's. */
  readonly relayCa?: string | undefined;
  readonly log?: Log | undefined;
  /** Program and version. */
  readonly software?: string | undefined;
  /** A publication works (again). */
  readonly onwelcome?: ((welcome: Welcome) => void) | undefined;
  /** The relay refused a publication before it ever worked. */
  readonly onrefused?: ((error: SignInError) => void) | undefined;
  /** How long `stop` waits for what is under way unless told otherwise, in ms. */
  readonly drain?: number | undefined;
  /** Stops the agent, as `stop` does. */
  readonly signal?: AbortSignal | undefined;
}

/** Default of the option of this name. */
const DRAIN = 30_000;
/** What is published no more answers on for what is under way, in ms. */
const RETIREMENT = 60_000;

/** One public name. */
interface Published {
  readonly origins: Publication["origins"];
  mounts: Mounts;
  link: Link;
}

export class RunningAgent implements AsyncDisposable {
  /** Resolves with all public URLs once everything that is published works; rejects when the relay refuses one. */
  readonly urls: Promise<string[]>;
  readonly #options: RunningAgentOptions;
  readonly #log: Log;
  readonly #instance = crypto.randomUUID();
  /** By name; "" is the account's own. */
  #published = new Map<string, Published>();
  /** What is published no more, until it is ended. */
  readonly #retired = new Map<Mounts, ReturnType<typeof setTimeout>>();
  readonly #leaving = new Set<Promise<void>>();
  /** The last change of what is published. */
  #changing: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;
  readonly #onabort = (): void => void this.stop();

  private constructor(options: RunningAgentOptions, opened: ReadonlyMap<string, Mounts>) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    const waits = this.#publish(options.publish, opened);
    this.urls = Promise.all(waits).then((lists) => lists.flat());
    // Who does not ask for them need not handle the refusal.
    this.urls.catch(() => {});
    options.signal?.addEventListener("abort", this.#onabort, { once: true });
  }

  /** @throws {Error} where something cannot be published; the signal's reason, where it is aborted. */
  static async start(options: RunningAgentOptions): Promise<RunningAgent> {
    options.signal?.throwIfAborted();
    const opened = await openAll(options.publish, options.log ?? silentLog);
    if (options.signal?.aborted) endAll(opened);
    options.signal?.throwIfAborted();
    return new RunningAgent(options, opened);
  }

  /**
   * Publishes this instead: new names come, others go, those that stay serve without a gap. Changes follow each other.
   * @throws {Error} where something cannot be published; then nothing has changed.
   */
  publish(publications: readonly Publication[]): Promise<void> {
    const changed = this.#changing.then(() => this.#change(publications));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #change(publications: readonly Publication[]): Promise<void> {
    if (this.#stopping !== null) return;
    const opened = await openAll(
      publications.filter((publication) => this.#isNew(publication)),
      this.#log,
    );
    if (this.#stopping !== null) return endAll(opened);
    for (const wait of this.#publish(publications, opened)) wait.catch(() => {});
  }

  #isNew({ name, origins }: Publication): boolean {
    const before = this.#published.get(name ?? "");
    return before === undefined || JSON.stringify(before.origins) !== JSON.stringify(origins);
  }

  /** `opened` has the mounts of what is new. @returns for each new name its URLs, once it works. */
  #publish(
    publications: readonly Publication[],
    opened: ReadonlyMap<string, Mounts>,
  ): Promise<string[]>[] {
    const waits: Promise<string[]>[] = [];
    const next = new Map<string, Published>();
    for (const { name, origins } of publications) {
      const key = name ?? "";
      const mounts = opened.get(key);
      const before = this.#published.get(key);
      if (before === undefined) {
        const { promise, resolve, reject } = Promise.withResolvers<string[]>();
        waits.push(promise);
        const published = { origins, mounts: mounts! } as Published;
        published.link = this.#link(name, published, { resolve, reject });
        next.set(key, published);
      } else if (mounts === undefined) next.set(key, before);
      else {
        this.#retire(before.mounts);
        // The link keeps asking the same object.
        next.set(key, Object.assign(before, { origins, mounts }));
      }
    }
    for (const [key, { link, mounts }] of this.#published) {
      if (next.has(key)) continue;
      this.#retire(mounts);
      const left: Promise<void> = link.drain(RETIREMENT).finally(() => this.#leaving.delete(left));
      this.#leaving.add(left);
    }
    this.#published = next;
    return waits;
  }

  #link(
    name: string | undefined,
    published: Published,
    first: { resolve(urls: string[]): void; reject(error: Error): void },
  ): Link {
    const { access, relayCa, software = "crunch", onwelcome, onrefused } = this.#options;
    return new Link({
      access: async () => await access(),
      dial: (relay, signal) => dialRelay(relay, { signal, ca: relayCa }),
      name,
      handler: (exchange) => published.mounts.handle(exchange),
      mounts: () =>
        published.origins.map(({ mount, kind }) => ({
          path: mount === "/" ? mount : `${mount.replace(/\/$/, "")}/`,
          kind,
        })),
      software,
      instance: this.#instance,
      log: this.#log,
      onwelcome: (welcome) => {
        onwelcome?.(welcome);
        first.resolve(welcome.names.flatMap(({ urls }) => urls));
      },
      onrefused: (error) => {
        onrefused?.(error);
        first.reject(error);
      },
    });
  }

  #retire(mounts: Mounts): void {
    const timer = setTimeout(() => {
      this.#retired.delete(mounts);
      mounts[Symbol.dispose]();
    }, RETIREMENT);
    Deno.unrefTimer(timer as unknown as number);
    this.#retired.set(mounts, timer);
  }

  /** Takes nothing new, finishes what is under way for at most `time` ms, and ends. */
  stop(time: number = this.#options.drain ?? DRAIN): Promise<void> {
    if (this.#stopping === null) this.#stopping = this.#stop(time);
    // Who asks again may be in more of a hurry.
    else for (const { link } of this.#published.values()) void link.drain(time);
    return this.#stopping;
  }

  async #stop(time: number): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onabort);
    const published = [...this.#published.values()];
    await Promise.all([...published.map(({ link }) => link.drain(time)), ...this.#leaving]);
    for (const { mounts } of published) mounts[Symbol.dispose]();
    for (const [mounts, timer] of this.#retired) {
      clearTimeout(timer);
      mounts[Symbol.dispose]();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0);
  }
}

/** The mounts of each publication, by its name: all of them, or none. @throws {Error} where one cannot be published. */
async function openAll(
  publications: readonly Publication[],
  log: Log,
): Promise<Map<string, Mounts>> {
  const opened = new Map<string, Mounts>();
  try {
    for (const { name, origins } of publications) {
      opened.set(
        name ?? "",
        new Mounts(await openOrigins(origins, log), { forwardedPrefix: true }),
      );
    }
  } catch (error) {
    endAll(opened);
    throw error;
  }
  return opened;
}

function endAll(opened: ReadonlyMap<string, Mounts>): void {
  for (const mounts of opened.values()) mounts[Symbol.dispose]();
}
