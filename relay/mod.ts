/** The public side: takes visitors and agents, and brings them together. @module */

import {
  commands,
  type LocalRelay,
  type Log,
  parseCommand,
  type RelayValues,
  removeLocalRelay,
  silentLog,
  writeLocalRelay,
} from "../cli/mod.ts";
import { Admission, type Connection, HttpServer, turnAway } from "../http/mod.ts";
import { publicUrls } from "./addresses.ts";
import { Administration } from "./administration.ts";
import { agentView } from "./agent_view.ts";
import { takeDataDir } from "./control_socket.ts";
import { EventFeed } from "./event_feed.ts";
import { Front } from "./front.ts";
import { dialable, isLoopbackAddress, Listeners } from "./listeners.ts";
import { OwnPages } from "./own_pages.ts";
import { Reception } from "./reception.ts";
import { Registry } from "./registry.ts";
import { lostRights } from "./rights.ts";
import { Router } from "./router.ts";
import {
  type Change,
  type DataDirLock,
  LogReader,
  openRequestLog,
  openStore,
  type RequestLog,
  type Store,
  Throttle,
} from "./store/mod.ts";

/** Every option is one of `crunch relay`, in camel case; what is left out has the command's default. */
export interface RelayOptions extends Partial<RelayValues> {
  readonly log?: Log;
  /** Program and version, for agents and pages. */
  readonly software?: string;
  /** Where the credential for agents on this machine is left; undefined leaves none. */
  readonly localDirectory?: string | undefined;
  /** Stops the relay, as `stop` does. */
  readonly signal?: AbortSignal;
}

/** A relay that runs. Disposing it stops it at once; `stop` lets it finish. */
export interface Relay extends AsyncDisposable {
  /** Bound addresses, `host:port` or `unix:/path`. */
  readonly http: readonly string[];
  readonly https: readonly string[];
  readonly tunnel: readonly string[];
  readonly tunnelTls: readonly string[];
  readonly admin: readonly string[];
  /** The administrator's generated password, at the first start only. */
  readonly adminPassword: string | null;
  /** What an agent of this machine needs; null where no plain tunnel listener is. */
  readonly local: LocalRelay | null;
  /** Reachable from this machine only. */
  readonly loopbackOnly: boolean;
  /** Finishes what is under way, for at most `time` ms (the option `drain` by default). */
  stop(time?: number): Promise<void>;
}

/**
 * Starts a relay.
 * @throws {ListenError} for an address that cannot be listened on.
 * @throws {StoreError} for a data directory that cannot be used, or is in use.
 */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const defaults =
    (await parseCommand(commands.relay, { args: [], env: Deno.env.toObject() })).values;
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const relay = new RunningRelay({ ...defaults, ...given } as RelayValues & RelayOptions);
  await relay.start();
  return relay;
}

