/** The worker in which questions to the log are answered. @module */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { Database, storageError } from "./database.ts";
import type { LogQuestions, Question, Reply } from "./log_reader.ts";
import {
  findRequest,
  listRequests,
  type RequestPage,
  type WantedRequest,
} from "./request_query.ts";
import { IN_BLOCK, isInBlock } from "./request_terms.ts";
import { type ExportPage, type ExportPart, exportRequests } from "./request_text.ts";
import { type TopQuestion, topRequests } from "./request_top.ts";
import { usage, type UsageQuestion, usageTotals } from "./usage_query.ts";

let db: Database | undefined;

self.onmessage = ({ data }: MessageEvent<Question>) => {
  const said = reply(data);
  const part = "answer" in said ? said.answer : undefined;
  const isLent = typeof part === "object" && part !== null && "bytes" in part;
  self.postMessage(said, isLent ? [(part as ExportPart).bytes.buffer] : []);
};

function reply({ path, method, argument }: Question): Reply {
  try {
    db ??= open(path);
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

function open(path: string): Database {
  const db = new Database(path, { durability: "normal", readOnly: true });
  db.define(IN_BLOCK, isInBlock);
  return db;
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
      return findRequest(db, argument as WantedRequest);
    case "export":
      return exportRequests(db, argument as ExportPage);
    case "top":
      return topRequests(db, argument as TopQuestion);
    case "usage":
      return usage(db, argument as UsageQuestion);
    case "totals":
      return usageTotals(db, argument as { account?: string });
  }
}
