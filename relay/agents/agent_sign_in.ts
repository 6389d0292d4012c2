/** The sign-in of an agent's connection: its proof is checked, it gets its names, and its session goes to a connected agent. @module */

import type { Log } from "../../cli/mod.ts";
import {
  coarseNow,
  type Connection,
  isLocalPeer,
  unwatch,
  watch,
  type Watched,
} from "../../http/mod.ts";
import {
  authMessage,
  type Challenge,
  challengeMessage,
  Frame,
  type Hello,
  MessageError,
  newNonce,
  PROTOCOL_VERSION,
  readHello,
  readProof,
  serverSignature,
  Session,
  type SessionEnd,
  UPGRADE,
  verifyProof,
  WAIT,
  welcomeMessage,
} from "../../tunnel/mod.ts";
import type { Tally } from "../metrics/mod.ts";
import {
  type Account,
  type Grant,
  type LiveSettings,
  type Store,
  StoreError,
  type Throttle,
  type Verifier,
} from "../store/mod.ts";
import { ConnectedAgent } from "./connected_agent.ts";
import type { HelloPace } from "./hello_pace.ts";
import type { Registry } from "./registry.ts";
import type { Rights } from "./rights.ts";
import { decide } from "./sign_in_decision.ts";
import { hand } from "./signed_in_session.ts";

export interface SignInOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly log: Log;
  /** Slows down guessing, here and at the API together. */
  readonly throttle: Throttle;
  /** Counts whom it does not let in, by `agent reason`. */
  readonly failures: Tally;
  readonly software: string;
  readonly settings: LiveSettings<
    | "maxPendingAgents"
    | "signInTimeout"
    | "maxStreams"
    | "maxWaitingStreams"
    | "streamWait"
    | "namesPerAccount"
  >;
  /** The public addresses of a name, for an agent that dialled `dialled` from `address`. */
  readonly urls: (name: string, dialled: string, address: string) => string[];
}

/** What the decision was where it is let in. */
interface Admission {
  readonly account: Account;
  readonly grant: Grant;
}

/** Connections of one agent. Ours dials four at the most. */
const MAX_CONNECTIONS = 16;

/** From HELLO to CHALLENGE, in ms: more than what is looked up there takes. */
const CHALLENGE_TIME = 5;

const NOTHING = new Uint8Array(0);

const HTTP_ANSWER = new TextEncoder().encode(
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" +
    "This port is for crunch agents. Pages are on the relay's --http address.\n",
);
/** A fatal handshake_failure alert (RFC 8446 section 6), which every TLS client understands. */
const TLS_ALERT = Uint8Array.of(0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28);

/** Sign-ins that are ended in one tick: a thousand that began at once must not all end at once. */
const MOST_EXPIRIES = 100;
const expiry = { at: 0, count: 0 };

/** The sign-in of one connection: it ends by handing its session to a connected agent. */
export class AgentSignIn implements Watched {
  readonly #options: SignInOptions;
  readonly #connection: Connection;
  readonly #rights: Rights;
  readonly #pace: HelloPace;
  readonly #session: Session;
  readonly #done: () => void;
  #until: number;
  #hello: Hello | null = null;
  #helloBytes: Uint8Array = NOTHING;
  #message: Uint8Array = NOTHING;
  /** Against what the proof will be checked, before the challenge is sent. */
  #found: Verifier | null = null;
  #challengeBytes: Uint8Array = NOTHING;
  #verifier: Verifier | null = null;
  #proved = false;
  #delay: ReturnType<typeof setTimeout> | undefined;

