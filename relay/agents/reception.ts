/** Lets agents in: checks who they are, gives them their names, and hands them to the registry. @module */

import type { Log } from "../../cli/mod.ts";
import {
  coarseNow,
  type Connection,
  isLocalPeer,
  Places,
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
  verifyProof,
  WAIT,
  welcomeMessage,
} from "../../tunnel/mod.ts";
import { type AgentLimits, ConnectedAgent } from "./connected_agent.ts";
import type { Tally } from "../metrics/mod.ts";
import type { Registry } from "./registry.ts";
import { Rights } from "./rights.ts";
import {
  type Account,
  allows,
  type Change,
  type Grant,
  type Store,
  StoreError,
  type Throttle,
  type Verifier,
} from "../store/mod.ts";

export interface ReceptionOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly log: Log;
  /** Slows down who guesses; the API's too, so that nobody guesses at both. */
  readonly throttle: Throttle;
  /** Counts whom it does not let in, by `agent reason`. */
  readonly failures: Tally;
  readonly software: string;
  /** Agents that may be connected and not yet signed in; beyond it the oldest of the busiest address goes. */
  readonly maxPending: number;
  /** Time for a sign-in, in ms. */
  readonly signInTime: number;
  readonly maxStreams: number;
  readonly agentLimits: AgentLimits;
  /** Names beside its own that an account may claim itself. */
  readonly namesPerAccount: number;
  /** The public addresses of a name, for an agent that dialled `dialled` from `address`. */
  readonly urls: (name: string, dialled: string, address: string) => string[];
}

/** What a wrong sign-in is told, whatever was wrong. */
const BAD_CREDENTIALS: SessionEnd = {
  code: "bad-credentials",
  message: "unknown account or token, or wrong password",
};

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

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #rights: Rights;
  readonly #guests: Places<Guest>;
  #closed = false;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#guests = new Places(() => options.maxPending);
    this.#rights = new Rights(options.store);
  }

  /** Sends away whoever has lost the right to be here by a change. */
  judge(change: Change): void {
    this.#rights.judge(change);
  }

  /** Agents that have not signed in yet. */
  get pending(): number {
    return this.#guests.size;
  }

  /** Takes a connection of somebody who wants to be an agent. */
  accept(connection: Connection): void {
    if (this.#closed) return connection.close();
    const { address } = connection.remote;
    const guest = new Guest(this.#options, {
      connection,
      rights: this.#rights,
      done: () => this.#guests.leave(guest, address),
    });
    const pushedOut = this.#guests.take(guest, address);
    if (pushedOut === null) return;
    this.#options.failures.add("agent too-many");
    pushedOut.drop();
  }

  /** Sends away who has not signed in yet. */
  close(): void {
    this.#closed = true;
    for (const guest of this.#guests.all()) {
      guest.refuse({ code: "shutdown", message: "the relay stops" });
    }
  }
}

/** Sign-ins that are ended in one tick: a thousand that began at once must not all end at once. */
const MOST_EXPIRIES = 100;
const expiry = { at: 0, count: 0 };

/** Somebody who is not signed in yet. */
class Guest implements Watched {
  readonly #options: ReceptionOptions;
  readonly #connection: Connection;
  readonly #rights: Rights;
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
  #agent: ConnectedAgent | null = null;
  /** What the agent said when it went away. */
  #farewell = "";

