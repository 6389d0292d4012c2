/** Claims about the log's words: the filter as it is typed, and requests as lines for the shell. @module */

import assert from "node:assert/strict";
import { curlLine } from "../../dashboard/log/curl.js";
import { complete, termsOf, toggleTerm } from "../../dashboard/log/terms.js";

/** The words that a shell makes of a line, `curl` aside. */
async function words(line: string): Promise<string[]> {
  const script = `curl() { for word; do printf '%s\\0' "$word"; done; }\n${line}`;
  const { stdout, success } = await new Deno.Command("sh", {
    args: ["-c", script],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

const urls = ["http://relay.test:8080/site/", "https://site.relay.test/"];

Deno.test("curl: the address is the one that the visitor used, below a path or at a host", async () => {
  for (
    const [target, url] of [
      ["/site/a?b=1&c=2", "http://relay.test:8080/site/a?b=1&c=2"],
      ["/SITE/a", "http://relay.test:8080/SITE/a"],
      ["/sites/a", "https://site.relay.test/sites/a"],
      ["//other.test/a", "https://site.relay.test//other.test/a"],
    ] as const
  ) {
    const line = curlLine({ method: "GET", target }, urls, "http://here.test");
    assert.deepEqual(await words(line), ["--include", url]);
  }
  const line = curlLine({ method: "HEAD", target: "/a" }, [], "http://here.test");
  assert.deepEqual(await words(line), ["--head", "http://here.test/a"]);
});

Deno.test("curl: nothing in a request is more than a word to the shell", async () => {
  const bad = `/'; touch /tmp/x; '"$(id)\`id\`\\!&|<>*~{a,b}[1-3]/../%2e/#x`;
  const found = await words(curlLine({ method: "P'$(id)", target: bad }, urls, ""));
  assert.deepEqual(found, [
    ...["--include", "--request", "P'$(id)", "--globoff", "--path-as-is"],
    ...["--request-target", bad, "https://site.relay.test"],
  ]);
  for (const target of ["*", "-o/etc/passwd", "http://other.test/", "/a\nb", "/\u00e9"]) {
    const found = await words(curlLine({ method: "OPTIONS", target }, urls, ""));
    assert.deepEqual(found.slice(-3), ["--request-target", target, "https://site.relay.test"]);
  }
});

Deno.test("filter: terms are told apart as the relay does, and switched on and off", () => {
  const filter = `status:5xx -path:"a b",c  word`;
  assert.deepEqual(termsOf(filter), ["status:5xx", `-path:"a b",c`, "word"]);
  assert.equal(toggleTerm(filter, "word"), `status:5xx -path:"a b",c`);
  assert.equal(toggleTerm("", "status:5xx"), "status:5xx");
});

Deno.test("filter: completes keys, values, the last of several values, and what is known", () => {
  const texts = (text: string, known = {}): [number, string[]] => {
    const { from, choices } = complete(text, text.length, known);
    return [from, choices.map(({ text }) => text)];
  };
  assert.deepEqual(texts("POST st"), [5, ["status:"]]);
  assert.deepEqual(texts("-me"), [1, ["method:"]]);
  assert.deepEqual(texts("status:404,5"), [11, ["5xx"]]);
  assert.deepEqual(texts("status:5xx"), [7, []]);
  assert.deepEqual(texts("name:ga", { name: ["gallery", "local"] }), [5, ["gallery"]]);
  assert.deepEqual(texts("nothing:x"), [8, []]);
  assert.deepEqual(texts("constructor:x"), [12, []]);
  assert.equal(texts("a ")[1].length, 12);
});
