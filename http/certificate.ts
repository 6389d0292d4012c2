/** The certificate of a TLS listener: read from its files, and read again when they change. @module */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";

/** How often the files are looked at, at most: one `stat` each for many handshakes. In ms. */
const LOOK_EVERY = 1_000;

export interface CertificateOptions {
  /** PEM file: the certificate, then those that lead to its root. */
  readonly certificate: string;
  /** PEM file of its private key. */
  readonly key: string;
  /** Told in one sentence when a changed pair cannot be used; the old one serves on. */
  readonly onwarning?: (text: string) => void;
  /** Told in one sentence when a changed pair is taken over, and when trouble is over. */
  readonly oninfo?: (text: string) => void;
}

/** The files cannot be used; the message says which and why. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly code = "certificate";
  /** The one that cannot be used. */
  readonly file: string;

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.file = file;
  }
}

/** A pair of PEM files. A handshake takes what they hold then, so a renewed certificate needs no restart. */
export class CertificateFiles {
  readonly #options: CertificateOptions;
  #context: SecureContext;
  #stamp: string;
  #lookedAt: number;
  #warned = "";

  /** @throws {CertificateError} where the files cannot be read or do not fit together; the message says which and why. */
  constructor(options: CertificateOptions) {
    this.#options = options;
    this.#lookedAt = performance.now();
    this.#stamp = this.#look();
    this.#context = this.#load();
  }

  /** What the next handshake shall use. */
  get context(): SecureContext {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY) return this.#context;
    this.#lookedAt = now;
    try {
      const stamp = this.#look();
      const hasChanged = stamp !== this.#stamp;
      if (hasChanged) this.#context = this.#load();
      this.#stamp = stamp;
      this.#inform(hasChanged);
    } catch (error) {
      this.#warn(error as Error);
    }
    return this.#context;
  }

  /** A pair that is half written is looked at again, once a second; the same trouble is told once. */
  #warn(error: Error): void {
    if (error.message === this.#warned) return;
    this.#warned = error.message;
    this.#options.onwarning?.(`${error.message}; the previous certificate stays in use`);
  }

  #inform(hasChanged: boolean): void {
    const wasTrouble = this.#warned !== "";
    this.#warned = "";
    if (!hasChanged && !wasTrouble) return;
    const what = hasChanged ? "has changed and is used" : "is as it was";
    const relief = wasTrouble ? "; all is well again" : "";
    this.#options.oninfo?.(`${this.#options.certificate} ${what}${relief}`);
  }

  #look(): string {
    return [this.#options.certificate, this.#options.key].map((file) => {
      try {
        const info = Deno.statSync(file);
        return `${info.mtime?.getTime()} ${info.size} ${info.ino}`;
      } catch (cause) {
        throw unreadable(file, cause);
      }
    }).join(", ");
  }

  #load(): SecureContext {
    const cert = readText(this.#options.certificate);
    const key = readText(this.#options.key);
    this.#check(cert, key);
    return createSecureContext({ cert, key, minVersion: "TLSv1.2" });
  }

  /** Done here because `createSecureContext` takes anything, and every handshake fails then. */
  #check(cert: string, key: string): void {
    const { certificate, key: keyFile } = this.#options;
    let parsed: X509Certificate;
    try {
      parsed = new X509Certificate(cert);
    } catch (cause) {
      throw new CertificateError(
        certificate,
        `Cannot use ${certificate}: it holds no PEM certificate`,
        {
          cause,
        },
      );
    }
    let secret: KeyObject;
    try {
      secret = createPrivateKey(key);
    } catch (cause) {
      const what = key.includes("ENCRYPTED")
        ? "its key is encrypted; take the passphrase off (openssl pkey -in OLD -out NEW)"
        : "it holds no PEM private key";
      throw new CertificateError(keyFile, `Cannot use ${keyFile}: ${what}`, { cause });
    }
    if (!parsed.checkPrivateKey(secret)) {
      throw new CertificateError(
        keyFile,
        `Cannot use ${keyFile}: it is not the key of ${certificate}`,
      );
    }
  }
}

function readText(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): Error {
  const why = cause instanceof Deno.errors.NotFound
    ? "it does not exist"
    : cause instanceof Deno.errors.PermissionDenied
    ? "it may not be read"
    : (cause as Error).message;
  return new CertificateError(file, `Cannot read ${file}: ${why}`, { cause });
}
