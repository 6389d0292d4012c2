/** A connection after its 101: first what a read that was under way brings, then the socket itself. @module */

import type { Connection } from "./connection.ts";
import type { Outgoing } from "./outgoing.ts";

/** What `ServerExchange.upgrade` gives away. The server tells it what became of its own last read. */
export class HandedOver implements Connection {
  readonly remote: Connection["remote"];
  readonly local: Connection["local"];
  readonly secure: boolean;
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  readonly #onclose: () => void;
  /** Where the read under way puts its bytes; null without one. */
  #pending: Uint8Array | null;
  #arrived: number | null | undefined;
  #error: unknown;
  #wake: (() => void) | null = null;

  /** `onclose` closes the connection, and is called once or more. */
  constructor(
    connection: Connection,
    outgoing: Outgoing,
    onclose: () => void,
    pending: Uint8Array | null,
  ) {
    this.#connection = connection;
    this.#outgoing = outgoing;
    this.#onclose = onclose;
    this.#pending = pending;
    this.remote = connection.remote;
    this.local = connection.local;
    this.secure = connection.secure;
  }

  arrived(count: number | null): void {
    this.#arrived = count;
    this.#wake?.();
  }

  failed(error: unknown): void {
    this.#error = error;
    this.#wake?.();
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const pending = this.#pending;
    if (pending === null) return await this.#connection.read(into);
    if (this.#arrived === undefined && this.#error === undefined) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#error !== undefined) throw this.#error;
    const count = this.#arrived ?? null;
    if (count === null) return null;
    const size = Math.min(count, into.length);
    into.set(pending.subarray(0, size));
    this.#pending = size < count ? pending.subarray(size) : null;
    if (size < count) this.#arrived = count - size;
    return size;
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#outgoing.queued > 0) await this.#outgoing.drained(0);
    return await this.#connection.write(bytes);
  }

  async closeWrite(): Promise<void> {
    await this.#outgoing.drained(0);
    await this.#connection.closeWrite();
  }

  close(): void {
    this.#onclose();
  }
}
