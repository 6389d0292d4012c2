/** One connection to an origin: sends requests one after the other, and reads their answers strictly. @module */

import { BodyReader } from "../body_reader.ts";
import { coarseNow } from "../clock.ts";
import type { Connection } from "../connection.ts";
import { Field } from "../field.ts";
import { Head, type HeadLimits, UNTIL_CLOSE } from "../head.ts";
import { HttpError } from "../http_error.ts";
import { Outgoing } from "../outgoing.ts";
import { ReadBuffer } from "../read_buffer.ts";
import type { Rostered } from "../roster.ts";
import type { CallHost, ClientCall } from "./client_call.ts";
import { ClientError } from "./client_error.ts";
import { sendBytes, Upload } from "./upload.ts";

const IDLE_BUFFER = 4 << 10;
const BODY_BUFFER = 64 << 10;
/** Bytes of all interim answers before one answer. */
const MAX_INTERIM = 64 << 10;
/** How long a body waits for 100 (Continue): origins that do not know it never say so (RFC 9110 section 10.1.1). */
const CONTINUE_TIME = 1_000;
/** Origins have as much room as the tunnel gives their answers. */
const HEAD_LIMITS: HeadLimits = { head: 128 << 10, target: 0, fields: 512 };

const encoder = new TextEncoder();
const VERSION = encoder.encode(" HTTP/1.1\r\n");
const CHUNKED_FIELD = encoder.encode("Transfer-Encoding: chunked\r\n");
const CONNECTION_UPGRADE = encoder.encode("Connection: Upgrade\r\n");
const CRLF = encoder.encode("\r\n");

type Phase = "idle" | "head" | "body" | "bytes" | "closed";

interface BodyWaiter {
  resolve(piece: Uint8Array | null): void;
  reject(error: Error): void;
}

/** What a connection needs of the client that it belongs to. */
export interface ConnectionOwner {
  /** From the end of a request to the end of its answer's head, in ms; 0 waits for ever. */
  readonly firstByteTime: number;
  /** The connection is free for another request. */
  released(connection: ClientConnection): void;
  /** The request may be sent again, on another connection. */
  repeat(call: ClientCall): void;
  closed(connection: ClientConnection): void;
}

export class ClientConnection implements CallHost, Rostered {
  seat = -1;
  /** Since when it is idle, in coarse ms. */
  idleSince = 0;
  /** How long the origin keeps it while it is idle, in ms, where it says so. */
  keptFor = Infinity;

  readonly #owner: ConnectionOwner;
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  readonly #in = new ReadBuffer(IDLE_BUFFER);
  readonly #head = new Head(HEAD_LIMITS);
  readonly #body = new BodyReader();
  #phase: Phase = "idle";
  #call: ClientCall | null = null;
  #upload: Upload | null = null;
  /** The body waits for 100 (Continue). */
  #continueDue = false;
  #sentAt = 0;
  #interim = 0;
  /** Something came of the answer under way. */
  #isTouched = false;
  /** Answers that came whole. */
  #served = 0;
  #reusable = false;
  /** The answer's head is being looked at. */
  #isAnswering = false;
  #reading = false;
  #ended = false;
  /** After a 101: `end` was called; all that comes was read. */
  #bytesEnded = false;
  #waiter: BodyWaiter | null = null;

  constructor(owner: ConnectionOwner, connection: Connection) {
    this.#owner = owner;
    this.#connection = connection;
    // What cannot be sent need not be: an origin may answer before it has read everything, and reading tells.
    this.#outgoing = new Outgoing(connection, () => this.#unwritable());
  }

  get isIdle(): boolean {
    return this.#phase === "idle";
  }

  /** Sends a request. The connection must be idle. */
  begin(call: ClientCall): void {
    const { request } = call;
    this.#call = call;
    call.carry(this);
    this.#phase = "head";
    this.#interim = 0;
    this.#isTouched = this.#bytesEnded = false;
    this.#sentAt = coarseNow();
    this.#head.reset("response", 0);
    const out = this.#outgoing;
    out.putText(`${request.method} ${request.target}`);
    out.put(VERSION);
    out.put(request.fields);
    if (request.upgrade !== undefined) out.put(CONNECTION_UPGRADE);
    const { body } = request;
    if (body !== null && request.length < 0) out.put(CHUNKED_FIELD);
    out.put(CRLF);
    this.#upload = body === null ? null : new Upload(call, out);
    this.#continueDue = body !== null && request.expectsContinue === true;
    if (body !== null && !this.#continueDue) this.#startUpload();
    this.#read();
  }

  #startUpload(): void {
    const upload = this.#upload!;
    this.#continueDue = false;
    upload.run().catch((cause) => {
      if (this.#upload !== upload) return;
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new ClientError("body", `the request's body broke off: ${why}`, { cause }));
    });
  }

  // Reading

