/** A relay's parts put together, and their life: opened in order, drained and closed in order. @module */

// One list of parts: each is made from the others, in the order of the lines, and ends in the reverse order.

import {
  isLoopbackAddress,
  type LocalRelay,
  type Log,
  type RelayValues,
  silentLog,
} from "../../cli/mod.ts";
import { HttpServer } from "../../http/mod.ts";
import { type Listening, OwnHosts, publicUrls, visitorsPort } from "../visitors/reach/mod.ts";
import { Administration, loadApi } from "../admin/mod.ts";
import { agentView, BacklogKeeper, Reception, Registry } from "../agents/mod.ts";
import {
  type Change,
  type DataDirLock,
  formerName,
  type Given,
  LOCAL_ACCOUNT,
  LogReader,
  openRequestLog,
  openStore,
  redactor,
  RelaySettings,
  type RequestLog,
  type SettingsSnapshot,
  type Store,
  takeDataDir,
  Throttle,
} from "../store/mod.ts";
import {
  ConnectionLimiter,
  Router,
  SecureRedirect,
  TrustedProxies,
  VisitorHandler,
} from "../visitors/mod.ts";
import { Downloads, metricsPage, OwnPages } from "../pages/mod.ts";
import { DroppedFields } from "../visitors/heads/mod.ts";
import { EventFeed } from "../api/mod.ts";
import { admissionLimits, serverLimits } from "./limits.ts";
import { Listeners } from "./listeners.ts";
import { LocalCredential } from "./local_credential.ts";
import { MemoryKeeper } from "./memory.ts";
import { Counters, families, type MetricsSource, Telemetry } from "../metrics/mod.ts";

/** What a relay is told: its options, read, and what belongs to the program that it is a part of. */
export interface RunningRelayOptions extends Omit<RelayValues, "readyFile"> {
  readonly log?: Log | undefined;
  /** Program and version, for agents and pages. */
  readonly software?: string | undefined;
  /** Where the credential for agents on this machine is left; undefined leaves none. */
  readonly localDirectory?: string | undefined;
  /** Stops the relay, as `stop` does. */
  readonly signal?: AbortSignal | undefined;
  /** Where the options came from: the dashboard decides only those that have their default. */
  readonly given: Given;
}

/** A relay that runs. Disposing it stops it at once; `stop` lets it finish. Both may be asked for again and again. */
export interface Relay extends AsyncDisposable {
  /** Bound addresses, `host:port` or `unix:/path`. */
  readonly http: readonly string[];
  readonly https: readonly string[];
  readonly tunnel: readonly string[];
  readonly tunnelTls: readonly string[];
  readonly admin: readonly string[];
  /** The administrator's generated password, at the first start only. */
  readonly adminPassword: string | null;
  /** What an agent of this machine needs (`startAgent` takes it as `relay`); null where no plain tunnel listener is. */
  readonly local: LocalRelay | null;
  /** Reachable from this machine only. */
  readonly loopbackOnly: boolean;
  /** Finishes what is under way, for at most `time` ms (the option `drain` by default). */
  stop(time?: number): Promise<void>;
}

