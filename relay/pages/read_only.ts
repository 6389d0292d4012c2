/** The answer to methods that change something, where there is only something to read. @module */

import { answerProblem, type Exchange, type Head } from "../../http/mod.ts";

type Answering = Pick<Exchange, "id" | "respond"> & {
  readonly head: Pick<Head, "get" | "method">;
};

/** Whether the method is GET or HEAD; any other is answered with 405. `what` is the subject of a sentence. */
export function isReading(exchange: Answering, what = "This page"): boolean {
  const { method } = exchange.head;
  if (method === "GET" || method === "HEAD") return true;
  answerProblem(exchange, {
    status: 405,
    code: "method-not-allowed",
    detail: `${what} can only be read.`,
    fields: "Allow: GET, HEAD\r\n",
  });
  return false;
}
