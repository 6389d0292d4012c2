/** Claims about ids and cursors: what others see of numbers that count everybody's doings. @module */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Ids } from "../../../relay/store/mod.ts";

const secret = new Uint8Array(randomBytes(32));

/** Digits in which two texts are the same. */
function alike(one: string, other: string): number {
  return [...one].filter((digit, i) => digit === other[i]).length;
}

Deno.test("ids: a number is found again by its relay, in every relay's process, as its own kind only", () => {
  const ids = new Ids(secret);
  for (const number of [0, 1, 1_700_000_000_123_456, 2 ** 48, Number.MAX_SAFE_INTEGER]) {
    const text = ids.hide("log", number);
    assert.match(text, /^[0-9a-f]{32}$/);
    assert.equal(new Ids(secret).find("log", text), number);
    assert.deepEqual(ids.hideAll("log", [7, number]), [ids.hide("log", 7), text]);
    assert.equal(ids.find("audit", text), undefined);
    assert.equal(ids.beganAt(text), undefined);
    assert.equal(new Ids(new Uint8Array(32)).find("log", text), undefined);
  }
  for (const text of ["", "1", "x".repeat(32), "0".repeat(32), "0".repeat(31), "0".repeat(33)]) {
    assert.equal(ids.find("log", text), undefined);
  }
});

Deno.test("ids: neighbours have nothing in common", () => {
  const ids = new Ids(secret);
  const cursors = ids.hideAll("log", Array.from({ length: 200 }, (_, i) => 1e15 + i));
  const requests = Array.from({ length: 200 }, ids.next);
  for (const texts of [cursors, requests]) {
    assert.equal(new Set(texts).size, 200);
    // Of 32 random digits two are alike.
    const shared = texts.slice(1).map((text, i) => alike(text, texts[i]!));
    assert(shared.reduce((a, b) => a + b) / 199 < 3);
    assert.notDeepEqual([...texts].sort(), texts);
  }
});

Deno.test("ids: a request's tells its relay when it began", () => {
  const ids = new Ids(secret);
  const before = Date.now();
  const all = Array.from({ length: 1_000 }, ids.next);
  for (const id of all) {
    const began = new Ids(secret).beganAt(id)!;
    assert(began >= before && began <= Date.now());
  }
  assert.equal(new Set([...all, ...Array.from({ length: 1_000 }, new Ids(secret).next)]).size, 2e3);
});