/** What starts with a relay and ends with it. */
export class RunningRelay implements Relay {
  readonly #options: RunningRelayOptions;
  readonly #log: Log;
  readonly #software: string;
  readonly #started = Date.now();
  readonly #startedAt = performance.now();
  readonly #events = new EventFeed();
  readonly #dropped = new DroppedFields();
  readonly #registry = new Registry((what, agent) => {
    this.#counters.agentChanges.add(what);
    this.#events.add(`agent.${what}`, agent.facts.account, agentView(agent));
  });
  #lock!: DataDirLock;
  #store!: Store;
  #settings!: RelaySettings;
  #requestLog!: RequestLog;
  #listeners!: Listeners;
  #server!: HttpServer;
  #reception!: Reception;
  #visitorHandler!: VisitorHandler;
  #administration!: Administration;
  #memory: MemoryKeeper | null = null;
  #backlog: BacklogKeeper | null = null;
  #proxies!: TrustedProxies;
  #hosts!: OwnHosts;
  #limiter!: ConnectionLimiter;
  readonly #local: LocalCredential;
  #ready = false;
  #stopping: Promise<void> | null = null;
  readonly #counters: Counters;
  #telemetry: Telemetry | null = null;
  #unsubscribe: () => void = () => {};
  readonly #onabort = (): void => void this.stop();
  adminPassword: string | null = null;
  /** Accounts that were there when it started. */
  foundAccounts = 0;

  private constructor(options: RunningRelayOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#software = options.software ?? "crunch";
    this.#counters = new Counters({ names: options.metricsNames });
    this.#local = new LocalCredential(options.localDirectory, this.#log);
  }

  get local(): LocalRelay | null {
    return this.#local.left;
  }

  /** Gives the account of this machine's agents a name beside its own. @returns false where another account has it. */
  giveLocal(name: string): boolean {
    const { names } = this.#store;
    if (names.ownerOf(name) === undefined) names.add(LOCAL_ACCOUNT, name);
    return names.ownerOf(name)?.account === LOCAL_ACCOUNT;
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
  get #listening(): Listening {
    const { http, https, tunnel, tunnelTls } = this;
    return { http, https, tunnel, tunnelTls, publicUrl: this.#settings.current.publicUrl };
  }
  get loopbackOnly(): boolean {
    const { http, https } = this.#options;
    return [...http, ...https].every(isLoopbackAddress);
  }

  /** See `startRelay`. */
  static async start(options: RunningRelayOptions): Promise<RunningRelay> {
    const { signal } = options;
    signal?.throwIfAborted();
    const relay = new RunningRelay(options);
    const held = relay.#hold();
    try {
      await relay.#open();
    } finally {
      await held;
    }
    try {
      await relay.#begin();
      signal?.throwIfAborted();
    } catch (error) {
      await relay.stop(0);
      throw error;
    }
    signal?.addEventListener("abort", relay.#onabort);
    return relay;
  }

  /** Loads what is needed later on: the program's files may go while it runs. */
  async #hold(): Promise<void> {
    try {
      await loadApi();
    } catch (error) {
      this.#log.warn("cannot load the API; it is tried again at the next call", { error });
    }
  }

  /** Opens data and listeners, or nothing. */
  async #open(): Promise<void> {
    const options = this.#options;
    await using undo = new AsyncDisposableStack();
    this.#lock = undo.use(await takeDataDir(options.data));
    const onWarning = (text: string): void => this.#log.warn(text);
    if (this.#lock.lacksMarker) {
      onWarning(`the marker .crunch-private was missing in ${options.data}: it was copied in part`);
    }
    this.#store = undo.use(openStore(options.data, { durability: "later", onWarning }));
    this.foundAccounts = this.#store.accounts.count;
    this.#settings = new RelaySettings({
      values: options,
      given: options.given,
      store: this.#store.settings,
      log: this.#log,
    });
    const { logKeep: keepMs, logSize: keepBytes, logRedact, logQueue } = this.#settings.current;
    this.#requestLog = undo.use(
      await openRequestLog(options.data, {
        keepMs,
        keepBytes,
        redact: redactor(logRedact),
        queueRows: logQueue,
        onWarning: (text) => this.#log.warn(text),
        onRecovery: (text) => this.#log.info(text),
      }),
    );
    this.#assemble();
    this.#settings.onChange((current) => this.#adjust(current));
    undo.use(this.#administration);
    this.#listeners = await this.#listen();
    undo.move();
  }

  /** What a start that failed must not leave behind: a password that was never shown, a credential for no relay. */
  async #begin(): Promise<void> {
    const { adminPassword } = this.#options;
    this.#unsubscribe = this.#store.changes.subscribe((change) => this.#onchange(change));
    await this.#administration.open();
    this.#local.leave(this.#listeners, this.#store.firstStart);
    this.adminPassword = await this.#store.firstStart.ensureAdmin(adminPassword?.reveal());
    this.#store.disk.checkpointBy((path) => this.#requestLog.checkpoint(path));
    await this.#store.disk.synced();
    this.#visitorHandler.telemetry = this.#telemetry = Telemetry.start(
      this.#software,
      () => families(this.#metrics),
      { redact: (target) => this.#requestLog.redact(target) },
    );
    this.#memory = new MemoryKeeper({ onrest: () => this.#requestLog.rest() });
    this.#backlog = new BacklogKeeper({ agents: () => this.#registry.agents.values() });
    this.#ready = true;
  }

  /** What a reader of the metrics gets. */
  get #metrics(): MetricsSource {
    return {
      software: this.#software,
      started: this.#started,
      ready: () => this.#ready,
      counters: this.#counters,
      registry: this.#registry,
      requestLog: this.#requestLog,
      connections: () => ({
        visitors: this.#server.size,
        admin: this.#administration.connections,
      }),
      pendingAgents: () => this.#reception.pending,
      eventStreams: () => this.#administration.eventStreams,
    };
  }

  #addMetrics(pages: OwnPages, { isOpen }: { readonly isOpen: boolean }): void {
    pages.set(
      "metrics",
      metricsPage({
        source: this.#metrics,
        store: this.#store,
        isOpen,
        onfailure: (reason) => this.#counters.signInFailures.add(`token ${reason}`),
        settings: this.#settings,
      }),
    );
  }

  #assemble(): void {
    // For what cannot change; the parts ask the settings for the rest each time.
    const values = this.#settings.current;
    const settings = this.#settings;
    const log = this.#log;
    this.#proxies = new TrustedProxies(settings, log);
    this.#hosts = new OwnHosts({ settings, listening: () => this.#listening, log });
    this.#limiter = new ConnectionLimiter(admissionLimits(values), {
      proxies: this.#proxies,
      refused: this.#counters.refusedVisitors,
    });
    const separateAdmin = values.admin !== undefined;
    const software = this.#software;
    const { places } = this.#store;
    const ready = (): boolean => this.#ready;
    const router = new Router(values);
    const state = () => {
      if (!this.#ready) return this.#stopping === null ? "starting" : "stopping";
      return this.#store.isAttached ? "ready" : "without its database";
    };
    const about = {
      software,
      state,
      downloads: values.downloads !== undefined,
      listening: () => this.#listening,
    };
    const pages = new OwnPages({ ...about, admin: !separateAdmin });
    const adminPages = separateAdmin ? new OwnPages({ ...about, admin: true }) : pages;
    this.#addMetrics(pages, { isOpen: false });
    if (adminPages !== pages) {
      this.#addMetrics(adminPages, { isOpen: isLoopbackAddress(values.admin!) });
    }
    new Downloads({ directory: values.downloads, listening: about.listening }).addTo(pages);
    this.#visitorHandler = new VisitorHandler({
      router,
      registry: this.#registry,
      store: this.#store,
      requestLog: this.#requestLog,
      counters: this.#counters,
      pages,
      proxies: this.#proxies,
      hosts: this.#hosts,
      admission: this.#limiter.admission,
      settings,
      dropped: this.#dropped,
      redirect: values.redirect && values.https.length > 0
        ? new SecureRedirect(about.listening)
        : null,
    });
    const server = {
      refuse: this.#visitorHandler.refuse,
      closed: this.#limiter.closed,
      limits: serverLimits(values),
      nextId: this.#store.ids.next,
    };
    this.#server = new HttpServer({
      ...server,
      handle: this.#visitorHandler.handle,
      finished: this.#visitorHandler.finished,
    });
    this.#administration = new Administration({
      context: {
        store: this.#store,
        dir: values.data,
        software,
        log,
        reader: new LogReader(values.data),
        throttle: new Throttle({ known: places.of("dashboard") }),
        live: {
          registry: this.#registry,
          requestLog: this.#requestLog,
          events: this.#events,
          urls: (name, { host, address }) => this.#urls(name, host, address),
          download: ({ host, address }) => {
            if (values.downloads === undefined) return null;
            if (!separateAdmin) return "/download";
            return new URL("/download", this.#urls("local", host, address)[0]).href;
          },
          dropped: (name) => this.#dropped.of(name),
          addresses: () => this,
          listening: about.listening,
          settings,
          signInFailures: this.#counters.signInFailures,
          started: this.#started,
          uptime: () => performance.now() - this.#startedAt,
          ready,
          requests: () => this.#visitorHandler.requests,
          connections: () => this.#server.size,
        },
      },
      settings,
      router,
      proxies: this.#proxies,
      hosts: this.#hosts,
      pages: adminPages,
      server,
    });
    this.#reception = new Reception({
      store: this.#store,
      registry: this.#registry,
      log,
      throttle: new Throttle({ known: places.of("agent") }),
      failures: this.#counters.signInFailures,
      software,
      settings,
      urls: (name, dialled, address) => this.#urls(name, dialled, address),
    });
  }

  #listen(): Promise<Listeners> {
    const { admin, tlsCert, tlsKey } = this.#options;
    return Listeners.open({
      ...this.#options,
      admin,
      tlsCert,
      tlsKey,
      log: this.#log,
      onvisitor: this.#limiter.leadTo(this.#server),
      onagent: (connection) => this.#reception.accept(connection),
      onadmin: this.#limiter.leadTo(this.#administration),
    });
  }

  #urls(name: string, dialled: string, address: string): string[] {
    const { publicUrl, domain, prefix } = this.#settings.current;
    const host = dialled === "" ? address : dialled;
    const visitors = visitorsPort(this, { host });
    const plain = this.#listeners.http.find(({ port }) => port > 0);
    if (plain !== undefined && dialled !== "" && !this.#hosts.knows(dialled)) {
      this.#hosts.notice(dialled, plain.port);
    }
    return publicUrls({ publicUrl, domain, prefix, ...visitors }, name, { dialled, address });
  }

  #onchange(change: Change): void {
    const { action, account, object, before, after } = change;
    this.#events.add(action, account, { account, object, before, after });
    this.#reception.judge(change);
    // At both, for a process may end between the first and what it does to the log.
    if (action === "account.remove" || action === "account.add") {
      void this.#requestLog.bury(account, formerName(account, Date.now()));
    }
    // Another owner has other answers.
    if (action === "name.remove" || action === "name.transfer") this.#dropped.forget(object);
    if (action === "account.remove") this.#dropped.clear();
  }

  /**
   * Takes over new values of what may change while it runs (options that are `live`); others are left as they are.
   * What is under way keeps the limits that it began with.
   */
  change(values: Partial<RelayValues>, given: Given): void {
    this.#settings.give(values, given);
  }

  /** Tells the parts that know no options: those of HTTP, and the log, whose worker has its own copy. */
  #adjust(current: SettingsSnapshot): void {
    this.#limiter.admission.limits = admissionLimits(current);
    this.#server.limits = this.#administration.limits = serverLimits(current);
    this.#requestLog.limit({ keepMs: current.logKeep, keepBytes: current.logSize });
    this.#requestLog.redact = redactor(current.logRedact);
  }

  stop(time: number = this.#settings.current.drain): Promise<void> {
    if (this.#stopping === null) this.#stopping = this.#stop(time);
    // Who asks again may be in more of a hurry.
    else void this.#drain(time);
    return this.#stopping;
  }

  async #stop(time: number): Promise<void> {
    this.#ready = false;
    this.#options.signal?.removeEventListener("abort", this.#onabort);
    this.#local[Symbol.dispose]();
    await this.#listeners.close();
    this.#reception.close();
    const end = { code: "shutdown", message: "the relay stops" };
    this.#registry.end(end);
    const [cut] = await this.#drain(time);
    if (cut > 0) this.#log.warn(`cut off ${cut} visitors after ${time / 1000} s`);
    await Promise.all(
      [...this.#registry.agents.values()].flatMap(({ sessions }) =>
        sessions.map((session) => session.finish(end))
      ),
    );
    this.#registry[Symbol.dispose]();
    // Last of all: until now `crunch account` could change things.
    await this.#administration[Symbol.asyncDispose]();
    this.#telemetry?.[Symbol.dispose]();
    await this.#memory?.[Symbol.asyncDispose]();
    this.#backlog?.[Symbol.dispose]();
    this.#unsubscribe();
    await this.#requestLog[Symbol.asyncDispose]();
    this.#store[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }

  /** @returns how many visitors were cut off. */
  #drain(time: number): Promise<[number, void]> {
    return Promise.all([this.#server.drain(time), this.#administration.drain(time)]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0);
  }
}
