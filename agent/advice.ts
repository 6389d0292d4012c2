/** What to do when a relay cannot be reached or refuses: the line to type. @module */

import type { DialAddress } from "../cli/mod.ts";
import { formatAddress } from "../cli/mod.ts";
import { DialError } from "../http/mod.ts";

/** How to mend a dial that failed, where somebody here can; undefined otherwise. */
export function dialAdvice(error: unknown, relay: DialAddress): string | undefined {
  if (!(error instanceof DialError)) return undefined;
  const address = formatAddress(relay);
  switch (error.code) {
    case "refused":
      return isLoopback(relay)
        ? `start a relay there: crunch relay --tunnel ${address}`
        : `is it running, and not on loopback only? there: crunch relay --tunnel :${relay.port}`;
    case "not-found":
      return "check how the host is spelt: --relay HOST:PORT";
    case "timeout":
    case "unreachable":
      return `is port ${relay.port} open in the firewall there? try: nc -vz ${relay.hostname} ${relay.port}`;
    case "certificate":
      return certificateAdvice(error.message, relay);
    case "tls":
      return `a plain tunnel port is dialled without tls://: --relay ${address}`;
    default:
      return undefined;
  }
}

function certificateAdvice(message: string, { port }: DialAddress): string {
  if (message.includes("is not for")) {
    return `dial the relay by a name that is in it: --relay tls://NAME:${port}`;
  }
  if (message.includes("not valid yet")) return "compare with the time here: date";
  if (message.includes("expired")) {
    return "the relay takes a new one from its --tls-cert file without a restart; or is the clock here wrong? date";
  }
  return "if its authority is your own, name that one's certificate: --relay-ca FILE";
}

/** How to mend a refusal, by its code; undefined where its message says it. */
export function refusalAdvice(
  code: string,
  { user, relay }: { readonly user: string | undefined; readonly relay: DialAddress | undefined },
): string | undefined {
  switch (code) {
    case "bad-credentials":
      return user === undefined
        ? "make a new token at the relay: crunch account token create NAME"
        : "at the relay: crunch account passwd NAME";
    case "name-taken":
    case "looks-like":
    case "reserved":
      return "choose another name: --name NAME";
    case "name-needed":
      return "for example --name site";
    case "limit":
      return "at the relay: crunch account name add ACCOUNT NAME, or crunch relay --names-per-account N";
    case "expired":
      return "at the relay: crunch account token create NAME";
    case "wrong-scope":
      return "at the relay: crunch account token create NAME --scope agent";
    case "disabled":
      return "at the relay: crunch account enable NAME";
    case "not-a-relay":
      return relay === undefined || relay.transport === "tls"
        ? "dial the port of the relay's --tunnel, 8021 by default"
        : `dial the port of the relay's --tunnel, 8021 by default; over TLS: --relay tls://${
          formatAddress(relay)
        }`;
    case "version":
      return "install the same version on both sides: crunch --version";
    default:
      return undefined;
  }
}

function isLoopback({ hostname }: DialAddress): boolean {
  return /^(127\.|::1$|localhost$)/.test(hostname);
}
