/** An agent's publications, each with its link to the relay, and what changes while they run. @module */

import { type DialAddress, type Log, type Publication, silentLog } from "../cli/mod.ts";
import { type Connection, dialTcp, dialTls } from "../http/mod.ts";
import type { SignInError, Welcome } from "../tunnel/mod.ts";
import { mountDirectory } from "./directory_mount.ts";
import { type Access, DIAL_TIME, Link } from "./link.ts";
import { Mounts } from "./mounts.ts";

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
  readonly dir: Publication["dir"];
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
  #stopping: Promise<void> | null = null;
  readonly #onabort = (): void => void this.stop();

  /** @throws {Error} where a directory cannot be published. */
  constructor(options: RunningAgentOptions) {
    options.signal?.throwIfAborted();
    this.#options = options;
    this.#log = options.log ?? silentLog;
    const waits = this.#publish(options.publish);
    this.urls = Promise.all(waits).then((lists) => lists.flat());
    // Who does not ask for them need not handle the refusal.
    this.urls.catch(() => {});
    options.signal?.addEventListener("abort", this.#onabort, { once: true });
  }

  /**
   * Publishes this instead: new names come, others go, those that stay serve without a gap.
   * @throws {Error} where a directory cannot be published; then nothing has changed.
   */
  publish(publications: readonly Publication[]): void {
    if (this.#stopping !== null) return;
    for (const wait of this.#publish(publications)) wait.catch(() => {});
  }

  /** @returns for each new name its URLs, once it works. */
  #publish(publications: readonly Publication[]): Promise<string[]>[] {
    const made = this.#mount(publications);
    const waits: Promise<string[]>[] = [];
    const next = new Map<string, Published>();
    for (const { name, dir } of publications) {
      const key = name ?? "";
      const mounts = made.get(key);
      const before = this.#published.get(key);
      if (before === undefined) {
        const { promise, resolve, reject } = Promise.withResolvers<string[]>();
        waits.push(promise);
        const published = { dir, mounts: mounts! } as Published;
        published.link = this.#link(name, published, { resolve, reject });
        next.set(key, published);
      } else if (mounts === undefined) next.set(key, before);
      else {
        this.#retire(before.mounts);
        // The link keeps asking the same object.
        next.set(key, Object.assign(before, { dir, mounts }));
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

  /** Mounts for what is new or has changed: all of them, or none. */
  #mount(publications: readonly Publication[]): Map<string, Mounts> {
    const made = new Map<string, Mounts>();
    try {
      for (const { name, dir } of publications) {
        const before = this.#published.get(name ?? "");
        if (before !== undefined && JSON.stringify(before.dir) === JSON.stringify(dir)) continue;
        made.set(name ?? "", new Mounts(dir.map(mountDirectory), { forwardedPrefix: true }));
      }
    } catch (error) {
      for (const mounts of made.values()) mounts[Symbol.dispose]();
      throw error;
    }
    return made;
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
        published.dir.map(({ mount }) => ({
          path: mount === "/" ? mount : `${mount.replace(/\/$/, "")}/`,
          kind: "directory",
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

function dialRelay(
  { transport, hostname, port }: DialAddress,
  { signal, ca }: { readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<Connection> {
  // The link has a time of its own for dial and sign-in together.
  const options = { signal, timeout: DIAL_TIME };
  if (transport === "tcp") return dialTcp(hostname, port, options);
  return dialTls(hostname, port, { ...options, ...(ca === undefined ? {} : { caCerts: [ca] }) });
}