  constructor(
    options: SignInOptions,
    { connection, rights, pace, done }: {
      readonly connection: Connection;
      readonly rights: Rights;
      readonly pace: HelloPace;
      readonly done: () => void;
    },
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#rights = rights;
    this.#pace = pace;
    this.#done = done;
    this.#until = coarseNow() + options.settings.current.signInTimeout;
    this.#session = new Session({
      connection,
      side: "relay",
      onmessage: (type, message, payload) => this.#onmessage(type, message, payload),
      onforeign: (bytes) => bytes[0] === 0x16 ? TLS_ALERT : HTTP_ANSWER,
      // Agents open no streams yet.
      onstream: () => null,
      ongoaway: () => {},
      onclose: (end) => this.#onclose(end),
    });
    watch(this);
  }

  get #address(): string {
    return this.#connection.remote.address;
  }

  tick(now: number): void {
    if (now <= this.#until) return;
    if (expiry.at !== now) Object.assign(expiry, { at: now, count: 0 });
    if (++expiry.count <= MOST_EXPIRIES) {
      this.refuse({ code: "too-slow", message: "the sign-in took too long" });
    }
  }

  /** Another sign-in needs its place. */
  drop(): void {
    this.#connection.close();
  }

  refuse(end: SessionEnd): void {
    if (end.code !== "shutdown") this.#options.failures.add(`agent ${end.code}`);
    this.#session.frames.message(Frame.REFUSED, { ...end });
    this.#session.close(end);
  }

  #leave(): void {
    unwatch(this);
    clearTimeout(this.#delay);
    this.#done();
  }

  #onclose(end: SessionEnd): void {
    this.#leave();
    if (this.#hello !== null) this.#pace.wasted(this.#address);
    if (end.code === "connection-lost") return;
    this.#options.log.debug("an agent was not let in", {
      address: this.#address,
      reason: end.message,
    });
  }

  #onmessage(type: number, message: Record<string, unknown>, payload: Uint8Array): void {
    try {
      if (type === Frame.HELLO && this.#hello === null) {
        this.#challenge(readHello(message), payload);
      } else if (type === Frame.PROOF && this.#verifier !== null && !this.#proved) {
        this.#proved = true;
        this.#prove(this.#verifier, readProof(message));
      } else throw new MessageError(`frame 0x${type.toString(16)} has no place here`);
    } catch (error) {
      if (error instanceof StoreError) {
        return this.refuse({ code: error.code, message: error.message });
      }
      if (!(error instanceof MessageError)) throw error;
      this.refuse({ code: "protocol-error", message: error.message });
    }
  }

  #challenge(hello: Hello, payload: Uint8Array): void {
    if (!hello.versions.includes(PROTOCOL_VERSION)) {
      return this.refuse({
        code: "version",
        message: `this relay speaks protocol version ${PROTOCOL_VERSION}; the agent speaks ${
          hello.versions.join(", ")
        }`,
      });
    }
    const { store: { signIn }, throttle, settings } = this.#options;
    const patience = settings.current.signInTimeout / 2;
    // Who has signed in from here before does not wait for strangers.
    const wait = throttle.knows(hello.id, this.#address)
      ? 0
      : this.#pace.turnOf(this.#address, patience);
    if (wait > patience) {
      return this.#refuseFor(wait, "too many sign-ins that were not finished");
    }
    this.#hello = hello;
    this.#helloBytes = payload;
    // Due before the work is done, so that its time, which tells who is known here, is in no answer's.
    this.#delay = setTimeout(() => this.#sendChallenge(), wait + CHALLENGE_TIME);
    const verifier = hello.method === "token"
      ? signIn.forToken(hello.id)
      : signIn.forAccount(hello.id);
    this.#found = verifier;
    const { salt, N, r, p } = verifier;
    const challenge: Challenge = {
      version: PROTOCOL_VERSION,
      software: this.#options.software,
      capabilities: hello.capabilities.filter((one) => one === WAIT || one === UPGRADE),
      nonce: newNonce(),
      ...(hello.method === "token" ? {} : { salt, cost: { N, r, p } }),
    };
    this.#challengeBytes = new TextEncoder().encode(JSON.stringify(challengeMessage(challenge)));
    this.#message = authMessage(this.#helloBytes, this.#challengeBytes);
  }

  #sendChallenge(): void {
    if (this.#session.closed) return;
    this.#verifier = this.#found;
    this.#session.frames.open().put(this.#challengeBytes);
    this.#session.frames.close(Frame.CHALLENGE, 0);
    this.#challengeBytes = NOTHING;
  }

  #prove(verifier: Verifier, proof: Uint8Array): void {
    const hello = this.#hello!;
    // Half of the time is the throttle's, the other half the network's.
    const patience = this.#options.settings.current.signInTimeout / 2;
    const wait = this.#options.throttle.delayFor(hello.id, this.#address, patience);
    if (wait > patience) return this.#refuseFor(wait, "too many failed sign-ins");
    if (wait > 0) this.#delay = setTimeout(() => this.#judge(verifier, proof), wait);
    else this.#judge(verifier, proof);
  }

  #refuseFor(wait: number, why: string): void {
    this.refuse({
      code: "slow-down",
      message: `${why}; wait before the next try`,
      retryAfter: Math.ceil(wait),
    });
  }

  #judge(verifier: Verifier, proof: Uint8Array): void {
    const hello = this.#hello!;
    const { log, store, throttle } = this.#options;
    const proved = verifyProof(verifier.storedKey, this.#message, proof);
    const decision = decide({
      verifier,
      proved,
      // Asked again: its rights may have changed since the challenge.
      account: verifier.account && store.accounts.byId(verifier.account.id),
      isCurrent: verifier.account !== undefined && store.signIn.isCurrent(verifier),
      isLocal: isLocalPeer(this.#address),
    });
    const isGuess = "refusal" in decision && decision.isGuess;
    if (isGuess) {
      throttle.failed(hello.id, this.#address);
      log.warn("sign-in failed", { method: hello.method, id: hello.id, address: this.#address });
    } else throttle.succeeded(hello.id, this.#address);
    if ("refusal" in decision) return this.refuse(decision.refusal);
    if (verifier.token !== undefined) store.tokens.used(verifier.token);
    try {
      this.#welcome(hello, verifier, decision);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.refuse({
        code: error.code === "duplicate" ? "name-taken" : error.code,
        message: error.message,
      });
    }
  }

  #welcome(hello: Hello, verifier: Verifier, { account, grant }: Admission): void {
    const { registry, log, settings } = this.#options;
    const { maxStreams, maxWaitingStreams, streamWait } = settings.current;
    let agent: ConnectedAgent | undefined;
    if (hello.join !== undefined) {
      agent = registry.agents.get(hello.join);
      const isOwn = agent !== undefined && this.#rights.isOf(agent, account.id);
      if (agent === undefined || agent.draining || !isOwn) {
        return this.refuse({
          code: "unknown-session",
          message: "there is no such session to join",
        });
      }
      if (agent.sessions.length >= MAX_CONNECTIONS) {
        return this.refuse({
          code: "too-many-connections",
          message: `an agent has ${MAX_CONNECTIONS} connections at the most`,
        });
      }
    }
    const names = agent?.facts.names ??
      this.#names(hello.names, account, verifier.token?.scope === "local");
    if (names.length === 0) {
      return this.refuse({
        code: "name-needed",
        message: `the account ${account.name} has no public name of its own; give --name NAME`,
      });
    }
    const isNew = agent === undefined;
    const canWait = hello.capabilities.includes(WAIT);
    agent ??= new ConnectedAgent({
      id: crypto.randomUUID(),
      account: account.name,
      names,
      transport: this.#connection.secure ? "tls" : "tcp",
      address: this.#address,
      software: hello.software,
      mounts: hello.mounts,
      token: verifier.token?.id ?? "",
      place: canWait ? hello.place : { ...hello.place, claim: "take" },
      canWait,
      canUpgrade: hello.capabilities.includes(UPGRADE),
    }, { waiting: maxWaitingStreams, wait: streamWait });
    const waiting = isNew ? registry.waitsFor(agent) : [];
    const overfull = registry.overfull(waiting, hello.place.instance);
    if (overfull !== undefined) {
      return this.refuse({
        code: "too-many-waiting",
        message: `as many agents wait for ${overfull} as may`,
        retryAfter: 30_000,
      });
    }
    this.#session.frames.message(
      Frame.WELCOME,
      welcomeMessage({
        session: agent.facts.id,
        signature: serverSignature(verifier.serverKey, this.#message),
        account: account.name,
        names: names.map((name) => ({
          name,
          urls: this.#options.urls(name, hello.dialled, this.#address),
        })),
        streams: maxStreams,
        ...(waiting.length === 0 ? {} : { waiting }),
      }),
    );
    this.#leave();
    this.#session.ready(maxStreams);
    hand(this.#session, agent, { registry, rights: this.#rights, log });
    this.#rights.admit(this.#session, agent, grant);
    if (!isNew) return;
    registry.add(agent);
    const waits = waiting.map(({ name }) => name);
    const holds = names.filter((name) => !waits.includes(name));
    log.info(holds.length === 0 ? "agent waits" : "agent connected", {
      account: account.name,
      names: (holds.length === 0 ? waits : holds).join(","),
      address: this.#address,
      software: hello.software,
    });
  }

  /** The names it may publish, claimed where it may claim them. @throws {StoreError} */
  #names(wanted: readonly string[], account: Account, local: boolean): string[] {
    const { names } = this.#options.store;
    if (wanted.length === 0) {
      return names.ownerOf(account.name)?.account === account.name ? [account.name] : [];
    }
    const claimed = wanted.map((name) => {
      if (names.ownerOf(name)?.account === account.name) return name.toLowerCase();
      const { namesPerAccount } = this.#options.settings.current;
      const most = local ? 0 : account.role === "admin" ? undefined : namesPerAccount;
      return names.add(account.name, name, {
        by: { who: account.name, address: this.#address },
        ...(most === undefined ? {} : { most }),
      });
    });
    // `bob` and `BOB` are one name.
    return [...new Set(claimed)];
  }
}
