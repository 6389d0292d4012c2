/** Answers visitors: finds out who is meant, and hands the request over. @module */

import { Buffer } from "node:buffer";
import {
  type Admission,
  answerProblem,
  Field,
  type HttpError,
  type ServerExchange,
  turnedAway,
} from "../../http/mod.ts";
import {
  type AnswerNotes,
  type AnswerPolicy,
  asksLeave,
  type DroppedFields,
  FrontPasswords,
  isNavigation,
  leaveFields,
  PageKeys,
  type Reader,
  readerOf,
} from "./heads/mod.ts";
import { type Destination, Forward } from "./forward.ts";
import type { OwnHosts } from "./reach/mod.ts";
import type { Counters, Telemetry } from "../metrics/mod.ts";
import type { Registry } from "../agents/mod.ts";
import type { Route, Router } from "./router.ts";
import type { SecureRedirect } from "./secure_redirect.ts";
import type { LiveSettings, RequestLog, Store } from "../store/mod.ts";
import type { TrustedProxies } from "./trusted_proxies.ts";
import { RequestRecord, statusOf } from "./request_record.ts";
import { Visitor } from "./visitor.ts";

/** The relay's own pages. */
export interface OwnPages {
  /** Answers what lies below a first segment: `admin`, `api` …, "" for the landing page. */
  answer(exchange: ServerExchange, segment: string, visitor: Visitor): void;
}

export interface VisitorHandlerOptions {
  readonly router: Router;
  readonly registry: Registry;
  readonly store: Store;
  readonly requestLog: RequestLog;
  readonly pages: OwnPages;
  readonly counters: Counters;
  readonly proxies: TrustedProxies;
  readonly hosts: OwnHosts;
  /** Counts visitors behind a trusted proxy, each while a request of his lasts. */
  readonly admission: Admission;
  readonly settings: LiveSettings<"firstByteTimeout">;
  /** Counts what of answers does not pass. */
  readonly dropped: DroppedFields;
  /** Where there is TLS as well, and pages shall be read over that. */
  readonly redirect: SecureRedirect | null;
}

type NameRoute = Route & { kind: "name" };
const UNASKED = { reader: "other", key: "" } as const;
/** How many policies are kept; when full it starts anew. */
const MAX_POLICIES = 4096;

export class VisitorHandler {
  readonly #options: VisitorHandlerOptions;
  readonly #policies = new Map<string, AnswerPolicy>();
  readonly #passwords = new FrontPasswords();
  readonly #keys: PageKeys;
  /** Requests so far. */
  requests = 0;
  /** Is told of each request where spans are collected. */
  telemetry: Telemetry | null = null;

  constructor(options: VisitorHandlerOptions) {
    this.#options = options;
    this.#keys = new PageKeys(options.store.settings.serverSecret);
  }

