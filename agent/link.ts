/** Keeps one publication connected to its relay: dials, signs in, answers, and dials again for ever. @module */

import type { DialAddress, Log } from "../cli/mod.ts";
import { formatAddress } from "../cli/mod.ts";
import { type Connection, type Handler, unwatch, watch, type Watched } from "../http/mod.ts";
import {
  type Claim,
  Session,
  type SessionEnd,
  StreamExchange,
  type ToldMount,
  type Welcome,
} from "../tunnel/mod.ts";
import { type Credential, SignIn, SignInError } from "./sign_in.ts";
import { dialAdvice } from "./advice.ts";
import { Backoff } from "./backoff.ts";
import { DIAL_TIME } from "./dial_relay.ts";
import { Turns } from "./turns.ts";

/** Where a relay is, and as whom to sign in there. Asked for anew before each dial. */
export interface Access {
  readonly relay: DialAddress;
  readonly credential: Credential;
}

export interface LinkOptions {
  readonly access: () => Promise<Access>;
  readonly dial: (relay: DialAddress, signal: AbortSignal) => Promise<Connection>;
  /** The public name; undefined for the account's own. */
  readonly name: string | undefined;
  readonly handler: Handler;
  /** What is published now, for the relay's pages. */
  readonly mounts: () => readonly ToldMount[];
  readonly software: string;
  /** Tells this process from others of the account; for the relay alone. */
  readonly instance: string;
  readonly log: Log;
  /** The publication works; told after every sign-in, once the name is ours. */
  readonly onwelcome: (welcome: Welcome) => void;
  /** Told before the first success, when trying on makes no sense: wrong credentials, a name that is taken. */
  readonly onrefused: (error: SignInError) => void;
}

/** Connections of one session, at the most. */
const MAX_CONNECTIONS = 4;
/** After a further connection failed no other is tried for so long, however often the relay asks, in ms. */
const JOIN_PAUSE = 1_000;
/** Between tries after the relay refused us, in ms. */
const REFUSED_DELAY = 30_000;
/** The same after another agent took our name, where the relay knows no waiting, in ms. */
const REPLACED_DELAY = 60_000;
/** A relay's wish to see us later is granted up to here, in ms. */
const LONGEST_WISH = 10 * 60_000;
/** A session of this age worked: what comes after it is a new outage, in ms. */
const SETTLED = 5_000;
/** By what people tell this process from others. */
const LABEL = `pid ${Deno.pid} on ${Deno.hostname()}`.slice(0, 64);
/** What another try with the same settings will not mend. */
const FINAL: ReadonlySet<string> = new Set([
  "bad-credentials",
  "disabled",
  "expired",
  "wrong-scope",
  "name-taken",
  "name-needed",
  "reserved",
  "looks-like",
  "invalid",
  "limit",
  "version",
  "not-a-relay",
  "bad-relay",
]);

