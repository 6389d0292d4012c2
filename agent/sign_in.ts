/** The agent's half of a sign-in: its credential, and what it says to which message. @module */

import {
  authMessage,
  type Challenge,
  clientProof,
  deriveKeys,
  deriveTokenKeys,
  encodeBase64,
  Frame,
  type Keys,
  MessageError,
  newNonce,
  passwordBytes,
  type Place,
  PROTOCOL_VERSION,
  readChallenge,
  readEnd,
  readWelcome,
  type Session,
  type SessionEnd,
  tellable,
  tokenId,
  type ToldMount,
  UPGRADE,
  verifyServerSignature,
  WAIT,
  type Welcome,
} from "../tunnel/mod.ts";

/** With what an agent signs in. Derived keys are kept, so that signing in again costs nothing. */
export class Credential {
  readonly method: "password" | "token";
  readonly id: string;
  readonly #secret: Uint8Array;
  #salt = "";
  #keys: Promise<Keys> | null = null;

  private constructor(method: "password" | "token", id: string, secret: Uint8Array) {
    this.method = method;
    this.id = id;
    this.#secret = secret;
  }

  static password(account: string, password: string): Credential {
    return new Credential("password", account, passwordBytes(password));
  }

  /** `secret`: the 32 bytes that `parseToken` gives. */
  static token(secret: Uint8Array): Credential {
    return new Credential("token", tokenId(secret), secret);
  }

  /** The keys for what a relay asks. @throws {RangeError} when its cost is out of bounds. */
  keys(challenge: Challenge): Promise<Keys> {
    const salt = JSON.stringify([
      challenge.salt === undefined ? "" : encodeBase64(challenge.salt),
      challenge.cost,
    ]);
    if (this.#keys === null || salt !== this.#salt) {
      this.#salt = salt;
      this.#keys = this.#derive(challenge);
      // A failure is not kept.
      this.#keys.catch(() => this.#keys = null);
    }
    return this.#keys;
  }

  async #derive(challenge: Challenge): Promise<Keys> {
    if (this.method === "token") return deriveTokenKeys(this.#secret);
    if (challenge.salt === undefined || challenge.cost === undefined) {
      throw new MessageError("CHALLENGE: salt is missing");
    }
    return await deriveKeys(this.#secret, { salt: challenge.salt, ...challenge.cost });
  }
}

/** Sign-in did not succeed: what the relay said, or what was wrong with what it said. */
export class SignInError extends Error {
  override readonly name = "SignInError";
  readonly end: SessionEnd;

  constructor(end: SessionEnd, options?: ErrorOptions) {
    super(end.message, options);
    this.end = end;
  }
}

export interface SignInOptions {
  readonly credential: Credential;
  readonly names: readonly string[];
  readonly software: string;
  /** The relay's host as it was dialled, so that printed addresses are right. */
  readonly dialled: string;
  /** What is published, to be shown to people; HELLO has room for most. */
  readonly mounts?: readonly ToldMount[];
  /** Where others publish its names; without it the agent takes them over, and does not know how to wait. */
  readonly place?: Place;
  /** Its origins may answer 101. Default false. */
  readonly upgrades?: boolean;
  readonly join?: string;
}

/** The agent's half of a sign-in: give it what the session receives, await `done`. */
export class SignIn {
  readonly done: Promise<Welcome>;
  readonly #session: () => Session;
  readonly #options: SignInOptions;
  readonly #hello: Uint8Array;
  /** The relay lets agents wait for a name. */
  canWait = false;
  #keys: Keys | null = null;
  #message: Uint8Array | null = null;
  #resolve!: (welcome: Welcome) => void;
  #reject!: (error: Error) => void;

  constructor(session: () => Session, options: SignInOptions) {
    this.#session = session;
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {});
    const { credential } = options;
    this.#hello = new TextEncoder().encode(JSON.stringify({
      versions: [PROTOCOL_VERSION],
      software: options.software,
      capabilities: [
        ...(options.place === undefined ? [] : [WAIT]),
        ...(options.upgrades === true ? [UPGRADE] : []),
      ],
      method: credential.method,
      id: credential.id,
      nonce: encodeBase64(newNonce()),
      names: options.names,
      dialled: options.dialled,
      ...(options.mounts === undefined ? {} : { mounts: tellable(options.mounts) }),
      ...options.place,
      ...(options.join === undefined ? {} : { join: options.join }),
    }));
  }

  /** Sends HELLO. */
  start(): void {
    this.#session().frames.open().put(this.#hello);
    this.#session().frames.close(Frame.HELLO, 0);
  }

  /** The session ended before the sign-in did. */
  lost(end: SessionEnd): void {
    this.#reject(new SignInError(end));
  }

  /** Takes a frame of the sign-in. */
  receive(type: number, message: Record<string, unknown>, payload: Uint8Array): void {
    this.#step(type, message, payload).catch((cause) => {
      const error = cause instanceof SignInError ? cause : new SignInError(
        { code: "bad-relay", message: cause instanceof Error ? cause.message : String(cause) },
        { cause },
      );
      this.#reject(error);
      this.#session().close(error.end);
    });
  }

  async #step(type: number, message: Record<string, unknown>, payload: Uint8Array): Promise<void> {
    if (type === Frame.REFUSED) throw new SignInError(readEnd(message));
    if (type === Frame.CHALLENGE && this.#message === null) {
      const challenge = readChallenge(message);
      if (challenge.version !== PROTOCOL_VERSION) {
        throw new MessageError(
          `the relay speaks protocol version ${challenge.version}, we speak ${PROTOCOL_VERSION}`,
        );
      }
      this.canWait = challenge.capabilities.includes(WAIT);
      this.#message = authMessage(this.#hello, payload);
      this.#keys = await this.#options.credential.keys(challenge);
      if (this.#session().closed) return;
      this.#session().frames.message(Frame.PROOF, {
        proof: encodeBase64(clientProof(this.#keys, this.#message)),
      });
    } else if (type === Frame.WELCOME && this.#keys !== null && this.#message !== null) {
      const welcome = readWelcome(message);
      if (!verifyServerSignature(this.#keys.serverKey, this.#message, welcome.signature)) {
        throw new MessageError(
          "this relay does not know the account: another server may have taken its place",
        );
      }
      this.#session().ready(welcome.streams);
      this.#resolve(welcome);
    } else {
      throw new MessageError(`frame 0x${type.toString(16)} has no place here`);
    }
  }
}