  /** Answers one request. */
  readonly handle = (exchange: ServerExchange): void => {
    const { head } = exchange;
    const began = performance.now();
    this.requests++;
    const visitor = Visitor.of(exchange, this.#options.proxies);
    visitor.turnTo(head, this.#options.router);
    const refusal = visitor.refusal(head, this.#options.hosts);
    if (refusal !== null) return refuseHost(exchange, refusal);
    if (visitor.proxied && !this.#admit(exchange, visitor)) return;
    const target = head.target;
    if (target === "*") return this.#asterisk(exchange);
    const route = this.#options.router.route(visitor.site, target);
    const secure = this.#options.redirect?.location(exchange, visitor, route) ?? null;
    // Not for ever: an operator may take TLS away again.
    if (secure !== null) return redirect(exchange, secure, "Cache-Control: no-cache\r\n");
    switch (route.kind) {
      case "name":
        return this.#forward(exchange, visitor, route, began);
      case "own":
        this.#passwords.note(head);
        return this.#options.pages.answer(exchange, route.segment, visitor);
      case "redirect":
        return redirect(exchange, route.location);
      default:
        answerProblem(exchange, {
          status: route.status,
          code: "unknown-name",
          detail: route.detail,
        });
    }
  };

  /** Answers what could not be read. */
  readonly refuse = (exchange: ServerExchange, error: HttpError): void => {
    answerProblem(exchange, {
      status: error.status,
      code: "bad-request",
      detail: error.message + ".",
    });
  };

  /** Takes note of an exchange that is over. */
  readonly finished = (exchange: ServerExchange): void => {
    const { context: visitor, tag: record } = exchange;
    if (visitor instanceof Visitor && visitor.counted) {
      visitor.counted = false;
      this.#options.admission.release(visitor.address);
    }
    const { requestLog, counters: { traffic } } = this.#options;
    if (!(record instanceof RequestRecord)) return traffic.countOwn(statusOf(exchange));
    record.end();
    traffic.count(record);
    requestLog.record(record);
    this.telemetry?.measure(record);
  };
  /** The connection is the proxy's, and used by many: the limits are held against who asks now. */
  #admit(exchange: ServerExchange, visitor: Visitor): boolean {
    const admitted = this.#options.admission.admit(visitor.address);
    visitor.counted = admitted === "ok";
    if (admitted === "ok") return true;
    this.#options.counters.refusedVisitors.add(admitted);
    answerProblem(exchange, {
      status: 503,
      code: "overloaded",
      detail: turnedAway(admitted),
      retryAfter: 5,
    });
    return false;
  }

  #forward(exchange: ServerExchange, visitor: Visitor, route: NameRoute, began: number): void {
    const { registry, store } = this.#options;
    const owner = store.names.ownerOf(route.name);
    const { head } = exchange;
    const publicTarget = route.base + route.target;
    exchange.tag = new RequestRecord(
      exchange,
      visitor,
      { name: route.name, account: owner?.account ?? "", publicTarget },
      began,
    );
    if (owner === undefined || owner.disabled) {
      return answerProblem(exchange, {
        status: 404,
        code: "unknown-name",
        detail: "There is no such name here.",
      });
    }
    const agent = registry.find(route.name);
    if (agent === undefined || agent.facts.account !== owner.account) {
      return answerProblem(exchange, {
        status: 503,
        code: "agent-offline",
        detail: `${route.name} is not connected at the moment. Try again later.`,
        retryAfter: 5,
      });
    }
    if (route.mode === "path" && !owner.trusted && head.get(Field["service-worker"]) === "script") {
      return answerProblem(exchange, {
        status: 403,
        code: "service-worker",
        detail: "A service worker would act on other names too; it needs a host of its own.",
      });
    }
    if (
      head.has(Field["max-forwards"]) && isLastHop(head.get(Field["max-forwards"])!, head.method)
    ) {
      return exchange.respond(
        head.method === "OPTIONS" ? 204 : 501,
        encode("Allow: GET, HEAD, OPTIONS\r\n"),
        null,
      );
    }
    const policy = this.#policy(route, owner.trusted, visitor);
    let asked: Destination["asked"] = UNASKED;
    if (policy.kind === "path") {
      const found = this.#confine(exchange, visitor, route);
      if (found === null) return;
      asked = found;
    }
    const destination: Destination = {
      name: route.name,
      account: owner.account,
      publicTarget,
      upstream: agent,
      another: this.#another,
      target: route.target,
      base: route.base,
      policy,
      asked,
      withoutPassword: head.has(Field.authorization) &&
        this.#passwords.isFronts(head, { name: route.name, proxied: visitor.proxied }),
    };
    const firstByteTime = this.#options.settings.current.firstByteTimeout;
    const forward = new Forward(exchange, visitor, destination, { began, firstByteTime });
    exchange.tag = forward;
    if (firstByteTime > 0) exchange.watcher = forward;
    forward.start();
  }

  readonly #another: Destination["another"] = ({ name, account }, tried) => {
    const upstream = this.#options.registry.another(name, tried);
    return upstream?.account === account ? upstream : undefined;
  };

  /**
   * What a request on a path URL that is not trusted gets besides. Null where it is answered: a page of a near visitor
   * is sent on to its address with the name's key, anybody else's to that without one; and a page's question for leave
   * to read is for us to answer.
   */
  #confine(
    exchange: ServerExchange,
    visitor: Visitor,
    { name, base, key, target }: NameRoute,
  ): { readonly reader: Reader; readonly key: string } | null {
    const { head } = exchange;
    const keys = key !== "" || visitor.isNear ? this.#keys.of(name) : null;
    const isKeyed = key !== "" && keys!.includes(key);
    if (isKeyed !== visitor.isNear && isNavigation(head)) {
      // A request of its own in every respect but the log's.
      exchange.tag = null;
      const place = visitor.isNear ? `${base}/${keys![0]}` : base;
      const location = `Location: ${place}${target}\r\nCache-Control: no-store\r\n`;
      exchange.respond(307, Buffer.from(location, "latin1"), null);
      return null;
    }
    if (key === "" && head.get(Field.origin) !== "null") return UNASKED;
    const reader = readerOf(head, () => ({
      known: isKeyed || !visitor.isNear,
      place: `${visitor.scheme}://${visitor.authority}${base}/`,
    }));
    if (reader === "own" && asksLeave(head)) {
      exchange.respond(204, leaveFields(head), null, -1);
      return null;
    }
    return { reader, key: isKeyed ? key : "" };
  }

  #policy(route: NameRoute, trusted: boolean, visitor: Visitor): AnswerPolicy {
    const onPath = route.mode === "path";
    const place = onPath ? route.base : visitor.site!.host;
    const key = trusted ? `${place} trusted` : place;
    let policy = this.#policies.get(key);
    if (policy === undefined) {
      const notes = this.#notes(route.name);
      policy = trusted
        ? { kind: "trusted", onPath, notes }
        : onPath
        ? { kind: "path", base: route.base, notes }
        : { kind: "subdomain", host: place, notes };
      if (this.#policies.size >= MAX_POLICIES) this.#policies.clear();
      this.#policies.set(key, policy);
    }
    return policy;
  }

  #notes(name: string): AnswerNotes {
    return {
      name,
      dropped: (field) => this.#options.dropped.note(name, field),
      asksBasic: () => this.#passwords.asks(name),
    };
  }

  #asterisk(exchange: ServerExchange): void {
    exchange.respond(
      204,
      encode("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"),
      null,
      -1,
    );
  }
}

/** Answers who asks for a host that is not ours. */
export function refuseHost(exchange: ServerExchange, detail: string): void {
  answerProblem(exchange, { status: 403, code: "unknown-host", detail });
}

/** Max-Forwards counts for TRACE and OPTIONS only (RFC 9110 section 7.6.2). */
function isLastHop(value: string, method: string): boolean {
  return /^0+$/.test(value) && (method === "TRACE" || method === "OPTIONS");
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Byte for byte: a query may hold some over 127. */
function redirect(exchange: ServerExchange, location: string, more = ""): void {
  exchange.respond(308, Buffer.from(`Location: ${location}\r\n${more}`, "latin1"), null);
}
