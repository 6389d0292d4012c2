/** What a good refusal looks like to a visitor. @module */

import assert from "node:assert/strict";
import type { Visitor } from "./visitor.ts";

/** Sends `text` and asserts a readable refusal, the announced close, and silence after it. */
export async function refuses(visitor: Visitor, text: string, status: number): Promise<void> {
  const about = JSON.stringify(text.slice(0, 80));
  await visitor.send(text);
  const answer = await visitor.answer();
  assert.equal(answer.status, status, about);
  assert.equal(answer.fields.get("connection"), "close", about);
  assert(answer.body.length > 5, `${about}: nothing to read`);
  await visitor.ends();
  assert.equal(visitor.reset, false, about);
}
