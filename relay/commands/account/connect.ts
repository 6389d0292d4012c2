/** Finds the way to the API that the options ask for. @module */

import { CommandFailure, type Log, type Secret } from "../../../cli/mod.ts";
import { isLocalPeer } from "../../../http/mod.ts";
import {
  answers,
  checkDataDirOwner,
  ControlPath,
  isWorthWaiting,
  StoreError,
} from "../../store/mod.ts";
import { ApiClient } from "./client.ts";
import { openDirectly } from "./direct.ts";

export interface WhereOptions {
  /** The data directory. */
  readonly data: string;
  /** A relay elsewhere, with a token. */
  readonly relay?: URL | undefined;
  readonly token?: Secret | undefined;
  readonly log: Log;
  readonly software: string;
}

/** For one call, ms. */
const PATIENCE = 30_000;
const LOOK_AGAIN = 50;

/** Connects. @throws {CommandFailure} where that cannot be. */
export async function connect(options: WhereOptions): Promise<ApiClient> {
  const { relay, token } = options;
  if (relay === undefined || isHere(relay.hostname)) forgetProxies();
  if (relay !== undefined) return elsewhere(relay, token?.reveal() ?? "", options.log);
  try {
    return await here(options);
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new CommandFailure(cause.message, 1, { cause });
  }
}

function elsewhere(relay: URL, token: string, log: Log): ApiClient {
  if (relay.protocol === "http:" && !isHere(relay.hostname)) {
    log.warn(`the token goes to ${relay.host} in plain text; use https:// if you can`);
  }
  return new ApiClient(relay.origin, async (request) => {
    request.headers.set("authorization", `Bearer ${token.trim()}`);
    try {
      return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    } catch (cause) {
      const reason = rootOf(cause);
      // rustls' words for bytes that are no TLS.
      const text = relay.protocol === "https:" && reason.includes("InvalidContentType")
        ? `${relay.host} does not speak TLS; type: --relay http://${relay.host}`
        : `cannot reach ${relay.origin}: ${reason}`;
      throw new CommandFailure(text, 1, { cause });
    }
  });
}

/** The relay where one runs, else the store. Which of the two may change at any moment. @throws {StoreError} */
async function here({ data, log, software }: WhereOptions): Promise<ApiClient> {
  const began = performance.now();
  for (;;) {
    const exists = checkDataDirOwner(data);
    const client = exists ? await bySocket(data) : null;
    if (client !== null) return client;
    try {
      return await openDirectly(data, { log, software });
    } catch (error) {
      if (!isWorthWaiting(error, performance.now() - began)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
}

async function bySocket(data: string): Promise<ApiClient | null> {
  const control = new ControlPath(data);
  try {
    if (!await answers(control.path)) {
      control[Symbol.dispose]();
      return null;
    }
  } catch (cause) {
    control[Symbol.dispose]();
    throw new CommandFailure(`cannot reach the relay of ${data}: ${rootOf(cause)}`, 1, { cause });
  }
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: control.path } });
  const send = async (request: Request): Promise<Response> => {
    try {
      return await fetch(request, { client, signal: AbortSignal.timeout(PATIENCE) });
    } catch (cause) {
      throw new CommandFailure(`the relay of ${data} does not answer: ${rootOf(cause)}`, 1, {
        cause,
      });
    }
  };
  return new ApiClient("http://crunch", send, () => {
    client.close();
    control[Symbol.dispose]();
  });
}

function isHere(hostname: string): boolean {
  return /(^|\.)localhost$/.test(hostname) || isLocalPeer(hostname.replace(/^\[|\]$/g, ""));
}

/**
 * Proxies are for what is elsewhere, and `NO_PROXY=*` is no reason to leave out the control socket, which is a proxy to
 * Deno. It looks at these variables whenever it makes a client, and this process talks to no other host.
 */
function forgetProxies(): void {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]) {
    Deno.env.delete(name);
    Deno.env.delete(name.toLowerCase());
  }
}

/** What the system said, at the end of a chain of causes. */
function rootOf(error: unknown): string {
  let text = String(error);
  for (let cause = error; cause instanceof Error; cause = cause.cause) text = cause.message;
  return text.replace(/^error sending request for url \([^)]*\): /, "");
}
