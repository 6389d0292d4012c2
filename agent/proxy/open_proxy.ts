/** Makes an origin of a web application that options name, and looks whether it is there. @module */

import { type Log, type ProxySpec, silentLog } from "../../cli/mod.ts";
import { HttpClient, type OriginAddress, type OriginTls } from "../../http/mod.ts";
import type { Origin } from "../origin.ts";
import { ownLines } from "./fields.ts";
import { ProxyOrigin } from "./proxy_origin.ts";

/** @throws {Error} where the file of certificates cannot be read. */
export async function openProxy(spec: ProxySpec, log: Log): Promise<Origin> {
  const { value, hostHeader, rewritePrefix, originCa, originInsecure, connectTimeout } = spec;
  const { address, authority, isTls } = addressOf(value);
  let tls: OriginTls | undefined;
  if (isTls) {
    const caCerts = originCa === undefined ? [] : [await certificates(originCa)];
    tls = { caCerts, insecure: originInsecure };
  }
  const client = new HttpClient({ origin: address, tls, connectTimeout });
  const origin = new ProxyOrigin({
    client,
    name: value.replace(/^https?:\/\//, ""),
    authority,
    host: hostHeader === "keep" ? undefined : hostHeader === "origin" ? authority : hostHeader,
    rewrites: rewritePrefix,
    requestLines: ownLines(spec.header, spec.removeHeader),
    answerLines: ownLines(spec.responseHeader),
    log,
  });
  // An application that is not there yet is no reason not to publish it.
  if (log !== silentLog) client.connect().catch((error) => origin.noteDown(origin.reason(error)));
  return origin;
}

function addressOf(
  value: string,
): { readonly address: OriginAddress; readonly authority: string; readonly isTls: boolean } {
  if (value.startsWith("unix:")) {
    const path = value.slice("unix:".length);
    return { address: { transport: "unix", path }, authority: "localhost", isTls: false };
  }
  const url = new URL(value);
  const isTls = url.protocol === "https:";
  const port = url.port === "" ? isTls ? 443 : 80 : Number(url.port);
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { address: { transport: "tcp", hostname, port }, authority: url.host, isTls };
}

async function certificates(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new Error(`cannot read ${path}: ${why}`, { cause });
  }
}
