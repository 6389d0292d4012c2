/** The way into the API: makes requests of exchanges, and loads the API at the first call. @module */

import {
  answerProblem,
  Field,
  type Head,
  serveFetch,
  type ServerExchange,
} from "../../http/mod.ts";
import type { Api, ApiContext, Caller } from "../api/mod.ts";
import { isPlantable, SECOND_FIELD, type Visitor } from "../visitors/mod.ts";
import type { PageHandler } from "../pages/mod.ts";
import type { LiveSettings } from "../store/mod.ts";
import { CallTurns } from "./call_turns.ts";

export interface ApiDoorOptions {
  readonly context: ApiContext;
  readonly settings: LiveSettings<"publicUrl" | "domain">;
}

type ApiModule = typeof import("../api/mod.ts");

let loading: Promise<ApiModule> | null = null;

/** Has the API's modules in memory, so that their files may go. Where that fails it is tried again. */
export function loadApi(): Promise<ApiModule> {
  if (loading === null) {
    loading = load();
    loading.catch(() => loading = null);
  }
  return loading;
}

async function load(): Promise<ApiModule> {
  // A package below it is CommonJS, which is read only while it runs.
  await import("@hono/zod-openapi");
  // Our modules run at the first call: a relay without an administrator's calls does without 5 MB.
  return await import.defer("../api/mod.ts");
}

export class ApiDoor implements Disposable {
  readonly #options: ApiDoorOptions;
  readonly #turns = new CallTurns();
  #api: Api | null = null;
  #isClosed = false;
  /** Event streams that are open. */
  eventStreams = (): number => 0;

  constructor(options: ApiDoorOptions) {
    this.#options = options;
  }

  /** Answers a caller that has to authenticate. */
  readonly answer: PageHandler = (exchange, visitor) => {
    const { head } = exchange;
    const credential = head.get(Field.authorization) ?? head.get(Field.cookie) ?? "";
    const isTaken = this.#turns.begin({ address: visitor.address, credential }, () => {
      if (!exchange.aborted) this.#answer(exchange, this.#caller(exchange, visitor));
    });
    if (isTaken) return;
    answerProblem(exchange, {
      status: 503,
      code: "busy",
      detail: "Too many calls of the API are waiting. Try again in a few seconds.",
      retryAfter: 5,
    });
  };

  /** Answers a caller of the control socket. */
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
      return this.#open(await loadApi()).fetch(request, caller);
    }, {
      // It says which methods there are.
      unknownMethod: "UNKNOWN",
      onerror: (error) => context.log.error("the API failed", { request: caller.requestId, error }),
    });
  }

  #open({ createApi }: ApiModule): Api {
    if (this.#api === null) {
      const api = this.#api = createApi(this.#options.context);
      this.eventStreams = () => api.eventStreams;
      if (this.#isClosed) api[Symbol.dispose]();
    }
    return this.#api;
  }

  #caller(exchange: ServerExchange, visitor: Visitor): Caller {
    const { publicUrl, domain } = this.#options.settings.current;
    const here = originOf(visitor.scheme, visitor.authority);
    const host = here === undefined ? "" : new URL(here).hostname;
    const secure = visitor.scheme === "https" || publicUrl?.protocol === "https:";
    return {
      address: visitor.address,
      host,
      requestId: exchange.id,
      secure,
      second: isPlantable(host, { secure, domain }) ? secondIn(exchange.head) : undefined,
      origins: [here, publicUrl?.origin].filter((origin) => origin !== undefined),
      isShell: false,
    };
  }

  /** Ends the streams that the API sends: they would never end by themselves. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#turns[Symbol.dispose]();
    this.#api?.[Symbol.dispose]();
  }
}

/** `EventSource` and links send no fields of ours: they have it in their query. */
function secondIn(head: Head): string | null {
  for (let i = 0; i < head.count; i++) {
    if (head.name(i).toLowerCase() === SECOND_FIELD) return head.value(i);
  }
  return new URL(head.target, "http://relay").searchParams.get("session");
}

function originOf(scheme: string, authority: string): string | undefined {
  const text = `${scheme}://${authority}`;
  return URL.canParse(text) ? new URL(text).origin : undefined;
}
