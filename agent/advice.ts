/** What to do when a relay cannot be reached or refuses: the line to type. @module */

import type { DialAddress } from "../cli/mod.ts";
import { formatAddress, isLoopbackAddress, TUNNEL_PORT } from "../cli/mod.ts";
import { DialError } from "../http/mod.ts";

const SET_CLOCK = Deno.build.os === "darwin"
  ? "sudo sntp -sS time.apple.com"
  : Deno.build.os === "windows"
  ? "w32tm /resync"
  : "sudo timedatectl set-ntp true";

/** How to mend a dial that failed, where that can be done here; undefined otherwise. */
export function dialAdvice(error: unknown, relay: DialAddress): string | undefined {
  if (!(error instanceof DialError)) return undefined;
  const address = formatAddress(relay);
  switch (error.code) {
    case "refused":
      return isLoopbackAddress(relay)
        ? `start a relay there:\n  crunch relay --tunnel ${address}`
        : `is it running, and not for its own machine only? there:\n  crunch relay --http :8080 --tunnel :${relay.port}`;
    case "not-found":
      return "check how the host is spelt: --relay HOST:PORT";
    case "timeout":
    case "unreachable":
      return `is port ${relay.port} open in the firewall there? try:\n  nc -vz ${relay.hostname} ${relay.port}`;
    case "certificate":
      return certificateAdvice(error.message, relay);
    case "tls":
      return `a tunnel port without TLS is dialled without tls://:\n  crunch agent --relay ${address}`;
    default:
      return undefined;
  }
}

function certificateAdvice(message: string, { port }: DialAddress): string {
  if (message.includes("is not for")) {
    return `dial the relay by a name that its certificate has:\n  crunch agent --relay tls://NAME:${port}`;
  }
  if (message.includes("not valid yet")) {
    return `if the clock here is wrong, set it:\n  ${SET_CLOCK}`;
  }
  if (message.includes("expired")) {
    return `if the clock here is wrong, set it:\n  ${SET_CLOCK}\n` +
      "if it is right, put a new certificate into the relay's --tls-cert file; no restart is needed";
  }
  return "if its authority is your own, name the certificate of that:\n  crunch agent --relay-ca FILE";
}

/** How to mend a refusal, by its code; undefined where its message says it. */
export function refusalAdvice(
  code: string,
  { user, token, relay, name }: {
    readonly user: string | undefined;
    readonly token: unknown;
    readonly relay: DialAddress | undefined;
    readonly name: string | undefined;
  },
): string | undefined {
  switch (code) {
    case "bad-credentials":
      return user === undefined
        ? "check the token, or make a new one at the relay:\n  crunch account token create ACCOUNT"
        : `check --user and the password, or set a new one at the relay:\n  crunch account passwd ${user}`;
    case "name-taken":
    case "looks-like":
    case "reserved":
      return "choose another name: --name NAME";
    case "name-needed":
      return "for example: --name site";
    case "limit":
      return "leave --name out, or give the account this name at the relay:\n" +
        `  crunch account name add ${user ?? "ACCOUNT"} ${name ?? "NAME"}`;
    case "expired":
      return "make a new one at the relay:\n  crunch account token create ACCOUNT";
    case "wrong-scope":
      return "make another one at the relay:\n  crunch account token create ACCOUNT --scope agent";
    case "disabled":
      return `let it in again at the relay:\n  crunch account enable ${
        user ?? (token === undefined ? "local" : "ACCOUNT")
      }`;
    case "not-a-relay":
      return relay === undefined || relay.transport === "tls"
        ? "dial the port of the relay's --tunnel, 8021 by default"
        : "dial the port of the relay's --tunnel, 8021 by default:\n" +
          `  crunch agent --relay ${formatAddress({ ...relay, port: TUNNEL_PORT })}\n` +
          `or, if this is its --tunnel-tls, over TLS:\n` +
          `  crunch agent --relay tls://${formatAddress(relay)}`;
    case "version":
      return "install the same version on both sides:\n  crunch --version";
    default:
      return undefined;
  }
}
