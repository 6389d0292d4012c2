/** The commands of `crunch account`. @module */

import {
  baseUrl,
  CENTURY,
  choice,
  type DialAddress,
  dialAddress,
  duration,
  formatAddress,
  type Kind,
  name,
  secret,
  text,
  toggle,
} from "../kinds/mod.ts";
import { configTables } from "./config_tables.ts";
import { configOptions, generalOptions } from "./general_options.ts";
import {
  defineCommand,
  defineOptions,
  type Options,
  type Positional,
  type Source,
  type Values,
} from "./option.ts";
import { dataOptions } from "./relay_options.ts";
import { BadValue, quote } from "../terminal/mod.ts";

/** The address of a relay's pages. That of its tunnel, which `CRUNCH_RELAY` may hold for agents, is told from it. */
const pages: Kind<URL | DialAddress> = {
  placeholder: "URL",
  parse(text) {
    if (!/^https?:/i.test(text)) {
      try {
        return dialAddress.parse(text);
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
      }
    }
    return baseUrl.parse(text);
  },
};

const where = defineOptions({
  ...dataOptions,
  relay: {
    kind: pages,
    group: "A relay elsewhere",
    help: "the address of its dashboard; needs an administrator's token",
  },
  token: {
    kind: secret,
    group: "A relay elsewhere",
    help:
      "a token of an administrator with full in its scope; for tokens and passwords, credentials",
  },
  json: { kind: toggle, group: "General", help: "print JSON" },
  ...configOptions,
  ...generalOptions,
});

interface Where {
  readonly values: Values<typeof where>;
  readonly sources: Readonly<Record<keyof typeof where, Source>>;
}

/** What was said of where the relay is: `--data` on the command line is nearer than a variable. */
function relayOf({ values, sources }: Where): URL | DialAddress | undefined {
  const isHere = sources.data.from === "flag" && sources.relay.from === "env";
  return isHere ? undefined : values.relay;
}

/** The relay elsewhere that a command is about; undefined for the one of `--data`. */
export function remoteRelay(settings: Where): URL | undefined {
  const relay = relayOf(settings);
  return relay instanceof URL ? relay : undefined;
}

/** What the options of where demand of each other. */
function checkWhere(command: string, settings: Where): string | undefined {
  const { values, sources } = settings;
  const relay = relayOf(settings);
  if (relay === undefined) return undefined;
  if (!(relay instanceof URL)) {
    const { hostname } = relay;
    const url = `http://${formatAddress({ ...relay, port: 8080 })}`;
    return `${sources.relay.name} is ${formatAddress(relay)}, where agents dial; ` +
      `the accounts of ${hostname} are reached where its pages are:\n` +
      `  crunch ${command} --relay ${relay.transport === "tls" ? `https://${hostname}` : url}\n` +
      `those of a relay on this machine in its directory:\n` +
      `  crunch ${command} --data ${values.data}`;
  }
  return values.token === undefined
    ? `${sources.relay.name} needs a token: set CRUNCH_TOKEN or give --token-file FILE`
    : undefined;
}

const password = defineOptions({
  password: {
    kind: secret,
    group: "Account",
    defaultHelp: "asked for on the terminal",
    help: "the password, 8 to 1024 bytes",
  },
});

const configuration = { reads: ["relay"], known: configTables };

const accountName: Positional = { name: "NAME", help: "the account", kind: name };
const accountAndName: readonly Positional[] = [
  { name: "ACCOUNT", help: "the account", kind: name },
  { name: "NAME", help: "the public name", kind: name },
];

const SCOPES = ["full", "read", "agent", "metrics", "credentials"];

/** Words with commas or spaces between. The relay checks which go together. */
const scope: Kind<string> = {
  placeholder: "WORDS",
  completes: SCOPES,
  parse(text) {
    const words = text.toLowerCase().split(/[\s,]+/).filter((word) => word !== "");
    const wrong = words.find((word) => !SCOPES.includes(word));
    if (wrong !== undefined) {
      throw new BadValue(`is one or several of ${SCOPES.join(", ")}, not ${quote(wrong)}`);
    }
    return words.join(" ");
  },
};

/** The smaller ones differ in name and words only. */
function account<const O extends Options = Record<never, never>>(
  verb: string,
  summary: string,
  example: string,
  { options, positionals = [] }: {
    readonly options?: O;
    readonly positionals?: readonly Positional[];
  },
) {
  return defineCommand<O & typeof where>({
    name: `account ${verb}`,
    summary,
    examples: [[`crunch account ${verb}${example === "" ? "" : ` ${example}`}`, summary]],
    positionals,
    configuration,
    options: { ...options, ...where } as O & typeof where,
    check: (values, sources) =>
      checkWhere(`account ${verb}`, { values, sources } as unknown as Where),
  });
}

/** Every `crunch account …` command by its words. */
export const accountCommands = {
  "account add": account("add", "makes an account", "alice --password-file alice.txt", {
    positionals: [accountName],
    options: defineOptions({
      ...password,
      role: {
        kind: choice("admin", "member", "viewer"),
        default: "member",
        group: "Account",
        help: "admin does everything, a member sees its own, a viewer only looks",
      },
      trusted: {
        kind: toggle,
        group: "Account",
        help: "lifts the isolation of the pages it publishes",
      },
    }),
  }),
  "account list": account("list", "lists the accounts", "", {}),
  "account passwd": account("passwd", "sets an account's password", "alice", {
    positionals: [accountName],
    options: password,
  }),
  "account disable": account("disable", "cuts an account off", "alice", {
    positionals: [accountName],
  }),
  "account enable": account("enable", "lets a disabled account in again", "alice", {
    positionals: [accountName],
  }),
  "account remove": account("remove", "removes an account and its names", "alice", {
    positionals: [accountName],
  }),
  "account token create": account("token create", "makes a token and shows it once", "alice", {
    positionals: [accountName],
    options: defineOptions({
      label: { kind: text(), group: "Token", help: "what the token is for" },
      scope: {
        kind: scope,
        default: "full,agent",
        group: "Token",
        help:
          "what it opens, one or several of: full (the API as far as the account may), read (the " +
          "same to look at), agent, metrics, credentials (with full: makes tokens, sets passwords)",
      },
      expires: {
        kind: duration({ min: 1000, max: CENTURY }),
        defaultHelp: "never",
        group: "Token",
        help: "how long it is good",
      },
    }),
  }),
  "account token list": account("token list", "lists tokens", "alice", {
    positionals: [{ ...accountName, optional: true }],
  }),
  "account token revoke": account("token revoke", "ends a token", "rz4c8tkgxsw17zb3", {
    positionals: [{ name: "ID", help: "as shown by token list" }],
  }),
  "account name add": account("name add", "gives an account a further name", "alice photos", {
    positionals: accountAndName,
  }),
  "account name remove": account("name remove", "takes a name from an account", "alice photos", {
    positionals: accountAndName,
  }),
};
