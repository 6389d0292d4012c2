/** An origin that says exactly what a test tells it, and a client's request as one promise. @module */

import {
  type ClientCall,
  ClientError,
  HttpClient,
  type HttpClientOptions,
  type RequestBody,
} from "../../../http/client/mod.ts";
import { eventually, pause, within } from "../../support/deadline.ts";
import { MockClock } from "../../support/mock_clock.ts";
import { bytesOf, latin1Of, Visitor } from "../../support/visitor.ts";

/** Takes one connection after the other; each goes to the next script, the last one to all further ones. */
export interface Origin extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly connections: Visitor[];
  client(options?: Partial<HttpClientOptions>): HttpClient;
}

export type Script = (connection: Visitor, index: number) => unknown;

/** What a script throws fails the test when it is over. */
export function origin(...scripts: Script[]): Origin {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Visitor[] = [];
  const running: Promise<unknown>[] = [];
  const clients: HttpClient[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      const index = connections.length;
      const connection = new Visitor(conn);
      connections.push(connection);
      const script = scripts[Math.min(index, scripts.length - 1)]!;
      running.push((async () => await script(connection, index))());
    }
  })();
  const { port } = listener.addr;
  return {
    port,
    connections,
    client(options = {}): HttpClient {
      const client = new HttpClient({
        origin: { transport: "tcp", hostname: "127.0.0.1", port },
        ...options,
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const client of clients) client[Symbol.dispose]();
      listener.close();
      await accepting;
      await within(Promise.all(running), "the origin's scripts");
      for (const connection of connections) connection.close();
      await eventually(() => clients.every((client) => client.size.all === 0));
    },
  };
}

/** Reads one request's head. */
export function head(connection: Visitor): Promise<string> {
  return connection.until("\r\n\r\n");
}

export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: string;
  readonly body?: RequestBody | string;
  /** Default: the text's. */
  readonly length?: number;
  readonly expectsContinue?: boolean;
  readonly upgrade?: string;
  /** Do not read the body. */
  readonly unread?: boolean;
}

export interface Got {
  /** Status line and field lines. */
  head: string;
  readonly interim: string[];
  body: string;
  trailers: string;
  readonly call: ClientCall;
}

/** Begins a request. `head` resolves with the answer's head, `whole` when its body was read. */
export function begin(client: HttpClient, asked: Asked = {}): {
  readonly call: ClientCall;
  readonly head: Promise<string>;
  readonly whole: Promise<Got>;
  readonly failed: Promise<ClientError>;
} {
  const heads = Promise.withResolvers<string>();
  const whole = Promise.withResolvers<Got>();
  const failed = Promise.withResolvers<ClientError>();
  heads.promise.catch(() => {});
  whole.promise.catch(() => {});
  const interim: string[] = [];
  const { body } = asked;
  const text = typeof body === "string" ? bodyOf(body) : body ?? null;
  const length = asked.length ?? (typeof body === "string" ? body.length : -1);
  const call = client.request({
    method: asked.method ?? "GET",
    target: asked.target ?? "/",
    fields: bytesOf(
      "Host: origin\r\n" + (asked.fields ?? "") +
        (text !== null && length >= 0 ? `Content-Length: ${length}\r\n` : ""),
    ),
    body: text,
    length,
    expectsContinue: asked.expectsContinue ?? false,
    upgrade: asked.upgrade,
  }, {
    oninterim: (head) => interim.push(latin1Of(head.bytes.subarray(head.start, head.end))),
    onanswer(head) {
      const got: Got = {
        head: latin1Of(head.bytes.subarray(head.start, head.end)),
        interim,
        body: "",
        trailers: "",
        call,
      };
      heads.resolve(got.head);
      if (asked.unread !== true) readAll(got).then(whole.resolve, whole.reject);
    },
    onfail(error) {
      failed.resolve(error);
      heads.reject(error);
      whole.reject(error);
    },
  });
  return { call, head: heads.promise, whole: whole.promise, failed: failed.promise };
}

/** Asks, and reads the whole answer. */
export function ask(client: HttpClient, asked: Asked = {}): Promise<Got> {
  return within(begin(client, asked).whole, `the answer to ${asked.target ?? "/"}`);
}

/** Why a request failed. */
export async function failure(client: HttpClient, asked: Asked = {}): Promise<ClientError> {
  try {
    const got = await ask(client, asked);
    throw new Error(`Answered: ${got.head}${got.body}`);
  } catch (error) {
    if (error instanceof ClientError) return error;
    throw error;
  }
}

async function readAll(got: Got): Promise<Got> {
  const { call } = got;
  for (let piece = await call.read(); piece !== null; piece = await call.read()) {
    got.body += latin1Of(piece);
  }
  got.trailers = latin1Of(call.trailers);
  return got;
}

export function bodyOf(...pieces: string[]): RequestBody {
  let at = 0;
  return {
    trailers: new Uint8Array(0),
    read: () => Promise.resolve(at < pieces.length ? bytesOf(pieces[at++]!) : null),
  };
}

/** The client's clock in the test's hand. */
export class Clock extends MockClock {
  /** Lets time pass, and then what came of it happen. */
  async pass(ms: number): Promise<void> {
    this.tick(ms);
    await pause(2);
  }
}
