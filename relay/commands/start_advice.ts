/** What to do when a relay cannot start: the line to type. @module */

import { type Address, dashed, formatAddress, type RelayValues } from "../../cli/mod.ts";
import { type CertificateError, ListenError } from "../../http/mod.ts";
import type { StoreError } from "../store/mod.ts";

/** A pair for trying, good for this machine. */
const MAKE_CERTIFICATE = "for a try, make a pair with:\n" +
  "  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \\\n" +
  "    -keyout key.pem -out cert.pem -subj /CN=localhost \\\n" +
  "    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \\\n" +
  "    -addext basicConstraints=critical,CA:FALSE";

/** How to mend it; undefined where the message says all. */
export function startAdvice(
  error: ListenError | StoreError | CertificateError,
  values: RelayValues,
): string | undefined {
  if (error instanceof ListenError) return listenAdvice(error, values);
  switch (error.code) {
    case "certificate":
      return MAKE_CERTIFICATE;
    case "locked":
      return "for a second relay give another directory and other ports:\n" +
        "  crunch relay --data DIR --http PORT --tunnel PORT";
    case "owner":
      return "run it as the owner, or give another directory:\n  crunch relay --data DIR";
    default:
      return undefined;
  }
}

function listenAdvice(error: ListenError, values: RelayValues): string | undefined {
  const [option, address] = listenerOf(error.address, values);
  const port = address?.transport === "tcp" ? address.port : 0;
  switch (error.code) {
    case "in-use":
      if (address === undefined || port === 0) {
        return `give another one:\n  crunch relay ${option} ADDR`;
      }
      return `for example:\n  crunch relay ${option} ${
        formatAddress({ ...address, port: port < 65_535 ? port + 1 : port - 1 } as Address)
      }`;
    case "not-permitted": {
      const high = port < 1024 && port > 0 ? `:${8000 + port % 1000}` : "ADDR";
      const grant = Deno.build.os === "linux" && port > 0
        ? `\nor allow it, to all that this program runs:\n  sudo setcap cap_net_bind_service=+ep ${Deno.execPath()}`
        : "";
      return `take another one:\n  crunch relay ${option} ${high}${grant}`;
    }
    case "no-such-address":
      return `for all addresses of this machine:\n  crunch relay ${option} :${port}`;
    default:
      return undefined;
  }
}

/** The option that asked for this address. */
function listenerOf(text: string, values: RelayValues): [option: string, Address | undefined] {
  for (const key of ["http", "https", "tunnel", "tunnelTls"] as const) {
    const address = values[key].find((address) => formatAddress(address) === text);
    if (address !== undefined) return [`--${dashed(key)}`, address];
  }
  return ["--admin", values.admin];
}
