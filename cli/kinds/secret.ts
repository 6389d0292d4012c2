/** Secrets: never a flag, never in the configuration, never printed. @module */

import type { Kind } from "./kinds.ts";
import { locatePath, nameFile } from "../files/mod.ts";
import { BadValue } from "../terminal/mod.ts";

/** Longer than any password (1024 bytes) or token; a larger file was named by mistake. */
const LONGEST = 4096;

/** A password or token. Every way of printing it shows `[secret]`; only `reveal` gives the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("Deno.customInspect")](): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** Standard input, where the name of a secret's file is asked for. */
export const STANDARD_INPUT = "-";

/**
 * An option `password` of this kind is read from `CRUNCH_PASSWORD`, or from the file of `--password-file`,
 * `CRUNCH_PASSWORD_FILE` or the key `password-file`; `--password` is refused. Wherever it comes from, one line break
 * at its end is no part of it: editors, `echo` and the secrets of Kubernetes leave one.
 */
export const secret: Kind<Secret> = {
  placeholder: "FILE",
  form: "secret",
  completes: "file",
  parse(text) {
    if (new TextEncoder().encode(text).length > LONGEST) {
      throw new BadValue(`holds more than ${LONGEST} bytes: no secret`);
    }
    const line = text.replace(/\r?\n$/, "");
    if (line === "") throw new BadValue("is empty");
    if (/[\r\n\0]/.test(line)) throw new BadValue("holds more than one line");
    return new Secret(line);
  },
  /** Of its file. */
  locate(text, place) {
    if (text === STANDARD_INPUT) return text;
    const path = locatePath(text, place);
    nameFile(path);
    return path;
  },
};

/** The secret in a file's bytes. @throws {BadValue} */
export function secretFromFile(bytes: Uint8Array): Secret {
  try {
    return secret.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof BadValue) throw cause;
    throw new BadValue("is not UTF-8 text", { cause });
  }
}
