/** What `crunch relay --check` looks at beside the settings: the files and directories that they name. @module */

import { dirname } from "node:path";
import { type RelayValues, type Trouble, unreadable, unreadyFile } from "../../cli/mod.ts";
import { CertificateError, CertificateFiles } from "../../http/mod.ts";
import { checkDataDirOwner, StoreError } from "../store/mod.ts";

/** All that would keep a relay with these settings from starting, as far as it can be seen without starting one. */
export function checkRelayFiles(values: RelayValues): Trouble[] {
  const troubles: Trouble[] = [];
  const add = (key: keyof RelayValues, message: string | undefined): void => {
    if (message !== undefined) troubles.push({ key, message });
  };
  const { tlsCert, tlsKey, downloads, readyFile } = values;
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const found = { tlsCert: unreadable(tlsCert, "file"), tlsKey: unreadable(tlsKey, "file") };
    for (const key of ["tlsCert", "tlsKey"] as const) add(key, found[key]);
    if (found.tlsCert === undefined && found.tlsKey === undefined) {
      troubles.push(...checkPair(tlsCert, tlsKey));
    }
  }
  if (downloads !== undefined) add("downloads", unreadable(downloads, "directory"));
  if (readyFile !== undefined) add("readyFile", unreadyFile(readyFile));
  for (const key of ["http", "https", "tunnel", "tunnelTls"] as const) {
    for (const address of values[key]) {
      if (address.transport === "unix") add(key, unreadable(dirname(address.path), "directory"));
    }
  }
  add("data", dataTrouble(values.data));
  return troubles;
}

function checkPair(certificate: string, key: string): Trouble[] {
  try {
    new CertificateFiles({ certificate, key });
    return [];
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return [{ key: error.file === key ? "tlsKey" : "tlsCert", message: error.message }];
  }
}

/** The directory is made at the start where it is missing: then what it will lie in must be there. */
function dataTrouble(data: string): string | undefined {
  try {
    if (checkDataDirOwner(data)) return unreadable(data, "directory");
  } catch (error) {
    if (error instanceof StoreError) return error.message;
    throw error;
  }
  for (let path = data;;) {
    const above = dirname(path);
    if (above === path) return undefined;
    path = above;
    try {
      return Deno.statSync(path).isDirectory ? undefined : `cannot make ${data}: ${path} is a file`;
    } catch {
      // Missing as well, or not to be looked into: the next one tells.
    }
  }
}
