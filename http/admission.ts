/** Counts connections, all and for each address, and turns away what is too many. @module */

/** What a connection is told: come in, the house is full, or your address has enough. */
export type Admitted = "ok" | "total" | "address";

/** How many connections may be open at once. */
export interface AdmissionLimits {
  readonly total: number;
  readonly perAddress: number;
}

/** Counters of open connections. Loopback and Unix peers are let in and not counted. */
export class Admission {
  /** May change; who is there stays. */
  limits: AdmissionLimits;
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  /** How many are counted now. */
  get total(): number {
    return this.#total;
  }

  /** Counts a connection from `address` (as in `Endpoint`), unless the answer is not "ok". */
  admit(address: string): Admitted {
    if (isLocalPeer(address)) return "ok";
    if (this.#total >= this.limits.total) return "total";
    const key = networkOf(address);
    const count = this.#byAddress.get(key) ?? 0;
    if (count >= this.limits.perAddress) return "address";
    this.#byAddress.set(key, count + 1);
    this.#total++;
    return "ok";
  }

  /** Takes back one "ok" for the same address. */
  release(address: string): void {
    if (isLocalPeer(address)) return;
    const key = networkOf(address);
    const count = this.#byAddress.get(key);
    if (count === undefined) return;
    if (count > 1) this.#byAddress.set(key, count - 1);
    else this.#byAddress.delete(key);
    this.#total--;
  }
}

/** True for 127.0.0.0/8, ::1 and Unix sockets, in the form of `Endpoint.address`. */
export function isLocalPeer(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address === "unix";
}

/** IPv6 visitors own a whole /64, and can come from any address in it: that counts as one. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [front = "", back] = address.split("%", 1)[0]!.split("::");
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const tail = back === "" ? [] : back.split(":");
    while (groups.length + tail.length < 8) groups.push("0");
    groups.push(...tail);
  }
  return groups.slice(0, 4).join(":");
}
