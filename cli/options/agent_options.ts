/** The options of `crunch agent`, and what it is told to publish. @module */

import {
  choice,
  dialAddress,
  directory,
  duration,
  type FieldLine,
  fieldLine,
  fieldName,
  file,
  hostHeader,
  type Mounted,
  mounted,
  name,
  originUrl,
  secret,
  toggle,
} from "../kinds/mod.ts";
import {
  defineOptions,
  entries,
  type Positional,
  type Source,
  type Values,
  type Wording,
} from "./option.ts";
import { lifeOptions } from "./relay_options.ts";

const origins = defineOptions({
  dir: {
    live: true,
    kind: mounted(directory),
    repeatable: true,
    group: "What to publish",
    defaultHelp: ".",
    help: "a directory, below PATH where one is given",
  },
  proxy: {
    live: true,
    kind: mounted(originUrl),
    repeatable: true,
    group: "What to publish",
    help:
      "a web application: http://localhost:3000, https://…, unix:/path; below PATH where one is given",
  },
  hostHeader: {
    live: true,
    kind: hostHeader,
    default: "keep",
    group: "Towards applications",
    help: "the Host that they see: the visitor's, their own, or NAME",
  },
  rewritePrefix: {
    live: true,
    kind: choice("on", "off"),
    default: "on",
    group: "Towards applications",
    help: "paths in Location, Refresh and Set-Cookie get the public prefix in front",
  },
  header: {
    live: true,
    kind: fieldLine,
    repeatable: true,
    group: "Towards applications",
    help: "a field that they get, in the place of the visitor's",
  },
  removeHeader: {
    live: true,
    kind: fieldName,
    repeatable: true,
    group: "Towards applications",
    help: "a field that they do not get",
  },
  responseHeader: {
    live: true,
    kind: fieldLine,
    repeatable: true,
    group: "Towards applications",
    help: "a field that visitors get, in the place of the application's",
  },
  originCa: {
    live: true,
    kind: file,
    group: "Towards applications",
    help:
      "certificates in PEM that an https application's is checked against, besides the system's",
  },
  originInsecure: {
    live: true,
    kind: toggle,
    group: "Towards applications",
    help: "take any certificate of an https application",
  },
  connectTimeout: {
    live: true,
    kind: duration({ min: 1 }),
    default: "5s",
    group: "Towards applications",
    help: "how long connecting to one may take",
  },
});

/** What stands behind the options of an agent. */
export const agentPositionals: readonly Positional[] = [{
  name: "DIR",
  help: "a directory to publish, as --dir DIR",
  kind: directory,
  optional: true,
  stands: "dir",
}];

const PUBLIC_NAME = "the public name";

/** `--relay` and the credentials. */
export const agentOptions = defineOptions({
  relay: {
    kind: dialAddress,
    group: "Relay and credentials",
    defaultHelp: "the relay of this machine",
    help: "host:port, tcp://host:port or tls://host:port",
  },
  relayCa: {
    kind: file,
    group: "Relay and credentials",
    help: "certificates in PEM that the relay's is checked against",
  },
  user: {
    live: true,
    kind: name,
    group: "Relay and credentials",
    help: "the account, with its password",
  },
  password: {
    live: true,
    kind: secret,
    group: "Relay and credentials",
    help: "the account's password",
  },
  token: {
    live: true,
    kind: secret,
    group: "Relay and credentials",
    help: "a token of the account, instead of user and password",
  },
  name: {
    live: true,
    kind: name,
    group: "What to publish",
    defaultHelp: "the account's name",
    help: PUBLIC_NAME,
  },
  ...origins,
  publish: {
    live: true,
    kind: entries({
      name: { kind: name, group: "What to publish", help: PUBLIC_NAME },
      ...origins,
    }),
    repeatable: true,
    fileOnly: true,
    group: "What to publish",
    help: "several names, each with what it publishes: [[agent.publish]]",
  },
  ...lifeOptions,
});

/** The agent's settings, read. */
export type AgentValues = Values<typeof agentOptions>;

/** A directory, at which mount. */
export interface DirectorySpec extends Mounted<string> {
  readonly kind: "directory";
  /** The option that says so. */
  readonly option: "dir";
}