export class Link implements AsyncDisposable {
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  readonly #sessions = new Set<Session>();
  readonly #running: Promise<void>;
  #welcomed = false;
  #sessionId = "";
  #lost: ((end: SessionEnd) => void) | null = null;
  #joining = false;
  /** When a further connection failed last. */
  #joinFailed = -Infinity;
  /** The relay asked for more while a connection was on its way. */
  #wanted = false;
  /** What we do where another agent publishes our name: at its start an agent takes it over. */
  #claim: Claim = "take";
  /** Since when we wait for the name; 0 while we do not. */
  #waitsSince = 0;
  #relayLetsWait = false;
  /** Where the last dial went. */
  #relay: DialAddress | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let delay: number;
      try {
        delay = await this.#connect();
      } catch (error) {
        if (signal.aborted) break;
        delay = this.#afterFailure(error);
      }
      if (signal.aborted) break;
      // Before the first success it is open whether there is an again.
      if (delay > 2_000 && this.#welcomed) {
        log.info(`trying again in ${Math.round(delay / 1000)} s`);
      }
      await sleep(delay, signal);
    }
  }

  /** One session from dial to end. @returns how long to wait then, in ms. @throws {SignInError} and what dialling throws. */
  async #connect(): Promise<number> {
    const { log } = this.#options;
    const ended = new Promise<SessionEnd>((resolve) => this.#lost = resolve);
    const turns = new Turns(log);
    const welcome = await this.#open((end) => this.#lost?.(end), { turns });
    const again = this.#welcomed;
    this.#welcomed = true;
    this.#sessionId = welcome.session;
    const since = performance.now();
    const names = welcome.names.map(({ name }) => name);
    if (turns.begin(welcome.waiting ?? [], names)) this.#wait();
    else if (again) log.info("connected to the relay again");
    const end = await Promise.race([ended, this.#publish(turns, welcome, ended)]);
    const settled = performance.now() - since > SETTLED;
    if (settled) this.#backoff.reset();
    return this.#afterEnd(end, settled);
  }

  /** Publishes once the name is ours, until the session ends. */
  async #publish(turns: Turns, welcome: Welcome, ended: Promise<SessionEnd>): Promise<SessionEnd> {
    await turns.own;
    this.#claim = "keep";
    this.#waitsSince = 0;
    this.#options.onwelcome(welcome);
    return await ended;
  }

  #wait(): void {
    if (this.#claim === "wait") return;
    this.#claim = "wait";
    this.#waitsSince = performance.now();
  }

  /** Dials and signs in. `onlost` is called when the session wants no new streams any more, or is over. */
  async #open(
    onlost: (end: SessionEnd) => void,
    { join, turns }: { readonly join?: string; readonly turns?: Turns },
  ): Promise<Welcome> {
    const { access, dial, name, handler, software, mounts, instance } = this.#options;
    const { relay, credential } = await access();
    this.#relay = relay;
    const deadline = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DIAL_TIME)]);
    const connection = await dial(relay, deadline);
    const signIn: SignIn = new SignIn(() => session, {
      credential,
      names: name === undefined ? [] : [name],
      software,
      dialled: relay.hostname,
      mounts: mounts(),
      upgrades: true,
      place: {
        claim: this.#claim,
        instance,
        label: LABEL,
        waited: this.#claim === "wait" ? Math.round(performance.now() - this.#waitsSince) : 0,
      },
      ...(join === undefined ? {} : { join }),
    });
    const session: Session = new Session({
      connection,
      side: "agent",
      onmessage: (type, message, payload) => signIn.receive(type, message, payload),
      onstream: (stream, service) => service === null ? new StreamExchange(stream, handler) : null,
      onmore: () => this.#more(),
      onturn: (turn) => turns?.take(turn),
      ongoaway: (end) => {
        // What is under way goes on; the relay closes, or we do when it is done.
        session.idle().then(() =>
          session.close({ code: "drained", message: "the relay went away" })
        );
        onlost(end);
      },
      onclose: (end) => {
        this.#sessions.delete(session);
        signIn.lost(end);
        onlost(end);
      },
    });
    this.#sessions.add(session);
    const timer = setTimeout(
      () => session.close({ code: "too-slow", message: "the sign-in took too long" }),
      DIAL_TIME,
    );
    try {
      signIn.start();
      const welcome = await signIn.done;
      this.#relayLetsWait = signIn.canWait;
      return welcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The relay would like another connection of this session. */
  #more(): void {
    this.#wanted = this.#joining;
    if (this.#joining || this.#sessions.size >= MAX_CONNECTIONS || this.#stop.signal.aborted) {
      return;
    }
    if (performance.now() - this.#joinFailed < JOIN_PAUSE) return;
    this.#joining = true;
    this.#open(() => {}, { join: this.#sessionId })
      .catch((error) => {
        this.#joinFailed = performance.now();
        this.#options.log.debug("a further connection failed", { error });
      })
      .finally(() => {
        this.#joining = false;
        if (this.#wanted) this.#more();
      });
  }

  #afterEnd(end: SessionEnd, settled: boolean): number {
    const { log } = this.#options;
    if (this.#stop.signal.aborted) return 0;
    if (end.code === "replaced") {
      const again = this.#relayLetsWait ? "" : "; dialling again in 60 s";
      log.warn(`replaced: ${end.message}${again}`);
      this.#wait();
      if (!this.#relayLetsWait) return REPLACED_DELAY;
      return settled ? 0 : this.#backoff.next();
    }
    if (FINAL.has(end.code)) {
      log.warn(`the relay sends us away: ${end.message}`);
      return REFUSED_DELAY;
    }
    if (end.code === "shutdown") {
      log.info("the relay is stopping; dialling again");
      // At once; but a relay that welcomes us and stops, again and again, is not to be dialled in a loop.
      return settled ? 0 : this.#backoff.next();
    }
    log.warn(`lost the relay: ${end.message}; dialling again`);
    return Math.max(wishOf(end), this.#backoff.next());
  }

  #afterFailure(error: unknown): number {
    const { log, onrefused } = this.#options;
    if (error instanceof SignInError && FINAL.has(error.end.code)) {
      if (!this.#welcomed) {
        onrefused(error);
        // A listener may end us; otherwise we go on as later.
      } else log.warn(`the relay refuses us: ${error.message}`);
      return REFUSED_DELAY;
    }
    const advice = this.#relay === null ? undefined : dialAdvice(error, this.#relay);
    const text = error instanceof Error ? error.message : String(error);
    if (this.#backoff.isFirst) log.warn(`no relay yet, dialling on: ${text}`, { advice });
    else log.debug(`no relay yet: ${text}`);
    const wish = error instanceof SignInError ? wishOf(error.end) : 0;
    return Math.max(wish, this.#backoff.next());
  }

  /** Takes no new requests, lets those under way finish for `time` ms, and ends. */
  async drain(time: number): Promise<void> {
    if (!this.#stop.signal.aborted) this.#stop.abort();
    const end: SessionEnd = { code: "shutdown", message: "the agent stops" };
    const sessions = [...this.#sessions];
    for (const session of sessions) session.goAway(end);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      Promise.all(sessions.map((session) => session.idle())),
      new Promise((resolve) => timer = setTimeout(resolve, time)),
    ]);
    clearTimeout(timer);
    await Promise.all(sessions.map((session) => session.finish(end)));
    this.#lost?.(end);
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }
}

/** When the relay wants to see us again, in ms. A timer of a month would end at once. */
function wishOf({ retryAfter = 0 }: SessionEnd): number {
  return Math.min(retryAfter, LONGEST_WISH);
}

/** Waits for `ms`; not longer than the machine is awake, as after its sleep nothing is as it was. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      unwatch(sleeper);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const sleeper: Watched = { tick: () => {}, woke: done };
    watch(sleeper);
    signal.addEventListener("abort", done);
  });
}

/** Says where an agent dials, for messages. */
export function relayText(relay: DialAddress): string {
  return `${relay.transport === "tls" ? "tls://" : ""}${formatAddress(relay)}`;
}
