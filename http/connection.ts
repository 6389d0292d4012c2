/** The seam between HTTP or the tunnel and the sockets below them: plain TCP, Unix sockets, TLS. @module */

/** One end of a connection, as logs and limits see it. */
export interface Endpoint {
  /** IP address without brackets, IPv4 never as `::ffff:…`; `unix` for Unix sockets. */
  readonly address: string;
  /** 0 for Unix sockets. */
  readonly port: number;
}

/** An ordered byte stream. One read and one write at a time; the array is free again when the promise settles. */
export interface Connection {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** Encrypted. */
  readonly secure: boolean;
  /** Bytes read, or null at the end. Rejects once the connection is broken. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Bytes written: maybe not all of them. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Says that nothing more will be written. */
  closeWrite(): Promise<void>;
  /** Ends both directions. Idempotent; pending reads and writes reject. */
  close(): void;
}

/** `::ffff:10.0.0.1` is 10.0.0.1. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function endpoint(address: Deno.Addr): Endpoint {
  return address.transport === "tcp"
    ? { address: plainAddress(address.hostname), port: address.port }
    : { address: "unix", port: 0 };
}

/** A `Deno.Conn` behind the seam. */
export class DenoConnection implements Connection {
  readonly #conn: Deno.Conn;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly secure: boolean;
  #closed = false;

  constructor(conn: Deno.Conn, secure = false) {
    this.#conn = conn;
    this.remote = endpoint(conn.remoteAddr);
    this.local = endpoint(conn.localAddr);
    this.secure = secure;
    // Without it two small writes cost 44 ms (Nagle against delayed acknowledgements).
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#conn.read(into);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#conn.write(bytes);
  }

  async closeWrite(): Promise<void> {
    if (!this.#closed) await this.#conn.closeWrite();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
