/** What is told of one request to a name when it is over; kept as the exchange's tag. @module */

import { coarseDate, type ServerExchange } from "../../http/mod.ts";
import type { FinishedRequest } from "../store/mod.ts";
import type { Visitor } from "./visitor.ts";

/** Whom a request is for. */
export interface Addressee {
  readonly name: string;
  /** Whose name that is, "" for an unknown one. */
  readonly account: string;
  /** As the visitor sent it, but for a page's key: that opens the site to pages of others. */
  readonly publicTarget: string;
}

/** A request that is answered here, or the base of one that is handed on. */
export class RequestRecord implements FinishedRequest {
  readonly exchange: ServerExchange;
  readonly method: string;
  /** `performance.now()` when the request's head was there. */
  readonly began: number;
  /** The same of the answer's head; 0 before. */
  firstByte = 0;
  ended = 0;
  ms = 0;
  protected readonly from: Visitor;
  readonly #addressee: Addressee;

  constructor(
    exchange: ServerExchange,
    visitor: Visitor,
    addressee: Addressee,
    began: number,
  ) {
    this.exchange = exchange;
    this.from = visitor;
    this.#addressee = addressee;
    this.method = exchange.head.method;
    this.began = began;
  }

  /** The exchange is over. */
  end(): void {
    this.ms = performance.now() - this.began;
    this.ended = coarseDate();
  }

  get id(): string {
    return this.exchange.id;
  }

  get name(): string {
    return this.#addressee.name;
  }

  get account(): string {
    return this.#addressee.account;
  }

  get agent(): string {
    return "";
  }

  get visitor(): string {
    return this.from.address;
  }

  get target(): string {
    return this.#addressee.publicTarget;
  }

  get status(): number {
    return statusOf(this.exchange);
  }

  get bytesIn(): number {
    return this.exchange.bytesIn;
  }

  get bytesOut(): number {
    return this.exchange.bytesOut;
  }

  get ttfbMs(): number {
    return this.firstByte === 0 ? -1 : this.firstByte - this.began;
  }
}

/** The status that the visitor got; 0 where it left before there was one. */
export function statusOf(exchange: ServerExchange): number {
  return exchange.aborted && !exchange.started ? 0 : exchange.status;
}
