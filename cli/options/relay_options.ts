/** The options of `crunch relay`, every limit included. @module */

import {
  type Address,
  address,
  addressOrOff,
  baseUrl,
  covers,
  directory,
  domain,
  duration,
  file,
  formatAddress,
  integer,
  prefix,
  secret,
  toggle,
  trustedPeer,
} from "../kinds/mod.ts";
import {
  defineOptions,
  type Source,
  type Surroundings,
  type Values,
  type Wording,
} from "./option.ts";
import { relayLimits } from "./relay_limits.ts";

/** Where the relay keeps its state unless told otherwise: see the contract's `--data`. */
export function stateDirectory({ env, os, root }: Surroundings): string {
  if (os === "windows") return `${env.LOCALAPPDATA ?? env.USERPROFILE ?? "C:"}\\crunch`;
  // Relative values are to be ignored (XDG Base Directory Specification).
  if (env.XDG_STATE_HOME?.startsWith("/")) return `${env.XDG_STATE_HOME}/crunch`;
  if (root) return "/var/lib/crunch";
  return env.HOME?.startsWith("/") ? `${env.HOME}/.local/state/crunch` : ".crunch";
}

/** `--data`, which `crunch account` has as well. */
export const dataOptions = defineOptions({
  data: {
    kind: directory,
    default: stateDirectory,
    defaultHelp: "$XDG_STATE_HOME/crunch, else ~/.local/state/crunch, as root /var/lib/crunch",
    group: "Data",
    help: "database, keys and control socket; made with mode 0700",
  },
});

/** Ending and being watched: of relay, agent and both. */
export const lifeOptions = defineOptions({
  drain: {
    live: true,
    kind: duration(),
    default: "30s",
    group: "Starting and stopping",
    help: "how long a stop waits for what is in flight",
  },
  readyFile: {
    kind: file,
    group: "Starting and stopping",
    help:
      "one line of JSON with the addresses, written once everything works; replaces a regular file, writes into a pipe or a device",
  },
});

const listeners = defineOptions({
  http: {
    kind: addressOrOff,
    repeatable: true,
    default: "127.0.0.1:8080",
    group: "Listeners",
    help: "visitors and /admin; host:port, :port (all interfaces), port, unix:/path or off",
  },
  https: {
    kind: addressOrOff,
    repeatable: true,
    group: "Listeners",
    help: "the same over TLS, with --tls-cert and --tls-key",
  },
  tunnel: {
    kind: addressOrOff,
    repeatable: true,
    default: "127.0.0.1:8021",
    group: "Listeners",
    help: "agents, plain; any port",
  },
  tunnelTls: {
    kind: addressOrOff,
    repeatable: true,
    group: "Listeners",
    help: "agents over TLS, with the same certificate",
  },
  admin: {
    kind: address,
    defaultHelp: "same as --http",
    group: "Listeners",
    help: "puts the dashboard and its API on a listener of their own",
  },
  tlsCert: {
    kind: file,
    group: "Listeners",
    help: "certificate chain in PEM; read again when it changes",
  },
  tlsKey: {
    kind: file,
    group: "Listeners",
    help: "private key in PEM; read again when it changes",
  },
});

const names = defineOptions({
  publicUrl: {
    live: true,
    kind: baseUrl,
    defaultHelp: "guessed from the address that agents dial",
    group: "Public addresses",
    help: "used in printed addresses, redirects, share links and downloads",
  },
  redirect: {
    kind: toggle,
    default: "true",
    group: "Public addresses",
    help: "leaves who reads pages over --http there, where --https is on as well",
  },
  domain: {
    kind: domain,
    default: "localhost",
    group: "Public addresses",
    help: "serves <name>.NAME besides path URLs",
  },
  prefix: {
    kind: prefix,
    default: "/",
    group: "Public addresses",
    help: "where path URLs start: /servers/ gives /servers/<name>/",
  },
  namesPerAccount: {
    live: true,
    kind: integer({ max: 1_000_000 }),
    default: "0",
    group: "Public addresses",
    help: "names beside its own that an account may claim itself",
  },
  trustedProxy: {
    live: true,
    kind: trustedPeer,
    repeatable: true,
    group: "Public addresses",
    help: "peers whose Forwarded and X-Forwarded-* are believed",
  },
  downloads: {
    kind: directory,
    group: "Public addresses",
    help: "prebuilt binaries to offer on /download",
  },
});

const monitoring = defineOptions({
  metricsNames: {
    kind: toggle,
    group: "Data",
    help: "tells the names apart in /metrics, the first 1,000 of them",
  },
});

const administrator = defineOptions({
  adminPassword: {
    kind: secret,
    group: "Data",
    defaultHelp: "generated and printed",
    help: "password of the account admin at the first start",
  },
});

/** The relay's own options, without the general ones. */
export const relayOptions = defineOptions({
  ...listeners,
  ...names,
  ...dataOptions,
  ...administrator,
  ...monitoring,
  ...lifeOptions,
  ...relayLimits,
});

/** The relay's settings, read. */
export type RelayValues = Values<typeof relayOptions>;

/** What the relay's options demand of each other. */
export function checkRelay(
  values: Pick<RelayValues, Listening | "tlsCert" | "tlsKey">,
  sources: Readonly<Record<"tlsCert" | "tlsKey", Source>>,
  { option }: Wording,
): string | undefined {
  const wanted = values.https.length > 0
    ? option("https")
    : values.tunnelTls.length > 0
    ? option("tunnelTls")
    : undefined;
  if ((values.tlsCert === undefined) !== (values.tlsKey === undefined)) {
    const [given, missing] = values.tlsCert === undefined
      ? [sources.tlsKey, "tlsCert"] as const
      : [sources.tlsCert, "tlsKey"] as const;
    return `${given.name} needs ${option(missing, "FILE")} beside it`;
  }
  if (wanted !== undefined && values.tlsCert === undefined) {
    return `${wanted} needs ${option("tlsCert", "FILE")} and ${option("tlsKey", "FILE")}`;
  }
  if (values.http.length === 0 && values.https.length === 0) {
    const [plain, secure] = [option("http", "ADDR"), option("https", "ADDR")];
    return `has no address for visitors: give ${plain} or ${secure}`;
  }
  return addressTwice(values, option);
}

const LISTENING = ["http", "https", "tunnel", "tunnelTls", "admin"] as const;
type Listening = typeof LISTENING[number];

/** The system would say that the address is in use, and by this very program. */
function addressTwice(
  values: Pick<RelayValues, Listening>,
  option: Wording["option"],
): string | undefined {
  const seen = new Map<string, Listening>();
  const all: Array<readonly [Listening, Address]> = [];
  for (const key of LISTENING) {
    for (const address of [values[key] ?? []].flat()) {
      // Port 0 is another one each time.
      if (address.transport === "tcp" && address.port === 0) continue;
      const text = formatAddress(address);
      const before = seen.get(text);
      if (before === key) return `${option(key)} has ${text} twice`;
      if (before !== undefined) return `${option(before)} and ${option(key)} both have ${text}`;
      seen.set(text, key);
      for (const [other, another] of all) {
        const [wide, narrow] = covers(another, address) ? [another, address] : [address, another];
        // Of one option the wider address is enough, and listened on alone.
        if (other === key || !covers(wide, narrow)) continue;
        const [taker, loser] = wide === address ? [key, other] : [other, key];
        return `${option(taker)} ${formatAddress(wide)} takes ${formatAddress(narrow)}, too: ` +
          `give ${option(loser)} another port, or ${option(taker)} a single address`;
      }
      all.push([key, address]);
    }
  }
  return undefined;
}
