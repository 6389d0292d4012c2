/** All metrics of a relay, read from its parts at the moment when they are asked for. @module */

import { DURATION_BOUNDS, type RequestLog } from "../store/mod.ts";
import type { Counters } from "./counters.ts";
import type { Family, Histogram, Sample } from "./exposition.ts";
import { processFamilies } from "./process.ts";
import type { Tally } from "./tally.ts";
import { type Durations, type NameTraffic, STATUS_CLASSES, type Traffic } from "./traffic.ts";

/** What is counted of a connected agent. */
export interface AgentFigures {
  readonly sessions: { readonly length: number };
  /** Streams that are open, and requests that wait for one. */
  readonly streams: number;
  readonly waiting: number;
}

/** A running relay's parts that have something to tell. */
export interface MetricsSource {
  /** Program and version: `crunch/0.1.0`. */
  readonly software: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ready: () => boolean;
  readonly counters: Counters;
  readonly registry: { readonly agents: ReadonlyMap<string, AgentFigures> };
  readonly requestLog: Pick<RequestLog, "counters" | "trouble">;
  /** Connections of visitors, and to the listener of `--admin`. */
  readonly connections: () => { readonly visitors: number; readonly admin: number };
  /** Agents that have not signed in yet. */
  readonly pendingAgents: () => number;
  /** Readers of `/events` and `/requests/stream`. */
  readonly eventStreams: () => number;
}

/** Bounds of the histograms in seconds. */
const BOUNDS = DURATION_BOUNDS.map((ms) => ms / 1000);

