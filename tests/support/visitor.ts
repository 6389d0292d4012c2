/** A visitor who says exactly the bytes that a test wants and reads exactly what comes, without any HTTP library. @module */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { within } from "./deadline.ts";

/** Latin-1 text as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** Bytes as Latin-1 text. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** A head as it came. */
export class AnswerHead {
  readonly text: string;
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Names as they came, values trimmed. */
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>;

  constructor(text: string) {
    this.text = text;
    const [first = "", ...lines] = text.slice(0, -4).split("\r\n");
    const found = /^(HTTP\/1\.\d) (\d{3}) (.*)$/.exec(first);
    if (found === null) throw new Error(`No status line: ${JSON.stringify(first)}`);
    this.version = found[1]!;
    this.status = Number(found[2]);
    this.reason = found[3]!;
    this.lines = lines.map((line) => {
      const parts = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
      if (parts === null) throw new Error(`No field line: ${JSON.stringify(line)}`);
      return [parts[1]!, parts[2]!];
    });
  }

  /** All values of a field, in their order. */
  getAll(name: string): string[] {
    return this.lines.filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
  }

  /** The value of a field that may stand once; null where it does not. */
  get(name: string): string | null {
    const values = this.getAll(name);
    if (values.length > 1) throw new Error(`${values.length} ${name} fields: ${this.text}`);
    return values[0] ?? null;
  }
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly head: AnswerHead;
  readonly interim: readonly AnswerHead[];
  readonly body: Uint8Array;
  /** The body as UTF-8. */
  readonly text: string;
  readonly trailers: string;
  get(name: string): string | null;
  getAll(name: string): string[];
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

/** What is said besides the request line; Host is the address by default. */
export interface Request {
  readonly method?: string;
  readonly host?: string;
  /** Lines without their ends: `Name: value`. */
  readonly fields?: readonly string[];
  /** Sent with Content-Length. */
  readonly body?: string | Uint8Array;
  readonly version?: string;
}

/** One TCP connection. */
export class Visitor implements Disposable {
  readonly conn: Deno.TcpConn;
  readonly #address: string;
  /** The connection was reset, not ended. */
  reset = false;
  #got: Uint8Array = new Uint8Array(0);
  #over = false;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.conn = conn;
    this.#address = `${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`;
  }

