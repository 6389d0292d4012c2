/** The public addresses of names, as far as a relay can know them. @module */

import { isLocalPeer } from "../../../http/mod.ts";

export interface PublicAddressOptions {
  /** What the operator says it is; then nothing is guessed. */
  readonly publicUrl: URL | undefined;
  readonly domain: string;
  readonly prefix: string;
  /** The port that visitors use, and whether over TLS. */
  readonly port: number;
  readonly secure: boolean;
}

/**
 * Path URL first; the subdomain's only where it works: with a real domain, or for an agent on this machine.
 * @param dialled the host by which the agent reached us, "" if it did not say.
 * @param address where the agent is.
 */
export function publicUrls(
  options: PublicAddressOptions,
  name: string,
  { dialled, address }: { readonly dialled: string; readonly address: string },
): string[] {
  const { publicUrl, domain, prefix } = options;
  const scheme = publicUrl?.protocol ?? (options.secure ? "https:" : "http:");
  const port = publicUrl === undefined ? String(options.port) : publicUrl.port;
  const isDefault = port === "" || port === (scheme === "https:" ? "443" : "80");
  const suffix = isDefault ? "" : `:${port}`;
  const host = publicUrl?.hostname ?? (isHost(dialled) ? dialled : "localhost");
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const urls = [`${scheme}//${bracketed}${suffix}${prefix}${name}/`];
  if (!name.includes("_") && (domain !== "localhost" || isLocalPeer(address))) {
    urls.push(`${scheme}//${name}.${domain}${suffix}/`);
  }
  return urls;
}

function isHost(text: string): boolean {
  return /^[a-z0-9._-]{1,253}$/i.test(text) || /^[0-9a-f:.]{2,45}$/i.test(text);
}
