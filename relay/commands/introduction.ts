/** What a relay says of itself when it has started: where it is, how to sign in, and what to type next. @module */

import { X509Certificate } from "node:crypto";
import {
  isAlive,
  localRelayDirectory,
  type Program,
  readLocalRelays,
  type RelayValues,
  stateDirectory,
} from "../../cli/mod.ts";
import { findPasswordFile, leavePasswordFile } from "../store/mod.ts";
import {
  agentCommand,
  isLoopbackHost,
  type Listening,
  visitorsOrigin,
} from "../visitors/reach/mod.ts";
import type { Relay, RunningRelay } from "../running/mod.ts";

/** Prints it. Each line to type works as it stands: where others can dial the relay on other machines, too. */
export function introduce(relay: RunningRelay, values: RelayValues, program: Program): void {
  const { http, https, tunnel, tunnelTls } = relay;
  const listening = { http, https, tunnel, tunnelTls, publicUrl: values.publicUrl };
  const lines: Array<[string, string]> = [
    [
      "visitors",
      [...http.map((a) => url("http", a)), ...https.map((a) => url("https", a))].join("  "),
    ],
    ["dashboard", dashboard(relay, listening)],
    ["agents", [...tunnel, ...tunnelTls.map((address) => `tls://${address}`)].join("  ")],
    ["data", `${values.data} (${accountsFound(relay)})`],
  ];
  const password = passwordOf(relay, values, program);
  if (password !== null) lines.push(["sign in as", `admin with the password ${password}`]);
  const isOpen = [...tunnel, ...tunnelTls].some((address) => !isOfThisMachine(address));
  if (isOpen && password !== null) {
    lines.push(["account", `crunch account add NAME${dataFlag(values, program)}`]);
  }
  const publish = isOpen
    ? agentCommand(listening, { host: certificateHost(relay, values) ?? "" })
    : ownCommand(relay, listening, program);
  if (publish !== null) lines.push(["publish", publish]);
  const width = Math.max(...lines.map(([label]) => label.length));
  program.print(lines.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join("\n") + "\n");
  warnOfPlain(relay, values, program);
  if (relay.loopbackOnly && values.publicUrl === undefined) {
    program.print("reachable only from this machine; add --http :8080 --tunnel :8021\n");
  } else if (!isOpen) {
    program.print("agents on other machines cannot reach it; add --tunnel :8021\n");
  }
}

function accountsFound({ foundAccounts: found }: RunningRelay): string {
  if (found === 0) return "no accounts yet";
  return found === 1 ? "1 account" : `${found} accounts`;
}

/** Names of a real domain share cookies with it, which over plain HTTP every one of them may set. */
function warnOfPlain({ https }: Relay, { domain, publicUrl }: RelayValues, program: Program): void {
  const isPlain = https.length === 0 && publicUrl?.protocol !== "https:";
  if (domain === "localhost" || domain.endsWith(".localhost") || !isPlain) return;
  program.log.warn(
    `--domain ${domain} without TLS: anybody on the way reads and changes everything, passwords included, and pages of ` +
      "its names can set cookies for the dashboard; add --https with --tls-cert and --tls-key, " +
      "or a proxy with TLS and --public-url https://…",
  );
}

function dashboard({ admin, http, https }: Relay, listening: Listening): string {
  if (admin.length > 0) return `${url("http", admin[0]!)}admin`;
  const scheme = http.length > 0 ? "http" : "https";
  const authority = shown(http[0] ?? https[0]!);
  return `${visitorsOrigin(listening, { scheme, authority })}/admin`;
}

/** The administrator's password, or where it is; also at a later start, until its first sign-in. */
function passwordOf(relay: Relay, { data }: RelayValues, program: Program): string | null {
  const secret = relay.adminPassword;
  if (secret !== null && program.terminal) return secret;
  const file = secret === null ? findPasswordFile(data) : leavePasswordFile(data, secret);
  return file === null ? null : `in ${file}`;
}

/** On this machine an agent needs no account, and where this is the only relay not even its address. */
function ownCommand({ local }: Relay, listening: Listening, { around }: Program): string | null {
  if (local === null) return agentCommand(listening, { host: "" });
  const relays = readLocalRelays(localRelayDirectory(around));
  const isOnly = relays.filter(({ relay }) => isAlive(relay.pid)).length < 2;
  return `crunch agent ${isOnly ? "" : `--relay ${local.tunnel} `}--dir ./site`;
}

/** Where the operator says nothing of a public address, the certificate names one. */
function certificateHost(
  { https, tunnelTls }: Relay,
  { tlsCert }: RelayValues,
): string | undefined {
  // Where nothing listens with it, whether it can be read was not looked at yet.
  if (tlsCert === undefined || https.length + tunnelTls.length === 0) return undefined;
  const { subjectAltName = "" } = new X509Certificate(Deno.readTextFileSync(tlsCert));
  return [...subjectAltName.matchAll(/DNS:([a-z0-9.-]+)/gi)].map(([, name]) => name!)
    .find((name) => !isLoopbackHost(name));
}

function dataFlag({ data }: RelayValues, { around }: Program): string {
  if (data === stateDirectory(around)) return "";
  return ` --data ${/^[\w./-]+$/.test(data) ? data : `'${data.replaceAll("'", `'\\''`)}'`}`;
}

function isOfThisMachine(address: string): boolean {
  return address.startsWith("unix:") ||
    isLoopbackHost(address.slice(0, address.lastIndexOf(":")));
}

function url(scheme: string, address: string): string {
  return address.startsWith("unix:") ? address : `${scheme}://${shown(address)}/`;
}

/** All interfaces can be reached at least as this machine. */
function shown(address: string): string {
  return address.replace(/^\[::\]:|^0\.0\.0\.0:/, "localhost:");
}
