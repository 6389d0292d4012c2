/** The limits of a relay, each an option of `crunch relay`. @module */

import { CENTURY, duration, integer, type Kind, size } from "../kinds/mod.ts";
import { defineOptions } from "./option.ts";
import { BadValue, quote } from "../terminal/mod.ts";

/** Separators do not count: a word needs letters or digits. */
const redactedWord: Kind<string> = {
  placeholder: "WORD",
  parse(text) {
    if (/[a-z0-9].*[a-z0-9]/is.test(text) && text.length <= 100) return text;
    throw new BadValue(`must be a word of 2 to 100 letters or digits, not ${quote(text)}`);
  },
};

const visitors = "Limits for visitors";
const agents = "Limits for agents";

// What the tunnel carries (tunnel/frame.ts), less what the relay adds to a head.
const TUNNEL_HEAD = 120 << 10;
const TUNNEL_TARGET = 60 << 10;
const TUNNEL_FIELDS = 480;
const TUNNEL_STREAMS = 8192;

/** Sizes in bytes, times in milliseconds; 0 is "never" for `firstByteTimeout` only. */
export const relayLimits = defineOptions({
  maxHead: {
    live: true,
    kind: size({ min: 1024, max: TUNNEL_HEAD }),
    default: "64KiB",
    group: visitors,
    help: "size of a request's head (else 431)",
  },
  maxTarget: {
    live: true,
    kind: size({ min: 256, max: TUNNEL_TARGET }),
    default: "16KiB",
    group: visitors,
    help: "size of a request's target (else 414)",
  },
  maxFields: {
    live: true,
    kind: integer({ min: 16, max: TUNNEL_FIELDS }),
    default: "128",
    group: visitors,
    help: "fields in a head (else 431)",
  },
  headTimeout: {
    live: true,
    kind: duration({ min: 100 }),
    default: "10s",
    group: visitors,
    help: "time for a whole head (else 408)",
  },
  idleTimeout: {
    live: true,
    kind: duration({ min: 100 }),
    default: "75s",
    group: visitors,
    help: "time a connection may wait for its next request",
  },
  bodyTimeout: {
    live: true,
    kind: duration({ min: 100 }),
    default: "30s",
    group: visitors,
    help: "time without a byte of a request's body",
  },
  writeTimeout: {
    live: true,
    kind: duration({ min: 100 }),
    default: "60s",
    group: visitors,
    help: "time a visitor may read nothing",
  },
  maxConnections: {
    live: true,
    kind: integer({ min: 1 }),
    default: "10000",
    group: visitors,
    help: "visitor connections (else 503)",
  },
  maxConnectionsPerAddress: {
    live: true,
    kind: integer({ min: 1 }),
    default: "256",
    group: visitors,
    help: "visitor connections of one address; loopback is not counted",
  },
  maxPendingAgents: {
    live: true,
    kind: integer({ min: 1 }),
    default: "1024",
    group: agents,
    help: "agents that have not signed in yet; then the oldest of the busiest address goes",
  },
  signInTimeout: {
    live: true,
    kind: duration({ min: 100 }),
    default: "10s",
    group: agents,
    help: "time an agent has to sign in",
  },
  maxStreams: {
    live: true,
    kind: integer({ min: 1, max: TUNNEL_STREAMS }),
    default: "256",
    group: agents,
    help: "requests at a time on one agent connection",
  },
  maxWaitingStreams: {
    live: true,
    kind: integer({ max: 1_000_000 }),
    default: "4096",
    group: agents,
    help: "requests of an agent that may wait for a free stream (else 503)",
  },
  streamWait: {
    live: true,
    kind: duration(),
    default: "5s",
    group: agents,
    help: "how long they wait",
  },
  connectTimeout: {
    kind: duration({ min: 100 }),
    default: "5s",
    group: agents,
    help: "time to connect to an origin",
    dormant: "it is an option of the agent; by a relay no origin is dialled",
  },
  firstByteTimeout: {
    live: true,
    kind: duration(),
    default: "60s",
    group: agents,
    help: "time to the first byte of an answer (else 504); 0 waits for ever",
  },
  logQueue: {
    kind: integer({ min: 1, max: 10_000_000 }),
    default: "16384",
    group: "Request log",
    help: "rows that may wait to be written; more are dropped and counted",
  },
  logKeep: {
    live: true,
    kind: duration({ max: CENTURY }),
    default: "7d",
    group: "Request log",
    help: "how long rows are kept; 0 keeps none, only sums",
  },
  logSize: {
    live: true,
    kind: size(),
    default: "1GB",
    group: "Request log",
    help: "how large the log may grow",
  },
  logRedact: {
    live: true,
    kind: redactedWord,
    repeatable: true,
    group: "Request log",
    help: "query keys with this word in them are secret, too: the log keeps no values of theirs",
  },
});