  #read(): void {
    if (this.#reading || this.#ended) return;
    const buffer = this.#in;
    if (buffer.room < 512) {
      const parsing = this.#phase === "head";
      const from = parsing ? this.#head.start : buffer.start;
      const need = buffer.end - from;
      buffer.replace(need < IDLE_BUFFER / 2 ? IDLE_BUFFER : need * 2, from);
      if (parsing) this.#head.move(-from);
    }
    this.#reading = true;
    this.#connection.read(buffer.space()).then(this.#onread, this.#onreaderror);
  }

  #onread = (count: number | null): void => {
    this.#reading = false;
    if (count === null) this.#ended = true;
    else this.#in.filled(count);
    switch (this.#phase) {
      case "idle":
        // The origin closed it, or says something that it was not asked: that is not the next request's answer.
        return this.destroy();
      case "head":
        if (count !== null) this.#isTouched = true;
        return this.#parse();
      case "body":
      case "bytes":
        return this.#feed();
      default:
    }
  };

  #onreaderror = (cause: unknown): void => {
    this.#reading = false;
    this.#ended = true;
    if (this.#phase === "closed") return;
    if (this.#phase === "idle") return this.destroy();
    this.#lost(cause);
  };

  #parse(): void {
    const head = this.#head;
    const call = this.#call!;
    try {
      for (;;) {
        if (!head.parse(this.#in.bytes, this.#in.end)) {
          if (this.#ended) return this.#lost();
          return this.#read();
        }
        this.#in.start = head.end;
        if (head.status >= 200 || head.status === 101) break;
        this.#interim += head.end - head.start;
        if (this.#interim > MAX_INTERIM) {
          throw new HttpError(400, "There are too many interim answers");
        }
        if (head.status === 100 && this.#continueDue) this.#startUpload();
        call.handler.oninterim(head);
        if (this.#call !== call) return;
        head.reset("response", head.end);
      }
      if (head.status === 101) this.#checkSwitch(head, call);
    } catch (cause) {
      if (!(cause instanceof HttpError)) throw cause;
      return this.#malformed(cause);
    }
    if (head.status === 101) {
      this.#phase = "bytes";
      this.#reusable = false;
      this.#body.beginRaw();
    } else {
      this.#phase = "body";
      const length = call.request.method === "HEAD" ? 0 : head.bodyLength;
      this.#reusable = head.keepAlive && length !== UNTIL_CLOSE;
      if (this.#reusable && head.has(Field["keep-alive"])) {
        this.keptFor = keptFor(head.get(Field["keep-alive"])!);
      }
      this.#body.begin(length, HEAD_LIMITS);
    }
    this.#isAnswering = true;
    call.handler.onanswer(head);
    this.#isAnswering = false;
    if ((this.#phase as Phase) === "idle") this.park();
  }

  /** @throws {HttpError} for a 101 that was not asked for, or that names no protocol or another one. */
  #checkSwitch(head: Head, call: ClientCall): void {
    const asked = call.request.upgrade;
    if (asked === undefined) {
      throw new HttpError(400, "An upgrade was answered that was not asked for");
    }
    if (!head.upgrade) throw new HttpError(400, "The upgrade's answer does not name its protocol");
    const known = protocolsOf(asked);
    if (!protocolsOf(head.getAll(Field.upgrade).join(",")).every((one) => known.includes(one))) {
      throw new HttpError(400, "The upgrade's answer names another protocol");
    }
  }

  read(): Promise<Uint8Array | null> {
    if (this.#phase !== "body" && this.#phase !== "bytes") {
      return Promise.reject(new ClientError("aborted", "there is no answer to read"));
    }
    if (this.#waiter !== null) {
      return Promise.reject(new Error("Cannot read the body twice at a time"));
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#feed();
    });
  }

  readNow(): Uint8Array | null | undefined {
    if (this.#phase !== "body" && this.#phase !== "bytes") return undefined;
    return this.#nextPiece();
  }

  /** Answers the read that waits with what is here, or reads more. */
  #feed(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    const piece = this.#nextPiece();
    if (piece === undefined) {
      // What broke off was told already.
      if (this.#waiter === waiter) this.#readBody();
      return;
    }
    this.#waiter = null;
    waiter.resolve(piece);
  }

  /** A piece of the body that has come, null at the end, undefined when more must be read first or it broke off. */
  #nextPiece(): Uint8Array | null | undefined {
    let piece: Uint8Array | null | undefined;
    try {
      piece = this.#body.next(this.#in);
    } catch (cause) {
      if (!(cause instanceof HttpError)) throw cause;
      this.#malformed(cause);
      return undefined;
    }
    if (piece === undefined && this.#ended) {
      if (this.#body.close()) piece = null;
      else this.#lost();
    }
    if (piece === null) this.#bodyOver();
    return piece;
  }

  #readBody(): void {
    const buffer = this.#in;
    if (!this.#reading && buffer.size === 0) {
      const isSlow = this.#phase === "bytes" && !buffer.full;
      buffer.makeRoom(isSlow ? IDLE_BUFFER : BODY_BUFFER, this.#head.bytes);
    }
    this.#read();
  }

  // The end of a body, of an answer, of a connection

  #bodyOver(): void {
    if (this.#phase === "bytes") {
      if (this.#bytesEnded) this.#complete();
      else if (this.#outgoing.failed) this.#lost();
    } else if (this.#phase === "body") this.#complete();
  }

  /** The answer is whole. */
  #complete(): void {
    const call = this.#call!;
    const upload = this.#upload;
    this.#call = this.#upload = null;
    call.trailers = this.#body.trailers;
    call.isOver = true;
    call.carry(null);
    upload?.stop();
    const isClean = this.#reusable && !this.#ended && this.#in.size === 0 &&
      (upload === null || upload.isDone) && this.#outgoing.queued === 0 && !this.#outgoing.failed;
    if (!isClean) return this.destroy();
    this.#phase = "idle";
    this.#served++;
    // The head may still be looked at.
    if (!this.#isAnswering) this.park();
  }

  /** Waits for the next request. */
  park(): void {
    this.idleSince = coarseNow();
    this.#in.rest();
    this.#read();
    this.#owner.released(this);
  }

  /** The connection broke: the request is sent again where nothing has come of its answer and it does no harm. */
  #lost(cause?: unknown): void {
    const call = this.#call;
    const isFirst = !this.#isTouched && this.#phase === "head";
    if (call !== null && isFirst && this.#served > 0 && call.isRepeatable) {
      call.isRepeated = true;
      this.#call = null;
      call.carry(null);
      this.destroy();
      return this.#owner.repeat(call);
    }
    const what = this.#phase === "head"
      ? isFirst ? "it closed the connection without an answer" : "its answer ends in the head"
      : "its answer broke off";
    this.#fail(new ClientError("closed", what, { cause }));
  }

  #malformed(cause: HttpError): void {
    this.#fail(
      new ClientError("malformed", `what it sent is no answer: ${cause.message}`, { cause }),
    );
  }

  #fail(error: ClientError): void {
    const call = this.#call;
    const waiter = this.#waiter;
    this.#waiter = null;
    this.destroy();
    waiter?.reject(error);
    call?.fail(error);
  }

  /** Nothing can be sent any more. After a 101 with nothing left to read that is the end. */
  #unwritable(): void {
    if (this.#phase === "bytes" && this.#body.left === 0) this.#lost();
  }

  // Plain bytes

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#phase !== "bytes" || this.#bytesEnded || bytes.length === 0) return undefined;
    this.#outgoing.rotate();
    return sendBytes(this.#outgoing, bytes);
  }

  endBytes(): void {
    if (this.#phase !== "bytes" || this.#bytesEnded) return;
    this.#bytesEnded = true;
    if (this.#body.left !== 0) {
      const out = this.#outgoing;
      // Where it fails, reading tells.
      out.drained(0).then(() => out.failed ? undefined : this.#connection.closeWrite())
        .catch(() => {});
    } else this.#outgoing.drained(0).then(() => this.#phase === "bytes" && this.#complete());
  }

  cancel(): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    this.destroy();
    waiter?.reject(new ClientError("aborted", "the request was given up"));
  }

  /** Closes at once. Idempotent; a call under way is told nothing. */
  destroy(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#upload?.stop();
    this.#call?.carry(null);
    this.#call = this.#upload = null;
    this.#connection.close();
    this.#outgoing.fail(CLOSED);
    this.#owner.closed(this);
  }

  /** Ends a call under way as well. */
  shutDown(): void {
    if (this.#call === null) this.destroy();
    else this.#fail(new ClientError("aborted", "the client is closed"));
  }

  /** Called by the client, now and then. */
  tick(now: number): void {
    if (this.#continueDue && now - this.#sentAt > CONTINUE_TIME && this.#phase === "head") {
      this.#startUpload();
    }
    const { firstByteTime } = this.#owner;
    if (this.#phase !== "head" || firstByteTime === 0) return;
    if (now - Math.max(this.#sentAt, this.#upload?.movedAt ?? 0) > firstByteTime) {
      this.#fail(new ClientError("timeout", `it did not answer within ${firstByteTime / 1000} s`));
    }
  }
}

/** Made once: a stack trace takes longer than the rest of closing. */
const CLOSED = new Error("The connection is closed");

/** A second less than `timeout=5` says, as the origin begins to count before we do. */
function keptFor(value: string): number {
  const seconds = /\btimeout=(\d{1,9})\b/i.exec(value)?.[1];
  return seconds === undefined ? Infinity : Math.max(0, Number(seconds) - 1) * 1_000;
}

function protocolsOf(value: string): string[] {
  return value.toLowerCase().split(",").map((one) => one.trim()).filter((one) => one !== "");
}
