/** What the API works on, and what is known of a caller before it authenticates. @module */

import type { Log } from "../../cli/mod.ts";
import type { DroppedField } from "../visitors/heads/mod.ts";
import type { EventFeed } from "./event_feed.ts";
import type { Tally } from "../metrics/mod.ts";
import type { Listening } from "../visitors/reach/mod.ts";
import type { Registry } from "../agents/mod.ts";
import type { LogReader, RelaySettings, RequestLog, Store, Throttle } from "../store/mod.ts";

/** What there is besides the store while a relay runs. */
export interface LiveRelay {
  readonly registry: Registry;
  readonly requestLog: RequestLog;
  readonly events: EventFeed;
  /** The public addresses of a name, path URL first, as `caller` can reach them. */
  readonly urls: (name: string, caller: Pick<Caller, "host" | "address">) => string[];
  /** Where `caller` finds the programs that are offered, a path where it is on this host; null where none are. */
  readonly download: (caller: Pick<Caller, "host" | "address">) => string | null;
  /** The fields of a name's answers that did not pass on its path address. */
  readonly dropped: (name: string) => DroppedField[];
  /** Where it listens: `host:port` or `unix:/path`. */
  readonly addresses: () => Omit<Listening, "publicUrl"> & { readonly admin: readonly string[] };
  /** The same, for who wants to know what to dial. */
  readonly listening: () => Listening;
  /** What it runs with. */
  readonly settings: RelaySettings;
  /** Counts sign-ins that failed, by `kind reason`. */
  readonly signInFailures: Tally;
  /** When it started, milliseconds since 1970. */
  readonly started: number;
  /** For how long it has been running, ms. */
  uptime(): number;
  readonly ready: () => boolean;
  /** Visitors' requests so far. */
  readonly requests: () => number;
  /** Visitors' connections now. */
  readonly connections: () => number;
}

/** What the API works on. */
export interface ApiContext {
  readonly store: Store;
  /** The data directory. */
  readonly dir: string;
  /** Program and version: `crunch/0.1.0`. */
  readonly software: string;
  readonly log: Log;
  /** Delays sign-ins after failures. */
  readonly throttle: Throttle;
  /** Null where nothing was ever logged. */
  readonly reader: LogReader | null;
  /** Null where no relay runs: then no agent is connected. */
  readonly live: LiveRelay | null;
}

/** How a request reached us. */
export interface Caller {
  /** IP address, or `unix`. */
  readonly address: string;
  /** The host by which it reached us, without the port; empty where that says nothing. */
  readonly host: string;
  /** The id that answer and log carry. */
  readonly requestId: string;
  /** The browser speaks TLS with us or with the proxy before us. */
  readonly secure: boolean;
  /** The session's second token as it was sent, where the cookie alone proves nothing; else undefined. */
  readonly second?: string | null | undefined;
  /** The origins that pages of ours have for this request: `https://relay.example`. */
  readonly origins: readonly string[];
  /** It came by the control socket, or from this very process: who may open that is an administrator. */
  readonly isShell: boolean;
}
