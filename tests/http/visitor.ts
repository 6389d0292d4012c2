/** A client for the server's tests: says exactly the bytes it is told and reads exactly what comes. @module */

import assert from "node:assert/strict";
import { connect as connectNode } from "node:net";
import { DenoConnection } from "../../http/connection.ts";
import type { HttpError } from "../../http/http_error.ts";
import { HttpServer, type ServerOptions } from "../../http/server.ts";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { eventually, pause, within } from "../support/deadline.ts";
import { bytesOf, latin1Of as textOf, Visitor as BytesVisitor } from "../support/visitor.ts";

export { DEADLINE, eventually, pause, settled, within } from "../support/deadline.ts";
export { randomFrom } from "../support/random.ts";
export { bytesOf, latin1Of as textOf } from "../support/visitor.ts";

const encoder = new TextEncoder();

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly line: string;
  /** Field lines, in lower case names; several of one name joined by a line feed. */
  readonly fields: ReadonlyMap<string, string>;
  /** The head as it came. */
  readonly head: string;
  /** Latin-1. */
  readonly body: string;
  readonly trailers: string;
}

/** One TCP connection to the server under test, in Latin-1 text. */
export class Visitor implements Disposable {
  readonly #bytes: BytesVisitor;

  constructor(conn: Deno.TcpConn) {
    this.#bytes = new BytesVisitor(conn);
  }

  static async connect(port: number): Promise<Visitor> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new Visitor(conn);
  }

  get conn(): Deno.TcpConn {
    return this.#bytes.conn;
  }

  /** The connection was reset, not ended. */
  get reset(): boolean {
    return this.#bytes.reset;
  }

  send(data: string | Uint8Array): Promise<void> {
    return this.#bytes.send(data);
  }

  closeWrite(): Promise<void> {
    return this.#bytes.closeWrite();
  }

  close(): void {
    this.#bytes.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Everything up to and with `mark`. @throws {Error} when the connection ends before. */
  until(mark: string): Promise<string> {
    return this.#bytes.until(mark);
  }

  /** Exactly `count` bytes. */
  async take(count: number): Promise<string> {
    return textOf(await this.#bytes.take(count));
  }

  /** All that comes until the end. */
  async rest(): Promise<string> {
    return textOf(await this.#bytes.rest());
  }

  /** The next answer; interim ones too. `bodiless`: it answers HEAD. */
  async answer({ bodiless = false } = {}): Promise<Answer> {
    const head = await this.#bytes.head();
    assert.equal(head.version, "HTTP/1.1");
    const fields = new Map<string, string>();
    for (const [written, value] of head.lines) {
      const name = written.toLowerCase();
      const before = fields.get(name);
      fields.set(name, before === undefined ? value : `${before}\n${value}`);
    }
    const { body, trailers } = await this.#bytes.body(head, bodiless ? "HEAD" : "GET");
    return {
      status: head.status,
      line: head.text.slice(0, head.text.indexOf("\r\n")),
      fields,
      head: head.text,
      body: textOf(body),
      trailers,
    };
  }

  /** Asserts that the server ends the connection and sends nothing more before. */
  ends(): Promise<void> {
    return this.#bytes.ends();
  }
}

/** A connection that is reset as soon as it has sent `text`; `Deno.Conn` cannot do that. */
export async function sendAndReset(
  port: number,
  text: string,
  ready: Promise<void>,
): Promise<void> {
  const socket = connectNode({ host: "127.0.0.1", port });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(bytesOf(text), () => resolve());
  });
  await ready;
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.resetAndDestroy();
  });
}

/** Counts what the server has read. */
class CountedConnection extends DenoConnection {
  readonly #oncount: (count: number) => void;

  constructor(conn: Deno.Conn, oncount: (count: number) => void) {
    super(conn);
    this.#oncount = oncount;
  }

  override async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const count = await super.read(into);
    if (count !== null) this.#oncount(count);
    return count;
  }
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly server: HttpServer;
  /** Exchanges that `finished` was told of, in order. */
  readonly finished: ServerExchange[];
  /** How often `closed` was told. */
  readonly closed: () => number;
  /** Resolves once `closed` was told so often. */
  whenClosed(count: number): Promise<void>;
  /** Resolves once the server has read so many bytes, all connections together. */
  whenRead(count: number): Promise<void>;
  connect(): Promise<Visitor>;
  /** Sends one text on a connection of its own and reads all that comes. */
  ask(text: string): Promise<string>;
}

export const PLAIN: Uint8Array = encoder.encode("Content-Type: text/plain\r\n");

/** Answers 200 with `text`. */
export function say(exchange: ServerExchange, text: string, status = 200): void {
  const body = bytesOf(text);
  if (exchange.head.method === "HEAD") exchange.respond(status, PLAIN, null, body.length);
  else exchange.respond(status, PLAIN, body);
}

/** The whole body as Latin-1 text; for a large one `sizeOf` says enough. */
export async function bodyOf(exchange: ServerExchange): Promise<string> {
  let text = "";
  for (;;) {
    const piece = await exchange.read();
    if (piece === null) return text;
    text += textOf(piece);
  }
}

/** How many bytes the body still has. */
export async function sizeOf(exchange: ServerExchange): Promise<number> {
  let size = 0;
  for (;;) {
    const piece = await exchange.read();
    if (piece === null) return size;
    size += piece.length;
  }
}

/**
 * Starts a server on a free port of the loopback. Refusals are answered with their message. What `handle` throws ends
 * the connection, and fails the test unless that is why it threw.
 */
export function serve(
  handle: (exchange: ServerExchange) => unknown,
  limits: ServerOptions["limits"] = {},
): TestServer {
  const finished: ServerExchange[] = [];
  const failures: unknown[] = [];
  let closed = 0;
  let read = 0;
  let watch = () => {};
  const server = new HttpServer({
    handle(exchange) {
      void (async () => await handle(exchange))().catch((error) => {
        if (exchange.aborted) return;
        failures.push(error);
        exchange.abort("the test's handler failed");
      });
    },
    refuse: (exchange: ServerExchange, error: HttpError) => {
      say(exchange, error.message + "\n", error.status);
    },
    finished: (exchange) => finished.push(exchange),
    closed: () => {
      closed++;
      watch();
    },
    limits,
  });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for (;;) {
      try {
        const conn = await listener.accept();
        server.accept(new CountedConnection(conn, (count) => read += count));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        throw error;
      }
    }
  })();
  const port = listener.addr.port;
  return {
    port,
    server,
    finished,
    closed: () => closed,
    whenClosed: (count) =>
      within(
        new Promise<void>((resolve) => {
          watch = () => {
            if (closed >= count) resolve();
          };
          watch();
        }),
        `closing ${count} connections`,
      ),
    async whenRead(count: number): Promise<void> {
      await eventually(() => read >= count, { every: 1, what: `reading ${count} bytes` });
      // Its parser sees them in the same turn.
      await pause(1);
    },
    connect: () => Visitor.connect(port),
    async ask(text: string): Promise<string> {
      using visitor = await Visitor.connect(port);
      await visitor.send(text);
      return await visitor.rest();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await accepting;
      await server[Symbol.asyncDispose]();
      assert.equal(server.size, 0);
      if (failures.length > 0) throw failures[0];
    },
  };
}