  /** Connects to `host:port`. */
  static async connect(address: string): Promise<Visitor> {
    const [hostname, port] = address.split(":") as [string, string];
    const conn = await Deno.connect({ hostname, port: Number(port) });
    conn.setNoDelay(true);
    return new Visitor(conn);
  }

  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  /** Sends a request. */
  async request(target: string, request: Request = {}): Promise<void> {
    const { method = "GET", host = this.#address, fields = [], body, version = "1.1" } = request;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const lines = [`${method} ${target} HTTP/${version}`, `Host: ${host}`, ...fields];
    if (bytes !== undefined) lines.push(`Content-Length: ${bytes.length}`);
    await this.send(lines.join("\r\n") + "\r\n\r\n");
    if (bytes !== undefined) await this.send(bytes);
  }

  /** Sends a request and reads its answer. */
  async ask(target: string, request: Request = {}): Promise<Answer> {
    await this.request(target, request);
    return await this.answer({ method: request.method ?? "GET" });
  }

  closeWrite(): Promise<void> {
    return this.conn.closeWrite();
  }

  close(): void {
    if (!this.#closed) this.conn.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The next answer, and the interim ones before it. */
  async answer({ method = "GET" } = {}): Promise<Answer> {
    return await within(this.#answer(method), "an answer");
  }

  /** The next head, interim ones too. */
  async head(): Promise<AnswerHead> {
    return new AnswerHead(await within(this.#until("\r\n\r\n"), "a head"));
  }

  /** Everything up to and with `mark`, as Latin-1. @throws {Error} when the connection ends before. */
  async until(mark: string): Promise<string> {
    return await within(this.#until(mark), `waiting for ${JSON.stringify(mark)}`);
  }

  /** The body and the trailers of the answer that `head` begins; `method` is that of its request. */
  async body(
    head: AnswerHead,
    method = "GET",
  ): Promise<{ body: Uint8Array; trailers: string }> {
    return await within(this.#body(head, method), "a body");
  }

  /** Exactly `size` bytes. */
  async take(size: number): Promise<Uint8Array> {
    return await within(this.#take(size), `${size} bytes`);
  }

  /** All that comes until the end. */
  async rest(): Promise<Uint8Array> {
    const rest = async (): Promise<Uint8Array> => {
      while (await this.#more());
      return this.#cut(this.#got.length);
    };
    return await within(rest(), "the end");
  }

  /** Reads up to `size` bytes away; gives how many came before the end, and their SHA-256. */
  async digest(size = Infinity): Promise<{ size: number; sha256: string }> {
    const hash = createHash("sha256");
    let count = 0;
    while (count < size && (this.#got.length > 0 || await this.#more())) {
      const piece = this.#cut(Math.min(this.#got.length, size - count));
      hash.update(piece);
      count += piece.length;
    }
    return { size: count, sha256: hash.digest("hex") };
  }

  /** The connection ends, and nothing more comes before. @throws {Error} when something does. */
  async ends(): Promise<void> {
    const rest = await this.rest();
    if (rest.length > 0) throw new Error(`More came: ${JSON.stringify(latin1Of(rest))}`);
  }

  async #more(): Promise<boolean> {
    if (this.#over) return false;
    const buffer = new Uint8Array(64 << 10);
    try {
      const count = await this.conn.read(buffer);
      if (count === null) this.#over = true;
      else if (this.#got.length === 0) this.#got = buffer.subarray(0, count);
      else {
        const both = new Uint8Array(this.#got.length + count);
        both.set(this.#got);
        both.set(buffer.subarray(0, count), this.#got.length);
        this.#got = both;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      this.#over = this.reset = true;
    }
    return !this.#over;
  }

  #cut(size: number): Uint8Array {
    const piece = this.#got.subarray(0, size);
    this.#got = this.#got.subarray(size);
    return piece;
  }

  async #take(size: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let count = 0;
    while (count < size) {
      if (this.#got.length === 0 && !await this.#more()) {
        throw new Error(`The connection ended after ${count} bytes of ${size}`);
      }
      const piece = this.#cut(Math.min(this.#got.length, size - count));
      pieces.push(piece);
      count += piece.length;
    }
    return joined(pieces);
  }

  async #until(mark: string): Promise<string> {
    for (;;) {
      const at = latin1Of(this.#got).indexOf(mark);
      if (at >= 0) return latin1Of(this.#cut(at + mark.length));
      if (!await this.#more()) {
        throw new Error(`The connection ended after ${JSON.stringify(latin1Of(this.#got))}`);
      }
    }
  }

  async #answer(method: string): Promise<Answer> {
    const interim: AnswerHead[] = [];
    let head = new AnswerHead(await this.#until("\r\n\r\n"));
    for (; head.status < 200; head = new AnswerHead(await this.#until("\r\n\r\n"))) {
      interim.push(head);
    }
    const { body, trailers } = await this.#body(head, method);
    return {
      status: head.status,
      head,
      interim,
      body,
      trailers,
      get text() {
        return new TextDecoder().decode(body);
      },
      get: (name) => head.get(name),
      getAll: (name) => head.getAll(name),
      json: () => JSON.parse(new TextDecoder().decode(body)),
    };
  }

  async #body(head: AnswerHead, method: string): Promise<{ body: Uint8Array; trailers: string }> {
    const length = head.get("content-length");
    const { status } = head;
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
      return { body: new Uint8Array(0), trailers: "" };
    }
    if (head.get("transfer-encoding") === "chunked") {
      const pieces: Uint8Array[] = [];
      for (;;) {
        const size = parseInt(await this.#until("\r\n"), 16);
        if (size === 0) break;
        pieces.push(await this.#take(size));
        if (latin1Of(await this.#take(2)) !== "\r\n") throw new Error("A chunk without its end");
      }
      let trailers = "";
      for (
        let line = await this.#until("\r\n");
        line !== "\r\n";
        line = await this.#until("\r\n")
      ) {
        trailers += line;
      }
      return { body: joined(pieces), trailers };
    }
    if (length !== null) {
      if (!/^\d+$/.test(length)) throw new Error(`Content-Length: ${length}`);
      return { body: await this.#take(Number(length)), trailers: "" };
    }
    while (await this.#more());
    if (this.reset) throw new Error("The connection was reset in the middle of a body");
    return { body: this.#cut(this.#got.length), trailers: "" };
  }
}

/** One request on a connection of its own. */
export async function ask(
  address: string,
  target: string,
  request: Request = {},
): Promise<Answer> {
  using visitor = await Visitor.connect(address);
  return await visitor.ask(target, request);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
