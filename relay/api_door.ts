/** The way into the API: makes requests of exchanges, and loads the API when somebody first comes. @module */

import { serveFetch, type ServerExchange } from "../http/mod.ts";
import type { Api, ApiContext, Caller } from "./api/mod.ts";
import type { PageHandler } from "./own_pages.ts";
import type { Visitor } from "./visitor.ts";

export interface ApiDoorOptions {
  readonly context: ApiContext;
  /** What the operator says the public address is. */
  readonly publicUrl: () => URL | undefined;
}

export class ApiDoor implements Disposable {
  readonly #options: ApiDoorOptions;
  #api: Promise<Api> | null = null;
  /** Event streams that are open. */
  eventStreams = (): number => 0;

  constructor(options: ApiDoorOptions) {
    this.#options = options;
  }

  /** Answers somebody who has to say who they are. */
  readonly answer: PageHandler = (exchange, visitor) => {
    this.#answer(exchange, this.#caller(exchange, visitor));
  };

  /** Answers somebody who has come by the control socket. */
  answerShell(exchange: ServerExchange): void {
    this.#answer(exchange, {
      address: exchange.connection.remote.address,
      host: "",
      requestId: exchange.id,
      secure: false,
      origins: [],
      isShell: true,
    });
  }

  #answer(exchange: ServerExchange, caller: Caller): void {
    const { context } = this.#options;
    serveFetch(exchange, async (request) => {
      // 45 ms and 22 MB that a relay's start, and one that nobody administers, can do without.
      this.#api ??= import("./api/mod.ts").then(({ createApi }) => {
        const api = createApi(context);
        this.eventStreams = () => api.eventStreams;
        return api;
      });
      return (await this.#api).fetch(request, caller);
    }, {
      // It says which methods there are.
      unknownMethod: "UNKNOWN",
      onerror: (error) => context.log.error("the API failed", { request: caller.requestId, error }),
    });
  }

  #caller(exchange: ServerExchange, visitor: Visitor): Caller {
    const publicUrl = this.#options.publicUrl();
    const here = originOf(visitor.scheme, visitor.authority);
    return {
      address: visitor.address,
      host: here === undefined ? "" : new URL(here).hostname,
      requestId: exchange.id,
      secure: visitor.scheme === "https" || publicUrl?.protocol === "https:",
      origins: [here, publicUrl?.origin].filter((origin) => origin !== undefined),
      isShell: false,
    };
  }

  /** Ends the streams that the API sends: they would never end by themselves. */
  [Symbol.dispose](): void {
    this.#api?.then((api) => api[Symbol.dispose]());
  }
}

function originOf(scheme: string, authority: string): string | undefined {
  const text = `${scheme}://${authority}`;
  return URL.canParse(text) ? new URL(text).origin : undefined;
}
