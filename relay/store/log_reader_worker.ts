/** The worker in which questions to the log are answered, a slice at a time. @module */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { Database, storageError } from "./database.ts";
import type { FromReader, ToReader } from "./log_lane.ts";
import { LogMatcher, type MatchQuestion } from "./log_matcher.ts";
import type { LogQuestions } from "./log_reader.ts";
import {
  findRequest,
  type RequestFilter,
  type RequestPage,
  requestSlices,
  type Slices,
  type WantedRequest,
} from "./request_query.ts";
import { type ExportPage, type ExportPart, exportSlices } from "./request_text.ts";
import { type TopQuestion, topSlices } from "./request_top.ts";
import { usage, type UsageQuestion, usageTotals } from "./usage_query.ts";

/** A slice ends, ms, with the first piece of work that ends later. */
const SLICE = 20;

type Answers = Slices<ReturnType<LogQuestions[keyof LogQuestions]>>;

let db: Database | undefined;
const matcher = new LogMatcher();
const underWay = new Map<number, Answers>();

self.onmessage = ({ data }: MessageEvent<ToReader>) => {
  if (data.kind === "filter") {
    matcher.set(data.key, data.filter as RequestFilter | undefined);
    return;
  }
  const began = performance.now();
  const said = reply(data, began);
  const { answer } = said;
  const isLent = typeof answer === "object" && answer !== null && "bytes" in answer;
  const message: FromReader = { ...said, ms: performance.now() - began };
  self.postMessage(message, isLent ? [(answer as ExportPart).bytes.buffer] : []);
};

function reply(
  question: Exclude<ToReader, { kind: "filter" }>,
  began: number,
): Omit<FromReader, "ms"> {
  const { id } = question;
  try {
    if (question.kind === "ask") {
      const method = question.method as keyof LogQuestions;
      underWay.set(id, slices(method, question.argument, question.path));
    }
    const work = underWay.get(id)!;
    do {
      const { done, value } = work.next();
      if (done === true) {
        underWay.delete(id);
        return { answer: value };
      }
    } while (performance.now() - began < SLICE);
    return {};
  } catch (error) {
    underWay.delete(id);
    const storage = storageError(error);
    const failure = storage ?? error;
    return {
      failure: {
        message: failure instanceof Error ? failure.message : String(failure),
        isStorage: storage !== undefined,
      },
    };
  }
}

function slices(method: keyof LogQuestions, argument: unknown, path: string): Answers {
  if (method === "match") return matcher.match(argument as MatchQuestion);
  db ??= new Database(path, { durability: "normal", readOnly: true });
  switch (method) {
    case "requests":
      return requestSlices(db, argument as RequestPage);
    case "export":
      return exportSlices(db, argument as ExportPage);
    case "top":
      return topSlices(db, argument as TopQuestion);
    case "request":
      return whole(findRequest(db, argument as WantedRequest));
    case "usage":
      return whole(usage(db, argument as UsageQuestion));
    case "totals":
      return whole(usageTotals(db, argument as { account?: string }));
  }
}

/** What takes one step. */
// deno-lint-ignore require-yield -- there is nothing between the first step and the last
function* whole<T>(answer: T): Slices<T> {
  return answer;
}
