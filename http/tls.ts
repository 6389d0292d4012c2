/** A listener that speaks TLS, on the same seam as the plain one. @module */

import type { CertificateFiles } from "./certificate.ts";
import { coarseNow, unwatch, watch } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { rejectAndClose } from "./goodbye.ts";
import type { ListenAddress } from "./listen_error.ts";
import { listen, type Listener, type ListenOptions } from "./listener.ts";
import { Places } from "./places.ts";
import { TlsConnection } from "./tls_connection.ts";

/** From accepting to the end of the handshake, in ms. */
const HANDSHAKE_TIME = 10_000;
/** Handshakes under way at once; beyond that the oldest of the busiest address is closed. One holds some 40 KB. */
const MOST_HANDSHAKES = 1_024;
/** First byte of a TLS record that carries a ClientHello. */
const HANDSHAKE_RECORD = 22;

export interface TlsListenOptions extends ListenOptions {
  readonly certificates: CertificateFiles;
  /** In ms. Default 10 s. */
  readonly handshakeTime?: number;
}

/**
 * Listens like `listen`; `onconnection` gets connections whose handshake is done: TLS 1.2 or 1.3, HTTP/1.1 by ALPN.
 * Who speaks plain HTTP there is answered 400 in words.
 * @throws {ListenError}
 */
export async function listenTls(
  address: ListenAddress,
  options: TlsListenOptions,
): Promise<Listener> {
  const handshakes = new Handshakes(options);
  const listener = await listen(address, {
    ...options,
    onconnection: (connection) => handshakes.start(connection),
  });
  const close = async (): Promise<void> => {
    await listener.close();
    handshakes.stop();
  };
  return {
    address: listener.address,
    port: listener.port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Connections between their first byte and the end of their handshake. */
class Handshakes {
  readonly #options: TlsListenOptions;
  /** What to close, and until when it must be done. */
  readonly #pending = new Map<Connection, number>();
  readonly #places = new Places<Connection>(() => MOST_HANDSHAKES);

  constructor(options: TlsListenOptions) {
    this.#options = options;
  }

  start(connection: Connection): void {
    this.#places.take(connection, connection.remote.address)?.close();
    if (this.#pending.size === 0) watch(this);
    this.#pending.set(connection, coarseNow() + (this.#options.handshakeTime ?? HANDSHAKE_TIME));
    this.#shake(connection).then((tls) => {
      this.#done(connection);
      if (tls !== null) this.#options.onconnection(tls);
    }, () => {
      // Port scans, expired trust, time-outs: the visitor's own tools say what was wrong.
      this.#done(connection);
      connection.close();
    });
  }

  /** The first bytes say who talks: TLS, or a visitor who typed http://. */
  async #shake(connection: Connection): Promise<TlsConnection | null> {
    const first = new Uint8Array(1024);
    const size = await connection.read(first);
    if (size === null) throw new Error("the visitor left");
    if (first[0] !== HANDSHAKE_RECORD) {
      if (isLetter(first[0]!)) rejectAndClose(connection, PLAIN_HTTP);
      else connection.close();
      return null;
    }
    const { context } = this.#options.certificates;
    const tls = TlsConnection.server(connection, context, first.subarray(0, size));
    await tls.ready;
    return tls;
  }

  #done(connection: Connection): void {
    this.#pending.delete(connection);
    this.#places.leave(connection, connection.remote.address);
    if (this.#pending.size === 0) unwatch(this);
  }

  tick(now: number): void {
    // In the order they began, so the first one that has time left ends the search.
    for (const [connection, until] of this.#pending) {
      if (until > now) break;
      connection.close();
    }
  }

  stop(): void {
    for (const connection of this.#pending.keys()) connection.close();
  }
}

const PLAIN_HTTP = {
  status: 400,
  detail: "This port speaks HTTPS only. Put https:// in front of the address.",
} as const;

function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}