  constructor(
    options: ReceptionOptions,
    { connection, rights, done }: {
      readonly connection: Connection;
      readonly rights: Rights;
      readonly done: () => void;
    },
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#rights = rights;
    this.#done = done;
    this.#until = coarseNow() + options.signInTime;
    this.#session = new Session({
      connection,
      side: "relay",
      onmessage: (type, message, payload) => this.#onmessage(type, message, payload),
      onforeign: (bytes) => bytes[0] === 0x16 ? TLS_ALERT : HTTP_ANSWER,
      // Agents open no streams yet.
      onstream: () => null,
      ongoaway: (end) => {
        const agent = this.#agent;
        if (agent === null) return;
        this.#farewell = end.message;
        // It takes no new requests; what is under way finishes, then it closes.
        if (agent.sessions.every((session) => session.draining)) options.registry.release(agent);
      },
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

  /** Somebody else needs its place. */
  drop(): void {
    this.#connection.close();
  }

  refuse(end: SessionEnd): void {
    if (end.code !== "shutdown") this.#options.failures.add(`agent ${end.code}`);
    this.#session.message(Frame.REFUSED, { ...end });
    this.#session.close(end);
  }

  #leave(): void {
    unwatch(this);
    clearTimeout(this.#delay);
    this.#done();
  }

  #onclose(end: SessionEnd): void {
    this.#leave();
    const agent = this.#agent;
    if (agent === null) {
      if (end.code !== "connection-lost") {
        this.#options.log.debug("an agent was not let in", {
          address: this.#address,
          reason: end.message,
        });
      }
      return;
    }
    this.#rights.forget(this.#session, agent);
    if (agent.remove(this.#session)) {
      const lost = end.code === "connection-lost" && this.#farewell === "";
      this.#options.registry.remove(agent, { lost });
      this.#options.log.info("agent gone", {
        account: agent.facts.account,
        names: agent.facts.names.join(","),
        // Who said why it goes did not get lost when it closed.
        reason: end.code === "connection-lost" && this.#farewell !== ""
          ? this.#farewell
          : end.message,
      });
    }
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
    this.#hello = hello;
    this.#helloBytes = payload;
    // Due before the work is done, so that its time, which tells who is known here, is in no answer's.
    this.#delay = setTimeout(() => this.#sendChallenge(), CHALLENGE_TIME);
    const { signIn } = this.#options.store;
    const verifier = hello.method === "token"
      ? signIn.forToken(hello.id)
      : signIn.forAccount(hello.id);
    this.#found = verifier;
    const { salt, N, r, p } = verifier;
    const challenge: Challenge = {
      version: PROTOCOL_VERSION,
      software: this.#options.software,
      capabilities: hello.capabilities.filter((one) => one === WAIT),
      nonce: newNonce(),
      ...(hello.method === "token" ? {} : { salt, cost: { N, r, p } }),
    };
    this.#challengeBytes = new TextEncoder().encode(JSON.stringify(challengeMessage(challenge)));
    this.#message = authMessage(this.#helloBytes, this.#challengeBytes);
  }

  #sendChallenge(): void {
    if (this.#session.closed) return;
    this.#verifier = this.#found;
    this.#session.openFrame().put(this.#challengeBytes);
    this.#session.closeFrame(Frame.CHALLENGE, 0);
    this.#challengeBytes = NOTHING;
  }

  #prove(verifier: Verifier, proof: Uint8Array): void {
    const hello = this.#hello!;
    // Half of the time is the throttle's, the other half the network's.
    const patience = this.#options.signInTime / 2;
    const wait = this.#options.throttle.delayFor(hello.id, this.#address, patience);
    if (wait > patience) {
      return this.refuse({
        code: "slow-down",
        message: "too many failed sign-ins; wait before the next try",
        retryAfter: Math.ceil(wait),
      });
    }
    if (wait > 0) this.#delay = setTimeout(() => this.#judge(verifier, proof), wait);
    else this.#judge(verifier, proof);
  }

  #judge(verifier: Verifier, proof: Uint8Array): void {
    const hello = this.#hello!;
    const { log, store } = this.#options;
    if (!verifyProof(verifier.storedKey, this.#message, proof) || verifier.account === undefined) {
      this.#options.throttle.failed(hello.id, this.#address);
      log.warn("sign-in failed", { method: hello.method, id: hello.id, address: this.#address });
      return this.refuse(BAD_CREDENTIALS);
    }
    this.#options.throttle.succeeded(hello.id, this.#address);
    const { token } = verifier;
    // Asked again: its rights may have changed since the challenge.
    const account = store.accounts.byId(verifier.account.id);
    if (account === undefined || !store.signIn.isCurrent(verifier)) {
      return this.refuse(BAD_CREDENTIALS);
    }
    if (account.disabled) {
      return this.refuse({ code: "disabled", message: `the account ${account.name} is disabled` });
    }
    if (verifier.refusal !== undefined) {
      return this.refuse({
        code: verifier.refusal,
        message: verifier.refusal === "disabled"
          ? `the account ${account.name} is disabled`
          : "the token has expired",
      });
    }
    if (token !== undefined) {
      if (token.scope === "local" && !isLocalPeer(this.#address)) {
        return this.refuse(BAD_CREDENTIALS);
      }
      if (!allows(token.scope, "agent") && token.scope !== "local") {
        return this.refuse({
          code: "wrong-scope",
          message: `the token's scope is ${token.scope}; an agent needs one with agent`,
        });
      }
      store.tokens.used(token);
    }
    try {
      this.#welcome(hello, verifier, account);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.refuse({
        code: error.code === "duplicate" ? "name-taken" : error.code,
        message: error.message,
      });
    }
  }

  #welcome(hello: Hello, verifier: Verifier, account: Account): void {
    const { registry, log } = this.#options;
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
    }, this.#options.agentLimits);
    const waiting = isNew ? registry.waitsFor(agent) : [];
    const overfull = registry.overfull(waiting, hello.place.instance);
    if (overfull !== undefined) {
      return this.refuse({
        code: "too-many-waiting",
        message: `as many agents wait for ${overfull} as may`,
        retryAfter: 30_000,
      });
    }
    this.#session.message(
      Frame.WELCOME,
      welcomeMessage({
        session: agent.facts.id,
        signature: serverSignature(verifier.serverKey, this.#message),
        account: account.name,
        names: names.map((name) => ({
          name,
          urls: this.#options.urls(name, hello.dialled, this.#address),
        })),
        streams: this.#options.maxStreams,
        ...(waiting.length === 0 ? {} : { waiting }),
      }),
    );
    this.#leave();
    const grant = grantOf(verifier, account);
    // This object lives as long as its session: what only the sign-in needed goes.
    this.#hello = null;
    this.#verifier = this.#found = null;
    this.#helloBytes = this.#message = NOTHING;
    this.#session.ready(this.#options.maxStreams);
    this.#agent = agent;
    agent.add(this.#session);
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
      const most = local ? 0 : account.role === "admin" ? undefined : this.#options.namesPerAccount;
      return names.add(account.name, name, {
        by: { who: account.name, address: this.#address },
        ...(most === undefined ? {} : { most }),
      });
    });
    // `bob` and `BOB` are one name.
    return [...new Set(claimed)];
  }
}

/** What a good proof has shown. */
function grantOf({ token, storedKey }: Verifier, account: Account): Grant {
  const via: Grant["via"] = token === undefined
    ? { kind: "password", key: storedKey }
    : token.scope === "local"
    ? { kind: "local" }
    : { kind: "token", id: token.id };
  return { account: account.id, via };
}
