/** Answers on a listener that has the relay's own pages only, and no names: `--admin`. @module */

import { answerProblem, type ServerExchange } from "../../http/mod.ts";
import { refuseHost, type Router, type TrustedProxies, Visitor } from "../visitors/mod.ts";
import type { OwnHosts } from "../visitors/reach/mod.ts";
import type { OwnPages } from "../pages/mod.ts";

/** Answers each request by `pages`, or with 404. */
export function ownFront(
  router: Router,
  { pages, proxies, hosts }: {
    readonly pages: OwnPages;
    readonly proxies: TrustedProxies;
    readonly hosts: OwnHosts;
  },
): (exchange: ServerExchange) => void {
  return (exchange) => {
    const { head } = exchange;
    const visitor = Visitor.of(exchange, proxies);
    visitor.turnTo(head, router);
    const refusal = visitor.refusal(head, hosts);
    if (refusal !== null) return refuseHost(exchange, refusal);
    const route = router.route(null, head.target);
    if (route.kind === "own") return pages.answer(exchange, route.segment, visitor);
    answerProblem(exchange, {
      status: 404,
      code: "not-found",
      detail: "There is nothing at this address.",
    });
  };
}
