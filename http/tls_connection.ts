/** TLS over any connection, of a server, or of a client that checks nothing: `node:tls` for the secrets, our own reads and writes below it. @module */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { connect, type ConnectionOptions, type SecureContext, TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";

/** A connection that waits holds a buffer of this size. */
const SMALL_READ = 4 << 10;
const LARGE_READ = 64 << 10;
/** Bytes taken by one `write`: so much is encrypted before the next look at whether the visitor still reads. */
const WRITE_PIECE = 64 << 10;

/**
 * The encrypted side. It reads from the socket only when asked to: `node:tls` takes whatever it is given and keeps it,
 * paused or not, so an upload that is not read would fill the memory (seen with Deno 2.9.6).
 */
class Wire extends Duplex {
  readonly #connection: Connection;
  /** TLS wants bytes. */
  #asked = false;
  /** Bytes are wanted: by the handshake, or by a reader. */
  #wanted = true;
  #reading = false;
  /** The last read filled its buffer: more is coming. */
  #large = false;

  #first: Buffer | null;

  /** `first` was read from the connection already, or is empty. */
  constructor(connection: Connection, first: Uint8Array) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.#first = first.length === 0 ? null : Buffer.from(first);
  }

  /** True: read until told otherwise. */
  set wanted(value: boolean) {
    this.#wanted = value;
    if (value) this.#pump();
  }

  override _read(): void {
    this.#asked = true;
    this.#pump();
  }

  #pump(): void {
    if (this.#reading || !this.#asked || !this.#wanted || this.destroyed) return;
    this.#reading = true;
    if (this.#first !== null) {
      // In a later turn: a handshake that fails while TLSSocket starts is a TypeError that cannot be caught.
      setImmediate(() => this.#passFirst());
      return;
    }
    const into = new Uint8Array(this.#large ? LARGE_READ : SMALL_READ);
    this.#connection.read(into).then((size) => {
      this.#reading = false;
      this.#asked = false;
      if (size === null) return void this.push(null);
      this.#large = size >= SMALL_READ;
      this.push(Buffer.from(into.buffer, 0, size));
    }, (error) => this.destroy(error));
  }

  #passFirst(): void {
    const first = this.#first;
    this.#first = null;
    this.#reading = false;
    this.#asked = false;
    if (!this.destroyed) this.push(first);
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#send(bytes as Uint8Array as Uint8Array<ArrayBuffer>).then(() => done(), done);
  }

  async #send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(sent === 0 ? bytes : bytes.subarray(sent));
    }
  }

  override _final(done: (error?: Error) => void): void {
    this.#connection.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.close();
    done(error);
  }
}

interface Reader {
  into: Uint8Array<ArrayBuffer>;
  resolve(size: number | null): void;
  reject(error: Error): void;
}

/** What TLS makes of a connection. `ready` comes first. */
export class TlsConnection implements Connection {
  readonly remote: Connection["remote"];
  readonly local: Connection["local"];
  readonly secure = true;
  readonly #wire: Wire;
  readonly #socket: TLSSocket;
  readonly #ready = Promise.withResolvers<void>();
  /** Decrypted, not yet read; never more than one read of the wire made. */
  #pieces: Buffer[] = [];
  #offset = 0;
  #reader: Reader | null = null;
  #established = false;
  #ended = false;
  #closed = false;
  #error: Error | null = null;

  /** Starts the handshake as a server, with what `first` holds already. */
  static server(connection: Connection, context: SecureContext, first: Uint8Array): TlsConnection {
    const wire = new Wire(connection, first);
    const options = {
      isServer: true,
      secureContext: context,
      ALPNProtocols: ["http/1.1"],
      allowHalfOpen: true,
    } as ConstructorParameters<typeof TLSSocket>[1];
    return new TlsConnection(connection, wire, new TLSSocket(wire, options), "secure");
  }

  /** Starts the handshake as a client that takes any certificate. */
  static client(connection: Connection, serverName: string): TlsConnection {
    const wire = new Wire(connection, new Uint8Array(0));
    const socket = connect(
      {
        socket: wire,
        rejectUnauthorized: false,
        // An address is no server name (RFC 6066 section 3).
        servername: /^[\d.]+$|:/.test(serverName) ? "" : serverName,
        ALPNProtocols: ["http/1.1"],
        allowHalfOpen: true,
      } as unknown as ConnectionOptions,
    );
    return new TlsConnection(connection, wire, socket, "secureConnect");
  }

  private constructor(connection: Connection, wire: Wire, socket: TLSSocket, ready: string) {
    this.remote = connection.remote;
    this.local = connection.local;
    this.#wire = wire;
    this.#wire.on("error", (error) => this.#broke(error));
    this.#socket = socket;
    this.#ready.promise.catch(() => {});
    socket.on(ready as "secure", () => {
      this.#established = true;
      this.#wire.wanted = this.#reader !== null;
      this.#ready.resolve();
    });
    socket.on("data", (bytes: Buffer) => this.#arrived(bytes));
    socket.on("end", () => this.#end());
    socket.on("error", (error: Error) => this.#broke(error));
    socket.on("close", () => this.#broke(new Error("the connection is closed")));
  }

  /** Resolves when the handshake is done. Rejects when it fails. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#reader !== null) return Promise.reject(new Error("Cannot read twice at a time"));
    if (this.#pieces.length > 0) return Promise.resolve(this.#take(into));
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#reader = { into, resolve, reject };
      this.#wire.wanted = true;
    });
  }

  #arrived(bytes: Buffer): void {
    this.#pieces.push(bytes);
    const reader = this.#reader;
    if (reader === null) return;
    this.#reader = null;
    if (this.#established) this.#wire.wanted = false;
    reader.resolve(this.#take(reader.into));
  }

  #take(into: Uint8Array<ArrayBuffer>): number {
    let size = 0;
    while (size < into.length && this.#pieces.length > 0) {
      const piece = this.#pieces[0]!;
      const part = Math.min(piece.length - this.#offset, into.length - size);
      into.set(piece.subarray(this.#offset, this.#offset + part), size);
      size += part;
      this.#offset += part;
      if (this.#offset < piece.length) break;
      this.#pieces.shift();
      this.#offset = 0;
    }
    return size;
  }

  #end(): void {
    this.#ended = true;
    if (!this.#established) return this.#broke(new Error("the visitor left in the handshake"));
    this.#reader?.resolve(null);
    this.#reader = null;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#error !== null) return Promise.reject(this.#error);
    const piece = bytes.length > WRITE_PIECE ? bytes.subarray(0, WRITE_PIECE) : bytes;
    return new Promise((resolve, reject) => {
      this.#socket.write(piece, (error) => {
        if (error) reject(error);
        else resolve(piece.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    if (this.#error !== null || this.#closed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.end((error?: Error | null) => error ? reject(error) : resolve());
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#broke(new Error("the connection is closed"));
  }

  #broke(error: Error): void {
    this.#error ??= error;
    this.#ready.reject(this.#error);
    this.#reader?.reject(this.#error);
    this.#reader = null;
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#wire.destroy();
  }
}
