/** Dials an origin: at each of its addresses in turn, the quickest wins (RFC 8305). @module */

import { lookup } from "node:dns/promises";
import type { Connection } from "../connection.ts";
import { DialError, dialTcp, dialTls, dialUnix } from "../dial.ts";
import { addressText } from "../listen_error.ts";
import { dialInsecure } from "./insecure_tls.ts";

/** Default for `timeout`, in ms. */
const TIMEOUT = 5_000;
/** How long one address may stay silent before the next is tried as well, in ms (RFC 8305 section 8). */
const ATTEMPT_DELAY = 250;
/** Addresses of one host that are tried. */
const MOST_ADDRESSES = 8;

/** Where an origin listens. */
export type OriginAddress =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/** How an origin proves who it is. */
export interface OriginTls {
  /** PEM texts of roots that are trusted besides those of the system. */
  readonly caCerts?: readonly string[];
  /** Any certificate will do. Default false. */
  readonly insecure?: boolean;
  /** What the certificate must be for. Default: the host that is dialled. */
  readonly serverName?: string;
}

/** IP addresses of a host, best first. Rejects where it has none. */
export type AddressLookup = (hostname: string) => Promise<readonly string[]>;

export interface DialOriginOptions {
  /** Undefined: plain. */
  readonly tls?: OriginTls | undefined;
  /** For everything: looking up, connecting, the TLS handshake; in ms. Default 5 s. */
  readonly connectTimeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: what the system says; `localhost` is 127.0.0.1 and ::1 always. */
  readonly lookup?: AddressLookup | undefined;
}

/** @throws {DialError} or the signal's reason. */
export async function dialOrigin(
  origin: OriginAddress,
  options: DialOriginOptions = {},
): Promise<Connection> {
  const { connectTimeout: timeout = TIMEOUT, signal, tls } = options;
  if (origin.transport === "unix") return await dialUnix(origin.path, { timeout, signal });
  const { hostname, port } = origin;
  const text = addressText(origin);
  const race = new Race(text, timeout, signal);
  try {
    const addresses = await race.within(
      addressesOf(hostname, options.lookup ?? systemLookup, text),
    );
    return await race.run(addresses, (address, attempt) => {
      const how = { timeout, signal: attempt };
      if (tls === undefined) return dialTcp(address, port, how);
      const serverName = tls.serverName ?? hostname;
      if (tls.insecure === true) return dialInsecure(address, port, { ...how, serverName });
      return dialTls(address, port, { ...how, serverName, caCerts: tls.caCerts ?? [] });
    });
  } catch (error) {
    // Of one address of several: people know the host by the name they gave it.
    if (!(error instanceof DialError)) throw error;
    throw error.message.includes(text) ? error : error.at(text);
  } finally {
    race.end();
  }
}

/** An address is its own; the others are looked up. */
async function addressesOf(
  hostname: string,
  lookup: AddressLookup,
  text: string,
): Promise<readonly string[]> {
  if (/^[\d.]+$|:/.test(hostname)) return [hostname];
  const isLocal = /^(.+\.)?localhost\.?$/i.test(hostname);
  let found: readonly string[] = [];
  try {
    found = await lookup(hostname);
  } catch (cause) {
    if (!isLocal) {
      throw new DialError("not-found", text, "no address is known for this host", { cause });
    }
  }
  // Servers that listen on localhost take one of the two, and not always the one that the system names.
  const all = isLocal ? [...found, "127.0.0.1", "::1"] : found;
  return [...new Set(all)].slice(0, MOST_ADDRESSES);
}

async function systemLookup(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, verbatim: true });
  const [first, ...rest] = found;
  if (first === undefined) return [];
  // The families take turns, beginning with the one that the system prefers (RFC 8305 section 4).
  const same = [first, ...rest.filter(({ family }) => family === first.family)];
  const other = rest.filter(({ family }) => family !== first.family);
  return same.flatMap((one, i) => [one, ...other.slice(i, i + 1)])
    .concat(other.slice(same.length)).map(({ address }) => address);
}

/** Attempts that run beside each other, within one time. */
class Race {
  readonly #controller = new AbortController();
  readonly #given = Promise.withResolvers<never>();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #onabort = (): void => this.#giveUp(this.#signal!.reason);

  constructor(text: string, timeout: number, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.#signal = signal;
    this.#given.promise.catch(() => {});
    this.#timer = setTimeout(
      () => this.#giveUp(new DialError("timeout", text, `no answer within ${timeout} ms`)),
      timeout,
    );
    signal?.addEventListener("abort", this.#onabort, { once: true });
  }

  #giveUp(reason: unknown): void {
    this.#given.reject(reason);
    this.#controller.abort(reason);
  }

  within<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#given.promise]);
  }

  /** The first connection that stands. @throws what the first attempt threw, when all have failed. */
  async run(
    addresses: readonly string[],
    dial: (address: string, signal: AbortSignal) => Promise<Connection>,
  ): Promise<Connection> {
    const { signal } = this.#controller;
    const won = Promise.withResolvers<Connection>();
    const errors: unknown[] = [];
    let isWon = false;
    let failed: (() => void) | undefined;
    const attempts = addresses.map((address) => async () => {
      try {
        const connection = await dial(address, signal);
        if (isWon || signal.aborted) return connection.close();
        isWon = true;
        won.resolve(connection);
      } catch (error) {
        errors.push(error);
        failed?.();
        if (errors.length === addresses.length) won.reject(errors[0]);
      }
    });
    const race = async (): Promise<void> => {
      for (const attempt of attempts) {
        if (isWon || signal.aborted) return;
        const begun = attempt();
        let timer: ReturnType<typeof setTimeout> | undefined;
        await Promise.race([
          begun,
          won.promise.catch(() => {}),
          new Promise<void>((resolve) => {
            failed = resolve;
            timer = setTimeout(resolve, ATTEMPT_DELAY);
          }),
        ]);
        clearTimeout(timer);
      }
    };
    if (addresses.length === 0) throw new Error("no address");
    race();
    try {
      return await this.within(won.promise);
    } finally {
      // The others are given up.
      isWon = true;
      this.#controller.abort(GIVEN_UP);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onabort);
  }
}

const GIVEN_UP = new DOMException("another address was quicker", "AbortError");
