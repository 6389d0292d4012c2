/** An API with a store, accounts of every role, an agent and some requests: no sockets, no passwords. @module */

import "../../support/cheap_passwords.ts";
import { ConnectedAgent } from "../../../relay/agents/connected_agent.ts";
import { type Api, type ApiContext, type Caller, createApi } from "../../../relay/api/mod.ts";
import { Tally } from "../../../relay/metrics/mod.ts";
import { EventFeed } from "../../../relay/api/event_feed.ts";
import { Registry } from "../../../relay/agents/registry.ts";
import { RelaySettings } from "../../../relay/store/relay_settings.ts";
import {
  type Account,
  LogReader,
  openRequestLog,
  openStore,
  type PasswordKeys,
  type RequestLog,
  type RequestLogOptions,
  type Store,
  Throttle,
} from "../../../relay/store/mod.ts";
import { readOptions, relayOptions, silentLog } from "../../../cli/mod.ts";
import { DEFAULT_COST, deriveKeys, passwordBytes, SALT_BYTES } from "../../../tunnel/mod.ts";
import { TempDir } from "../store/temp_dir.ts";
import { finished } from "../store/finished.ts";
import { NO_PLACE } from "../agents/fake_session.ts";

/** Who calls. Member olga owns things, member otto is a stranger to them. */
export const ROLES = ["nobody", "admin", "olga", "otto", "viewer"] as const;
export type Who = typeof ROLES[number];

export const PASSWORD = "correct horse";
let keys: Promise<PasswordKeys> | undefined;

function hashed(): Promise<PasswordKeys> {
  const salted = { salt: crypto.getRandomValues(new Uint8Array(SALT_BYTES)), ...DEFAULT_COST };
  return keys ??= deriveKeys(passwordBytes(PASSWORD), salted)
    .then((derived) => ({ ...salted, ...derived }));
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- whatever the API says
  readonly body: any;
}

export interface CallOptions {
  /** A text or a stream is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly caller?: Partial<Caller>;
}

export class House implements AsyncDisposable {
  readonly dir: TempDir;
  readonly store: Store;
  readonly registry = new Registry();
  readonly events = new EventFeed();
  readonly throttle = new Throttle();
  readonly requestLog: RequestLog;
  readonly context: ApiContext;
  readonly api: Api;
  readonly settings: RelaySettings;
  /** How often other settings came to hold. */
  applied = 0;
  readonly #reader: LogReader;
  readonly #cookies = new Map<string, string>();
  #count = 0;
  /** The ids of agents that were told to close. */
  readonly closed: string[] = [];

  private constructor(dir: TempDir, store: Store, requestLog: RequestLog) {
    this.dir = dir;
    this.store = store;
    this.requestLog = requestLog;
    this.#reader = new LogReader(dir.path);
    const read = readOptions({ name: "relay", options: relayOptions }, {
      data: dir.path,
      namesPerAccount: 2,
    });
    this.settings = new RelaySettings({
      values: read.values,
      given: read,
      store: store.settings,
      log: silentLog,
    });
    this.settings.onChange(() => this.applied++);
    this.context = {
      store,
      dir: dir.path,
      software: "crunch/1.2.3",
      log: silentLog,
      reader: this.#reader,
      throttle: this.throttle,
      live: {
        registry: this.registry,
        requestLog,
        events: this.events,
        urls: (name, { host }) => [`http://${host}/${name}/`],
        dropped: (name) => name === "olga" ? [{ field: "accept-ch", count: 3, last: 0 }] : [],
        addresses: () => ({
          http: ["127.0.0.1:8080"],
          https: [],
          tunnel: ["[::]:8021"],
          tunnelTls: [],
          admin: [],
        }),
        listening: () => ({
          http: ["127.0.0.1:8080"],
          https: [],
          tunnel: ["[::]:8021"],
          tunnelTls: [],
          publicUrl: undefined,
        }),
        download: () => null,
        settings: this.settings,
        signInFailures: new Tally([]),
        started: 1_700_000_000_000,
        uptime: () => 60_000,
        ready: () => true,
        requests: () => 3,
        connections: () => 2,
      },
    };
    this.api = createApi(this.context);
  }

