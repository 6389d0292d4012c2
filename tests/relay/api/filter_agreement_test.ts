/** Claims about the two readings of a filter: the log's answer and the live view let the same requests through. @module */

import assert from "node:assert/strict";
import { parseFilter } from "../../../relay/api/filter.ts";
import { Database } from "../../../relay/store/database.ts";
import { RowStage } from "../../../relay/store/log_rows.ts";
import { LogWriter } from "../../../relay/store/log_writer.ts";
import { matcherOf, type RequestRow } from "../../../relay/store/mod.ts";
import { listRequests } from "../../../relay/store/request_query.ts";
import { IN_BLOCK, isInBlock } from "../../../relay/store/request_terms.ts";
import { randomFrom } from "../../support/random.ts";
import { TempDir } from "../store/temp_dir.ts";
import { finished } from "../store/finished.ts";

const random = randomFrom(5);
const below = (bound: number) => Math.floor(random() * bound);
const one = <T>(...of: T[]): T => of[below(of.length)]!;

const NAMES = ["", "a", "alice", "al_ce", "bob", "Bob%", "x-1"];
const TARGETS = [
  "/",
  "/A.html",
  "/a.HTML?x=1",
  "/100%",
  "/100_",
  "/1\\2",
  "/\u00e9\u00c9",
  "*",
  "/a b",
];
const VISITORS = ["192.0.2.1", "10.1.2.3", "2001:db8::1", "::1", "unix", "", "fe80::1%eth0"];

function addRow(stage: RowStage): void {
  const us = one(0, 1, 4_999, 5_000, 5_999, 6_000, 1e6, below(1e7));
  const status = one(0, 101, 200, 204, 301, 404, 499, 500, 503, 599);
  const bytes = () => one(0, 1, 999, 1_000, 1_001, 1_024, 1e6, 3e9);
  const ttfb = one(-1, us / 2_000);
  stage.add(finished({
    time: 1_000 + below(1_000),
    status,
    bytesIn: bytes(),
    bytesOut: bytes(),
    ms: us / 1_000,
    ttfbMs: ttfb,
    name: one(...NAMES),
    id: `r${below(20)}`,
    agent: one("", "4f", "4F"),
    account: one(...NAMES),
    visitor: one(...VISITORS),
    method: one("GET", "POST", "PURGE"),
    target: one(...TARGETS),
  }));
}

function randomTerm(): string {
  const range = (units: string[]) => {
    const number = () => `${one("0", "1", "5", "5.5", "6", "500", "1000", "404")}${one(...units)}`;
    return one(() => one(">", "<", ">=", "<=", "") + number(), () => `${number()}..${number()}`)();
  };
  const text = (values: string[]) =>
    one(
      () => `"${one(...values)}"`,
      () => `"${one(...values).slice(0, 1)}"*`,
      () => `*"${one(...values).slice(-1)}"`,
    )();
  const values: Record<string, () => string> = {
    status: () => one("404", "5xx", "4xx", "0", "0xx", ">=400", "<300", "200..499"),
    method: () => one("get", "POST", "p*", "?ET"),
    name: () => text(NAMES),
    account: () => text(NAMES),
    agent: () => one('""', "4f", "4F", "4*"),
    path: () => text(TARGETS),
    ip: () =>
      one(
        "10.0.0.0/8",
        "192.0.2.1",
        "2001:DB8::/32",
        "::1",
        "10.*",
        "unix",
        "*",
        "0.0.0.0/0",
        "::/0",
      ),
    ms: () => range(["", "ms", "s"]),
    ttfb: () => range(["", "ms"]),
    in: () => range(["", "B", "kb", "KiB", "MB"]),
    out: () => range(["", "k", "MiB"]),
    id: () => one("r1", "r1*", "R1", "r?"),
  };
  const key = one("", ...Object.keys(values));
  const any = Array.from(
    { length: one(1, 1, 2, 3) },
    () => key === "" ? text(TARGETS) : values[key]!(),
  );
  return `${one("", "", "-")}${key}${key === "" ? "" : ":"}${any.join(",")}`;
}

Deno.test("filter: the log and the live view let the same requests through", () => {
  using dir = new TempDir();
  const limits = { keepMs: 1e12, keepBytes: 1e12, busyTimeoutMs: 1_000 };
  using writer = new LogWriter(dir.at("log.db"), limits);
  const stage = new RowStage();
  for (let i = 0; i < 900; i++) addRow(stage);
  writer.write(stage.take(1, { time: 1_500, leftOut: 7 }));
  using db = new Database(dir.at("log.db"), { durability: "normal", readOnly: true });
  db.define(IN_BLOCK, isInBlock);
  const all = listRequests(db, { limit: 1_000 }).items.filter((row): row is RequestRow =>
    row.kind === "request"
  );
  assert.equal(all.length, 900);
  let some = 0;
  for (let round = 0; round < 1_500; round++) {
    const text = Array.from({ length: one(1, 1, 2, 3) }, randomTerm).join(" ");
    const terms = parseFilter(text);
    const expected = all.filter(matcherOf(terms)).map(({ seq }) => seq);
    const found = listRequests(db, { terms, limit: 1_000 }).items
      .filter(({ kind }) => kind === "request").map(({ seq }) => seq);
    assert.deepEqual(found, expected, text);
    if (found.length > 0 && found.length < all.length) some++;
  }
  assert(some > 500, String(some));
});
