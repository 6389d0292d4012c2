/** Who may come in: counts the connections of visitors, and turns away who would be too many. @module */

import {
  Admission,
  type AdmissionLimits,
  type Connection,
  type HttpServer,
  turnAway,
} from "../../http/mod.ts";
import type { Counters } from "../metrics/mod.ts";
import type { TrustedProxies } from "./trusted_proxies.ts";

export class ConnectionLimiter {
  /** Addresses and how many connections each has; of a trusted proxy its visitors are counted, by who reads their requests. */
  readonly admission: Admission;
  readonly #proxies: TrustedProxies;
  readonly #refused: Counters["refusedVisitors"];
  /** Trusted proxies' connections. */
  readonly #uncounted = new WeakSet<Connection>();

  constructor(
    limits: AdmissionLimits,
    { proxies, refused }: {
      readonly proxies: TrustedProxies;
      readonly refused: Counters["refusedVisitors"];
    },
  ) {
    this.admission = new Admission(limits);
    this.#proxies = proxies;
    this.#refused = refused;
  }

  /** What a listener gives its connections to, for `server`. */
  leadTo(server: Pick<HttpServer, "accept">): (connection: Connection) => void {
    return (connection) => {
      const { address } = connection.remote;
      if (this.#proxies.trusts(address)) {
        this.#uncounted.add(connection);
        return server.accept(connection);
      }
      const admitted = this.admission.admit(address);
      if (admitted === "ok") return server.accept(connection);
      this.#refused.add(admitted);
      turnAway(connection, admitted);
    };
  }

  /** A connection that was let in is closed. */
  readonly closed = (connection: Connection): void => {
    if (!this.#uncounted.has(connection)) this.admission.release(connection.remote.address);
  };
}