class RunningRelay implements Relay {
  readonly #values: RelayValues & RelayOptions;
  readonly #log: Log;
  readonly #software: string;
  readonly #started = Date.now();
  readonly #events = new EventFeed();
  readonly #registry = new Registry((what, agent) =>
    this.#events.add(`agent.${what}`, agent.facts.account, agentView(agent))
  );
  #lock!: DataDirLock;
  #store!: Store;
  #requestLog!: RequestLog;
  #listeners!: Listeners;
  #server!: HttpServer;
  #reception!: Reception;
  #front!: Front;
  #administration!: Administration;
  #localPath: string | null = null;
  local: LocalRelay | null = null;
  #ready = false;
  #stopping: Promise<void> | null = null;
  #unsubscribe: () => void = () => {};
  adminPassword: string | null = null;

  constructor(values: RelayValues & RelayOptions) {
    this.#values = values;
    this.#log = values.log ?? silentLog;
    this.#software = values.software ?? "crunch";
  }

  get http(): readonly string[] {
    return this.#listeners.http.map((listener) => listener.address);
  }
  get https(): readonly string[] {
    return this.#listeners.https.map((listener) => listener.address);
  }
  get tunnel(): readonly string[] {
    return this.#listeners.tunnel.map((listener) => listener.address);
  }
  get tunnelTls(): readonly string[] {
    return this.#listeners.tunnelTls.map((listener) => listener.address);
  }
  get admin(): readonly string[] {
    return this.#listeners.admin.map((listener) => listener.address);
  }
  get loopbackOnly(): boolean {
    const { http, https } = this.#values;
    return [...http, ...https].every(isLoopbackAddress);
  }

  async start(): Promise<void> {
    const values = this.#values;
    values.signal?.throwIfAborted();
    this.#lock = await takeDataDir(values.data);
    try {
      this.#store = openStore(values.data);
      try {
        this.adminPassword = await this.#store.firstStart.ensureAdmin(
          values.adminPassword?.reveal(),
        );
        this.#requestLog = await openRequestLog(values.data, {
          keepMs: values.logKeep,
          keepBytes: values.logSize,
          queueRows: values.logQueue,
          onWarning: (text) => this.#log.warn(text),
          onRecovery: (text) => this.#log.info(text),
        });
        try {
          await this.#listen();
        } catch (error) {
          await this.#requestLog[Symbol.asyncDispose]();
          throw error;
        }
      } catch (error) {
        this.#store[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      this.#lock[Symbol.dispose]();
      throw error;
    }
    this.#unsubscribe = this.#store.changes.subscribe((change) => this.#onchange(change));
    this.#ready = true;
    values.signal?.addEventListener("abort", () => void this.stop(), { once: true });
  }

  async #listen(): Promise<void> {
    const values = this.#values;
    const log = this.#log;
    const separateAdmin = values.admin !== undefined;
    const software = this.#software;
    const ready = (): boolean => this.#ready;
    const router = new Router(values);
    const pages = new OwnPages({ software, ready, admin: !separateAdmin });
    this.#front = new Front({
      router,
      registry: this.#registry,
      store: this.#store,
      requestLog: this.#requestLog,
      pages,
      firstByteTime: values.firstByteTimeout,
      separateAdmin,
    });
    const admission = new Admission({
      total: values.maxConnections,
      perAddress: values.maxConnectionsPerAddress,
    });
    const server = {
      refuse: this.#front.refuse,
      closed: (connection: Connection) => admission.release(connection.remote.address),
      limits: {
        head: { head: values.maxHead, target: values.maxTarget, fields: values.maxFields },
        headTime: values.headTimeout,
        idle: values.idleTimeout,
        bodyTime: values.bodyTimeout,
        writeStall: values.writeTimeout,
      },
    };
    this.#server = new HttpServer({
      ...server,
      handle: this.#front.handle,
      finished: this.#front.finished,
    });
    this.#administration = new Administration({
      context: {
        store: this.#store,
        dir: values.data,
        software,
        log,
        reader: new LogReader(values.data),
        throttle: new Throttle(),
        live: {
          registry: this.#registry,
          requestLog: this.#requestLog,
          events: this.#events,
          urls: (name, { host, address }) => this.#urls(name, host, address),
          namesPerAccount: values.namesPerAccount,
          started: this.#started,
          ready,
          requests: () => this.#front.requests,
          connections: () => this.#server.size,
        },
      },
      publicUrl: values.publicUrl,
      router,
      pages: separateAdmin ? new OwnPages({ software, ready, admin: true }) : pages,
      server,
    });
    this.#reception = new Reception({
      store: this.#store,
      registry: this.#registry,
      log,
      software: this.#software,
      maxPending: values.maxPendingAgents,
      signInTime: values.signInTimeout,
      maxStreams: values.maxStreams,
      agentLimits: { waiting: values.maxWaitingStreams, wait: values.streamWait },
      namesPerAccount: values.namesPerAccount,
      urls: (name, dialled, address) => this.#urls(name, dialled, address),
    });
    const admit = (to: Pick<HttpServer, "accept">) => (connection: Connection): void => {
      const admitted = admission.admit(connection.remote.address);
      if (admitted === "ok") to.accept(connection);
      else turnAway(connection, admitted);
    };
    this.#listeners = await Listeners.open({
      ...values,
      admin: values.admin,
      tlsCert: values.tlsCert,
      tlsKey: values.tlsKey,
      log,
      onvisitor: admit(this.#server),
      onagent: (connection) => this.#reception.accept(connection),
      onadmin: admit(this.#administration),
    });
    this.#leaveLocal();
    await this.#administration.open();
  }

  /** Leaves agents of this machine what they need. */
  #leaveLocal(): void {
    const { localDirectory } = this.#values;
    const [tunnel] = this.tunnel.filter((address) => !address.startsWith("unix:"));
    if (tunnel === undefined) return;
    this.local = {
      tunnel: dialable(tunnel),
      http: dialable(this.http[0] ?? this.https[0] ?? ""),
      credential: this.#store.firstStart.renewLocal(),
      pid: Deno.pid,
    };
    if (localDirectory !== undefined) this.#localPath = writeLocalRelay(localDirectory, this.local);
  }

  #urls(name: string, dialled: string, address: string): string[] {
    const { publicUrl, domain, prefix } = this.#values;
    const plain = this.#listeners.http.find(({ port }) => port > 0);
    const secure = this.#listeners.https.find(({ port }) => port > 0);
    return publicUrls(
      {
        publicUrl,
        domain,
        prefix,
        port: (plain ?? secure)?.port ?? 80,
        secure: plain === undefined && secure !== undefined,
      },
      name,
      { dialled, address },
    );
  }

  #onchange(change: Change): void {
    const { action, account, object, before, after } = change;
    this.#events.add(action, account, { account, object, before, after });
    // Who lost the right to be here goes at once.
    for (const agent of [...this.#registry.agents.values()]) {
      const end = lostRights(change, agent.facts);
      if (end !== null) agent.close(end);
    }
  }

  stop(time: number = this.#values.drain): Promise<void> {
    return this.#stopping ??= this.#stop(time);
  }

  async #stop(time: number): Promise<void> {
    this.#ready = false;
    if (this.#localPath !== null && this.local !== null) {
      removeLocalRelay(this.#localPath, this.local);
    }
    await this.#listeners.close();
    this.#reception.close();
    const end = { code: "shutdown", message: "the relay stops" };
    for (const agent of this.#registry.agents.values()) agent.goAway(end);
    const [cut] = await Promise.all([
      this.#server.drain(time),
      this.#administration.drain(time),
    ]);
    if (cut > 0) this.#log.warn(`cut off ${cut} visitors after ${time / 1000} s`);
    await Promise.all(
      [...this.#registry.agents.values()].flatMap(({ sessions }) =>
        sessions.map((session) => session.finish(end))
      ),
    );
    this.#registry[Symbol.dispose]();
    // Last of all: until now `crunch account` could change things.
    await this.#administration[Symbol.asyncDispose]();
    this.#unsubscribe();
    await this.#requestLog[Symbol.asyncDispose]();
    this.#store[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0);
  }
}
