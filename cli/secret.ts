/** Secrets: never a flag, never in the configuration, never printed. @module */

import type { Kind } from "./kinds.ts";
import { locatePath } from "./paths.ts";
import { BadValue } from "./usage.ts";

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

/**
 * An option `password` of this kind is read from `CRUNCH_PASSWORD`, or from the file of `--password-file`,
 * `CRUNCH_PASSWORD_FILE` or the key `password-file`; `--password` is refused.
 */
export const secret: Kind<Secret> = {
  placeholder: "FILE",
  form: "secret",
  completes: "file",
  parse: (text) => new Secret(text),
  /** Of its file. */
  locate: locatePath,
};

/** The secret in a file's bytes: UTF-8 without its last line break. @throws {BadValue} */
export function secretFromFile(bytes: Uint8Array): Secret {
  if (bytes.length > LONGEST) throw new BadValue(`holds more than ${LONGEST} bytes: no secret`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BadValue("is not UTF-8 text", { cause });
  }
  text = text.replace(/\r?\n$/, "");
  if (text === "") throw new BadValue("is empty");
  if (/[\r\n\0]/.test(text)) throw new BadValue("holds more than one line");
  return new Secret(text);
}