/** A web application, at which mount, and how it is asked. */
export interface ProxySpec extends Mounted<string> {
  readonly kind: "proxy";
  /** The option that says so. */
  readonly option: "proxy";
  /** `keep`, `origin` or a host. */
  readonly hostHeader: string;
  readonly rewritePrefix: boolean;
  /** What it gets in the place of the visitor's. */
  readonly header: readonly FieldLine[];
  /** Names of fields that it does not get. */
  readonly removeHeader: readonly string[];
  /** What visitors get in the place of its own. */
  readonly responseHeader: readonly FieldLine[];
  /** A PEM file. */
  readonly originCa: string | undefined;
  readonly originInsecure: boolean;
  /** In ms. */
  readonly connectTimeout: number;
}

/** An origin, as options say it: of which kind, at which mount, and what of. */
export type OriginSpec = DirectorySpec | ProxySpec;

/** One public name and its origins. */
export interface Publication {
  /** Undefined: the account's own name. */
  readonly name: string | undefined;
  readonly origins: readonly OriginSpec[];
  /** Which of the entries of `publish` it is; undefined: none of them. */
  readonly entry?: number;
}

type OriginValues = Pick<AgentValues, keyof typeof origins>;

function originsOf(values: OriginValues): OriginSpec[] {
  const { dir, proxy, hostHeader, rewritePrefix, originCa, originInsecure, connectTimeout } =
    values;
  const { header, removeHeader, responseHeader } = values;
  return [
    ...dir.map((mounted): OriginSpec => ({ kind: "directory", option: "dir", ...mounted })),
    ...proxy.map((mounted): OriginSpec => ({
      kind: "proxy",
      option: "proxy",
      ...mounted,
      hostHeader,
      rewritePrefix: rewritePrefix === "on",
      header,
      removeHeader,
      responseHeader,
      originCa,
      originInsecure,
      connectTimeout,
    })),
  ];
}

type PublishSources = Readonly<Record<"name" | "dir" | "proxy" | "publish", Source>>;
type AgentChecked = Pick<
  AgentValues,
  "relay" | "user" | "password" | "token" | "name" | "publish" | keyof typeof origins
>;
type AgentSources = PublishSources & Readonly<Record<"password", Source>>;

/**
 * What an agent publishes; `current` gives the current directory where nothing was named. `--name`, `--dir` and `--proxy` as flags or variables stand for themselves: the file's
 * `[[agent.publish]]` is then left out. Without anything, the current directory.
 */
export function publications(
  { values, sources }: {
    readonly values: Pick<AgentValues, "name" | "publish" | keyof typeof origins>;
    readonly sources: PublishSources;
  },
  current: () => string = () => ".",
): Publication[] {
  const direct = [sources.name, sources.dir, sources.proxy];
  const overridden = direct.some(({ from }) => from === "flag" || from === "env");
  const several = overridden ? [] : values.publish.map((one, entry) => ({
    name: one.name,
    origins: originsOf(one),
    entry,
  }));
  if (several.length > 0 && direct.every(({ from }) => from === "default")) return several;
  const own = originsOf(values);
  const origins = own.length > 0
    ? own
    : originsOf({ ...values, dir: [{ mount: "/", value: current() }] });
  return [{ name: values.name, origins }, ...several];
}

/** What the agent's options demand of each other. */
export function checkAgent(
  values: AgentChecked,
  sources: AgentSources,
  { option, giveSecret, entry }: Wording,
): string | undefined {
  if (values.token !== undefined && values.user !== undefined) {
    return `takes ${option("user")} with a password, or a token, not both`;
  }
  // At a command line it is asked for.
  if (values.user !== undefined && values.password === undefined && giveSecret !== undefined) {
    return `${option("user")} needs the password: ${giveSecret("password")}`;
  }
  // A password in the environment may be there for `account add`: the local relay needs none.
  const isForUs = /flag|program/.test(sources.password.from) || values.relay !== undefined;
  const isAnonymous = values.user === undefined && values.token === undefined;
  if (values.password !== undefined && isAnonymous && isForUs) {
    return `has a password but no account: give ${option("user", "NAME")}`;
  }
  const empty = values.publish.findIndex((one) => originsOf(one).length === 0);
  if (empty >= 0) return `${entry("publish", empty)} publishes nothing: give it a dir or a proxy`;
  const names = new Set<string | undefined>();
  for (const { name, origins, entry: index } of publications({ values, sources })) {
    const who = index === undefined ? "" : `${entry("publish", index)} `;
    if (names.has(name)) return `${who}publishes ${name ?? "the account's name"} twice`;
    names.add(name);
    const mounts = origins.map(({ mount }) => mount);
    const twice = mounts.find((mount, i) => mounts.indexOf(mount) < i);
    if (twice !== undefined) return `${who}mounts two things at ${twice}; give one of them a PATH=`;
  }
  return undefined;
}
