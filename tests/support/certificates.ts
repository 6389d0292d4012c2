/** Makes X.509 certificates (RFC 5280) for tests, so that none has to lie in the repository and expire there. @module */

import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** What to certify. */
export interface CertificateRequest {
  /** DNS names and IPv4 addresses. */
  readonly names: readonly string[];
  /** In days from now; negative ones are over. Default 1. */
  readonly days?: number;
  /** From when it is good, in days from now. Default: long since. */
  readonly from?: number;
  /** Who signs it. Default: its own key. */
  readonly issuer?: Certified;
  /** CA:TRUE. Default false. */
  readonly authority?: boolean;
}

/** A certificate and its key, as PEM texts. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

const DAY = 86_400_000;
let serial = 1;

/** Makes a key (P-256) and its certificate. */
export function certify(request: CertificateRequest): Certified {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = request.names[0]!;
  const { days = 1, issuer, from = -2 * (1 + Math.abs(days)) } = request;
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const body = sequence(
    der(0xa0, der(2, [2])),
    der(2, [serial++ & 127]),
    algorithm,
    distinguished(issuer?.name ?? name),
    sequence(time(Date.now() + from * DAY), time(Date.now() + days * DAY)),
    distinguished(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        // Basic constraints, critical; then the alternative names.
        sequence(
          oid("551d13"),
          der(1, [255]),
          der(4, request.authority === true ? sequence(der(1, [255])) : sequence()),
        ),
        sequence(oid("551d11"), der(4, sequence(...request.names.map(alternative)))),
      ),
    ),
  );
  const signature = sign("sha256", body, issuer?.privateKey ?? privateKey);
  const whole = sequence(body, algorithm, der(3, Buffer.concat([Buffer.of(0), signature])));
  return {
    certificate: pem("CERTIFICATE", whole),
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    name,
    privateKey,
  };
}

function der(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const bytes = Buffer.from(content);
  const { length } = bytes;
  const size = length < 128
    ? [length]
    : length < 256
    ? [0x81, length]
    : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), bytes]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return der(6, Buffer.from(hex, "hex"));
}

function distinguished(name: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(12, Buffer.from(name)))));
}

/** GeneralizedTime. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\..*/g, "");
  return der(0x18, Buffer.from(digits + "Z"));
}

function alternative(name: string): Buffer {
  return /^[\d.]+$/.test(name) ? der(0x87, name.split(".").map(Number)) : der(
    0x82,
    Buffer.from(name),
  );
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
