/** Claims about the language of filters: what it says, what it refuses, and that nothing breaks it. @module */

import assert from "node:assert/strict";
import { parameterTerm, parseFilter } from "../../../relay/api/filter.ts";
import { Problem } from "../../../relay/api/problem.ts";
import { type FieldTest, matcherOf, type RequestRow } from "../../../relay/store/mod.ts";
import { randomFrom } from "../../support/random.ts";

const is = (value: string): FieldTest => ({ kind: "is", value });
const glob = (glob: string): FieldTest => ({ kind: "glob", glob });
const path = (glob: string): FieldTest => ({ kind: "path", glob });
const within = (from: number, to: number): FieldTest => ({ kind: "within", from, to });
const MOST = Number.MAX_SAFE_INTEGER;

/** Field, tests and whether it is negated, of the only term. */
function only(text: string): [string, FieldTest[], boolean] {
  const [term, ...others] = parseFilter(text);
  assert.deepEqual(others, []);
  return [term!.field, [...term!.any], term!.not];
}

function refusal(text: string): string {
  try {
    parseFilter(text);
  } catch (error) {
    assert(error instanceof Problem);
    assert.equal(error.status, 422);
    assert.equal(error.errors.length, 1);
    assert.equal(error.errors[0]!.field, "filter");
    return error.errors[0]!.message;
  }
  throw new Error(`${text} was taken`);
}

Deno.test("filter: each key says what it should", () => {
  const cases: [string, string, FieldTest[]][] = [
    ["status:404", "status", [within(404, 404)]],
    ["status:5xx", "status", [within(500, 599)]],
    ["status:4XX,5xx", "status", [within(400, 499), within(500, 599)]],
    ["status:>=400", "status", [within(400, MOST)]],
    ["status:0", "status", [within(0, 0)]],
    ["status:200..299", "status", [within(200, 299)]],
    ["method:post,PUT", "method", [is("POST"), is("PUT")]],
    ["name:X*", "name", [glob("x*")]],
    ["name:Alice", "name", [is("alice")]],
    ['name:""', "name", [is("")]],
    ["account:x", "account", [is("x")]],
    ["agent:4F-a", "agent", [is("4F-a")]],
    ["path:*.jpg", "target", [path("*.jpg")]],
    ["path:/a?b=1", "target", [path("/a?b=1")]],
    ["ip:203.0.113.7", "visitor", [is("203.0.113.7")]],
    ["ip:10.0.0.0/8", "visitor", [{ kind: "block", block: "10.0.0.0/8" }]],
    ["ip:2001:DB8::1", "visitor", [{ kind: "block", block: "2001:DB8::1" }]],
    ["ip:10.*,unix", "visitor", [glob("10.*"), is("unix")]],
    ["ms:>500", "duration", [within(500_001, MOST)]],
    ["ms:<10", "duration", [within(0, 9_999)]],
    ["ms:<=1.5", "duration", [within(0, 1_500)]],
    ["ms:100..500", "duration", [within(100_000, 500_000)]],
    ["ms:1..2s", "duration", [within(1_000_000, 2_000_000)]],
    ["ms:5", "duration", [within(5_000, 5_999)]],
    ["ttfb:>2s", "firstByte", [within(2_000_001, MOST)]],
    ["in:>1MB", "bytesIn", [within(1_000_001, MOST)]],
    ["out:<10KiB", "bytesOut", [within(0, 10_239)]],
    ["out:512", "bytesOut", [within(512, 512)]],
    ["id:abc", "id", [is("abc")]],
    ["word", "target", [glob("*word*")]],
    ['"two words",x', "target", [glob("*two words*"), glob("*x*")]],
    ['path:"/a b,c:"*', "target", [path("/a b,c:*")]],
    ['"status:404"', "target", [glob("*status:404*")]],
    ["STATUS:404", "status", [within(404, 404)]],
    ["-", "target", [glob("*-*")]],
  ];
  for (const [text, field, tests] of cases) {
    assert.deepEqual(only(text), [field, tests, false], text);
    if (text !== "-") assert.deepEqual(only(`-${text}`), [field, tests, true], text);
  }
  assert.deepEqual(parseFilter(" \t "), []);
  assert.deepEqual(parseFilter("a  b\tc").length, 3);
});

Deno.test("filter: what it cannot take it names, with the nearest key", () => {
  assert.equal(refusal("statsu:404"), "statsu: is no key; did you mean status:?");
  assert.match(refusal("colour:red"), /^colour: is no key/);
  assert.match(refusal("constructor:x"), /^constructor: is no key/);
  assert.match(refusal("ok status:abc"), /^status:abc: has to be a status like 404/);
  assert.match(refusal("status:"), /^status:: has to be/);
  assert.match(refusal("status:600"), /^status:600: /);
  assert.match(refusal("status:6xx"), /^status:6xx: /);
  assert.match(refusal("-ms:fast"), /^-ms:fast: has to be a time in ms/);
  assert.match(refusal("in:>1XB"), /^in:>1XB: has to be a size/);
  assert.match(refusal("ip:example.com"), /^ip:example.com: has to be an address/);
  assert.match(refusal("ip:10.0.0.1/8"), /^ip:10.0.0.1\/8: has to be/);
  assert.equal(refusal('path:"/a b'), 'path:"/a b: the quote is not closed');
  assert.equal(refusal("x".repeat(1_001)), "may have 1000 characters, not 1001");
  assert.equal(refusal("x ".repeat(21)), "may have 20 terms, not 21");
  assert.match(refusal(`method:${"a,".repeat(60)}`), /may have 50 values, not 61$/);
  assert.equal(refusal("a\0b"), "has control characters");
  assert(refusal(`${"k".repeat(900)}:x`).length < 200);
  assert.throws(() => parameterTerm("status", "teapot"), { status: 422 });
});

Deno.test("filter: 20 terms and 1,000 characters are taken", () => {
  assert.equal(parseFilter("a ".repeat(20)).length, 20);
  assert.equal(parseFilter("a".repeat(1_000)).length, 1);
});

const ROW: RequestRow = {
  ...{ kind: "request", seq: 1, time: 0, id: "i", name: "n", account: "a", agent: "g" },
  ...{ visitor: "192.0.2.1", method: "GET", target: "/x", status: 200, bytesIn: 0, bytesOut: 0 },
  ...{ ms: 1, ttfbMs: null },
};

Deno.test("filter: no text does anything but match or be refused, at once", () => {
  const random = randomFrom(20_261);
  const below = (bound: number) => Math.floor(random() * bound);
  const pieces = [
    ...[
      '"',
      ",",
      ":",
      "-",
      "*",
      "?",
      " ",
      "\t",
      ">",
      "<",
      "=",
      "..",
      ".",
      "/",
      "%",
      "_",
      "\\",
      "'",
    ],
    ...[
      "status",
      "ms",
      "ip",
      "path",
      "in",
      "id",
      "name",
      "xx",
      "404",
      "1e9",
      "9".repeat(20),
      "KiB",
    ],
    ...["é", "\u{1f600}", "\ud800", "\0", "\n", "__proto__", "::ffff:1.2.3.4", "10.0.0.0/8", "a"],
  ];
  const began = performance.now();
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    let text = "";
    const length = below(round % 100 === 0 ? 400 : 12);
    for (let i = 0; i < length; i++) text += pieces[below(pieces.length)];
    try {
      matcherOf(parseFilter(text))(ROW);
      taken++;
    } catch (error) {
      assert(error instanceof Problem && error.status === 422, `${JSON.stringify(text)}: ${error}`);
    }
  }
  assert(taken > 1_000);
  assert(performance.now() - began < 60_000);
});
