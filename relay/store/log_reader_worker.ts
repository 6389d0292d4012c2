/** The worker in which questions to the log are answered. @module */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { Database, storageError } from "./database.ts";
import type { LogQuestions, Question, Reply } from "./log_reader.ts";
import { findRequest, listRequests, type RequestPage } from "./request_query.ts";
import { usage, type UsageQuestion, usageTotals } from "./usage_query.ts";

let db: Database | undefined;

self.onmessage = ({ data }: MessageEvent<Question>) => {
  self.postMessage(reply(data));
};

function reply({ path, method, argument }: Question): Reply {
  try {
    db ??= new Database(path, { durability: "normal", readOnly: true });
    return { answer: answer(db, method, argument) };
  } catch (error) {
    const storage = storageError(error);
    const failure = storage ?? error;
    return {
      failure: failure instanceof Error ? failure.message : String(failure),
      storage: storage !== undefined,
    };
  }
}

function answer(
  db: Database,
  method: keyof LogQuestions,
  argument: unknown,
): ReturnType<LogQuestions[keyof LogQuestions]> {
  switch (method) {
    case "requests":
      return listRequests(db, argument as RequestPage);
    case "request":
      return findRequest(db, argument as { id: string; account?: string });
    case "usage":
      return usage(db, argument as UsageQuestion);
    case "totals":
      return usageTotals(db, argument as { account?: string });
  }
}