  static async open(logOptions: RequestLogOptions = {}): Promise<House> {
    const dir = new TempDir();
    const store = openStore(dir.path);
    const log = await openRequestLog(dir.path, logOptions);
    const house = new House(dir, store, log);
    for (const [name, role] of [["boss", "admin"], ["olga", "member"], ["otto", "member"]]) {
      await store.accounts.add({ name: name!, role: role as Account["role"] });
    }
    await store.accounts.add({ name: "vera", role: "viewer" });
    return house;
  }

  /** Makes an account with the password `PASSWORD`, which is hashed once for all of them. */
  async addWithPassword(name: string, role: Account["role"] = "member"): Promise<void> {
    const keys = await hashed();
    const by = { who: "test", address: "" };
    this.store.accounts.insert({ name, role, keys, public: name !== "admin" }, by);
  }

  /** The account that a role is called by. */
  account(who: Exclude<Who, "nobody">): Account {
    const name = who === "admin" ? "boss" : who === "viewer" ? "vera" : who;
    return this.store.accounts.get(name)!;
  }

  /** The Cookie value of a session of `who`. */
  cookie(who: Exclude<Who, "nobody">): string {
    let cookie = this.#cookies.get(who);
    if (cookie === undefined) {
      const from = { address: "192.0.2.1", browser: "test" };
      cookie = `crunch=${this.store.sessions.create(this.account(who), from).secret}`;
      this.#cookies.set(who, cookie);
    }
    return cookie;
  }

  /** A new token's text. */
  token(who: Exclude<Who, "nobody">, scope: string): string {
    return this.store.tokens.create(this.account(who).name, { name: "t", scope }).text;
  }

  /** A new name, different each time. */
  newName(): string {
    return `fresh-${++this.#count}x`;
  }

  /** Connects an agent of `account` that publishes a name of its own. */
  addAgent(account: string, name = account): ConnectedAgent {
    const { closed } = this;
    const agent = new ConnectedAgent({
      id: crypto.randomUUID(),
      account,
      names: [name],
      transport: "tcp",
      address: "192.0.2.7",
      software: "crunch/1.2.3",
      mounts: [{ path: "/", kind: "directory" }],
      token: "",
      place: NO_PLACE,
      canWait: false,
    }, { waiting: 1, wait: 1 });
    agent.close = () => closed.push(agent.facts.id);
    this.registry.add(agent);
    return agent;
  }

  /** Logs a request to `name` of `account`. */
  addRequest(account: string, id: string, more: { status?: number; target?: string } = {}): void {
    const { status = 200, target = "/" } = more;
    const whose = { name: account, account, agent: "a1", visitor: "192.0.2.9" };
    const numbers = { status, bytesIn: 10, bytesOut: 20, ms: 3 };
    this.requestLog.record(finished({ id, ...whose, target, ...numbers }));
  }

  /** Calls the API, with a session of `who`, from a page of its own. */
  async call(who: Who, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.fetch(who, method, path, options);
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: text === "" ? null : JSON.parse(text) };
  }

  /** The same without reading the answer. */
  fetch(who: Who, method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const { body, headers, caller } = options;
    const request = new Request(`http://relay.test/api/v1${path}`, {
      method,
      headers: {
        ...(who === "nobody" ? {} : { cookie: this.cookie(who) }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        origin: "http://relay.test",
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBody(body) ? body : JSON.stringify(body) }),
    });
    return this.api.fetch(request, {
      address: "192.0.2.1",
      host: "relay.test",
      requestId: "r1",
      secure: false,
      origins: ["http://relay.test"],
      isShell: false,
      ...caller,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.api[Symbol.dispose]();
    this.#reader[Symbol.dispose]();
    this.registry[Symbol.dispose]();
    await this.requestLog[Symbol.asyncDispose]();
    this.store[Symbol.dispose]();
    this.dir[Symbol.dispose]();
  }
}

function isBody(body: unknown): body is string | ReadableStream<Uint8Array> {
  return typeof body === "string" || body instanceof ReadableStream;
}