/** Every family, in an order that does not change. */
export function families(source: MetricsSource): Family[] {
  const { software, started, counters: { traffic } } = source;
  return [
    {
      name: "crunch_build",
      type: "info",
      help: "What runs here.",
      labels: {
        version: software.replace(/^crunch\//, ""),
        deno: Deno.version.deno,
        os: Deno.build.os,
        arch: Deno.build.arch,
      },
    },
    gauge("crunch_ready", "1 while the relay takes visitors and agents.", Number(source.ready())),
    ...trafficFamilies(traffic),
    ...peopleFamilies(source),
    ...logFamilies(source),
    ...processFamilies(started),
    ...nameFamilies(traffic.names),
  ];
}

function trafficFamilies(traffic: Traffic): Family[] {
  return [
    {
      name: "crunch_requests",
      type: "counter",
      help: "Visitors' requests to names that have ended, by method and class of the status.",
      samples: Array.from(
        traffic.requests(),
        ({ method, status, count }) => ({ labels: { method, status }, value: count }),
      ),
    },
    {
      name: "crunch_own_requests",
      type: "counter",
      help: "Requests that the relay answered by itself: own pages, the API, what is no name's.",
      samples: byStatus(traffic.own),
    },
    bytes("crunch_received", "Bytes of the bodies of visitors' requests.", traffic.received),
    bytes("crunch_sent", "Bytes of the bodies of answers to visitors.", traffic.sent),
    histogram(
      "crunch_request_duration",
      "From a request's head to the last byte of its answer.",
      traffic.durations,
    ),
    histogram(
      "crunch_request_first_byte",
      "From a request's head to the head of the agent's answer.",
      traffic.firstBytes,
    ),
  ];
}

function peopleFamilies(source: MetricsSource): Family[] {
  const agents = [...source.registry.agents.values()];
  const sum = (of: (agent: typeof agents[number]) => number): number =>
    agents.reduce((all, agent) => all + of(agent), 0);
  const { visitors, admin } = source.connections();
  return [
    gauge("crunch_agents", "Agents that are signed in.", agents.length),
    gauge(
      "crunch_agent_connections",
      "Their connections.",
      sum(({ sessions }) => sessions.length),
    ),
    gauge(
      "crunch_pending_agents",
      "Agents that have not signed in yet.",
      source.pendingAgents(),
    ),
    tally("crunch_agent_changes", "Agents' comings and goings.", {
      entries: source.counters.agentChanges,
      labels: (kind) => ({ kind }),
    }),
    gauge("crunch_streams", "Streams to agents that are open.", sum(({ streams }) => streams)),
    gauge(
      "crunch_waiting_streams",
      "Requests that wait for a stream to their agent.",
      sum(({ waiting }) => waiting),
    ),
    {
      name: "crunch_connections",
      type: "gauge",
      help: "Connections of visitors, and to the listener of --admin.",
      samples: [
        { labels: { listener: "visitors" }, value: visitors },
        { labels: { listener: "admin" }, value: admin },
      ],
    },
    tally("crunch_refused_visitors", "Visitors turned away because a limit was reached.", {
      entries: source.counters.refusedVisitors,
      labels: (limit) => ({ limit }),
    }),
    tally("crunch_sign_in_failures", "Sign-ins that failed, by who came and why.", {
      entries: source.counters.signInFailures,
      labels: (key) => {
        const [kind = "", reason = kind] = key.split(" ");
        return { kind, reason };
      },
    }),
    gauge("crunch_event_streams", "Open event streams of the API.", source.eventStreams()),
  ];
}

function logFamilies({ requestLog }: MetricsSource): Family[] {
  const { queued, written, sampled, dropped } = requestLog.counters;
  const rows = (outcome: string, value: number): Sample => ({ labels: { outcome }, value });
  return [
    gauge("crunch_log_queue_rows", "Rows of the request log on their way to the disk.", queued),
    {
      name: "crunch_log_rows",
      type: "counter",
      help: "Rows of the request log: written, left out under load, lost to a full queue or disk.",
      samples: [rows("written", written), rows("sampled", sampled), rows("dropped", dropped)],
    },
    gauge(
      "crunch_log_writable",
      "0 while the request log cannot be written.",
      Number(requestLog.trouble === undefined),
    ),
  ];
}

/** Only with `--metrics-names`. */
function nameFamilies(names: readonly NameTraffic[] | null): Family[] {
  if (names === null) return [];
  const each = (of: (one: NameTraffic) => number): Sample[] =>
    names.map((one) => ({ labels: { name: one.name }, value: of(one) }));
  return [
    {
      name: "crunch_name_requests",
      type: "counter",
      help: "Requests to each name; `other` are those without an owner, or beyond the first 1,000.",
      samples: names.flatMap(({ name, requests }) =>
        byStatus(requests).map(({ labels, value }) => ({ labels: { name, ...labels }, value }))
      ),
    },
    {
      name: "crunch_name_received_bytes",
      type: "counter",
      unit: "bytes",
      help: "Bytes of the bodies of requests to each name.",
      samples: each(({ received }) => received),
    },
    {
      name: "crunch_name_sent_bytes",
      type: "counter",
      unit: "bytes",
      help: "Bytes of the bodies of each name's answers.",
      samples: each(({ sent }) => sent),
    },
    {
      name: "crunch_name_duration_seconds",
      type: "counter",
      unit: "seconds",
      help: "Sum of the durations of the requests to each name.",
      samples: each(({ ms }) => ms / 1000),
    },
  ];
}

/** An upgrade is rare: 1xx is told once there was one. */
function byStatus(counts: ArrayLike<number>): Sample[] {
  return STATUS_CLASSES.flatMap((status, i) => {
    const value = counts[i]!;
    return value > 0 || i >= 2 ? [{ labels: { status }, value }] : [];
  });
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function bytes(name: string, help: string, value: number): Family {
  return { name: `${name}_bytes`, type: "counter", unit: "bytes", help, samples: [{ value }] };
}

function histogram(name: string, help: string, { sum, counts }: Durations): Family {
  const series: Histogram = { bounds: BOUNDS, counts, sum: sum / 1000 };
  return {
    name: `${name}_seconds`,
    type: "histogram",
    unit: "seconds",
    help,
    histograms: [series],
  };
}

function tally(
  name: string,
  help: string,
  { entries, labels }: {
    readonly entries: Tally;
    readonly labels: (kind: string) => Record<string, string>;
  },
): Family {
  const samples = Array.from(
    entries.entries(),
    ([kind, value]) => ({ labels: labels(kind), value }),
  );
  return { name, type: "counter", help, samples };
}
