/** Claims about error answers: the form follows Accept, the text cannot do harm. @module */

import assert from "node:assert/strict";
import { answerProblem, escapeHtml, type Problem } from "../../http/problem.ts";
import { reasonOf } from "../../http/status.ts";
import { serve } from "./visitor.ts";

const PROBLEM: Problem = {
  status: 503,
  code: "agent-offline",
  detail: 'Nobody serves <alice> & "co" — try later.',
  retryAfter: 7,
  fields: "X-More: yes\r\n",
};

async function ask(accept: string | null, method = "GET", problem: Problem = PROBLEM) {
  let id = "";
  await using server = serve((exchange) => {
    id = exchange.id;
    answerProblem(exchange, problem);
  });
  using visitor = await server.connect();
  const line = accept === null ? "" : `Accept: ${accept}\r\n`;
  await visitor.send(`${method} / HTTP/1.1\r\nHost: h\r\n${line}\r\n`);
  const answer = await visitor.answer({ bodiless: method === "HEAD" });
  const text = new TextDecoder().decode(Uint8Array.from(answer.body, (char) => char.charCodeAt(0)));
  return { ...answer, text, id };
}

Deno.test("problem: a browser gets a page with status, reason, detail and request id, nothing of it markup", async () => {
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const { status, fields, text, id } = await ask(browser);
  assert.equal(status, 503);
  assert.equal(fields.get("content-type"), "text/html; charset=utf-8");
  assert(text.includes("503") && text.includes("Service Unavailable") && text.includes(id));
  assert(text.includes("Nobody serves &#60;alice&#62; &#38; &#34;co&#34; — try later."));
  assert(!text.includes("{{") && !text.includes("<alice>"));
  assert.match(fields.get("content-security-policy")!, /default-src 'none'/);
  assert.equal(fields.get("x-request-id"), id);
});

Deno.test("problem: who asks for JSON gets application/problem+json with the code", async () => {
  for (
    const accept of [
      "application/json",
      "application/problem+json",
      "application/json, text/html;q=0.5",
    ]
  ) {
    const { fields, text, id } = await ask(accept);
    assert.equal(fields.get("content-type"), "application/problem+json");
    assert.deepEqual(JSON.parse(text), {
      type: "about:blank",
      title: "Service Unavailable",
      status: 503,
      code: "agent-offline",
      detail: PROBLEM.detail,
      request_id: id,
    });
  }
  const html = await ask("text/html, application/json;q=0.5");
  assert.equal(html.fields.get("content-type"), "text/html; charset=utf-8");
});

Deno.test("problem: everybody else gets text", async () => {
  for (const accept of [null, "*/*", "image/png", ""]) {
    const { fields, text, id } = await ask(accept);
    assert.equal(fields.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(text, `503 Service Unavailable: ${PROBLEM.detail}\nRequest id: ${id}\n`);
  }
});

Deno.test("problem: answers are not stored, not sniffed, and carry the fields they were given", async () => {
  const { fields } = await ask("*/*");
  assert.equal(fields.get("cache-control"), "no-store");
  assert.equal(fields.get("x-content-type-options"), "nosniff");
  assert.equal(fields.get("vary"), "Accept");
  assert.equal(fields.get("retry-after"), "7");
  assert.equal(fields.get("x-more"), "yes");
  const plain = await ask("*/*", "GET", { status: 404, code: "unknown-name", detail: "No." });
  assert.equal(plain.fields.has("retry-after"), false);
});

Deno.test("problem: HEAD gets the same head without the body", async () => {
  const get = await ask("application/json");
  const head = await ask("application/json", "HEAD");
  assert.equal(head.body, "");
  assert.equal(head.fields.get("content-type"), get.fields.get("content-type"));
  assert.equal(head.fields.get("content-length"), get.fields.get("content-length"));
});

Deno.test("problem: a detail with the marks of the page's template is text all the same", async () => {
  const detail = "{{id}} $1 $$ {{title}}";
  const { text } = await ask("text/html", "GET", { status: 400, code: "x", detail });
  assert(text.includes(detail));
});

Deno.test("problem: escaped text holds no markup", () => {
  assert.equal(
    escapeHtml(`<img src=x onerror="a('b')">&`),
    "&#60;img src=x onerror=&#34;a(&#39;b&#39;)&#34;&#62;&#38;",
  );
});

Deno.test("problem: each status that this server answers by itself has a reason", () => {
  for (const status of [400, 404, 408, 413, 414, 417, 431, 501, 502, 503, 504, 505]) {
    assert.notEqual(reasonOf(status), "", `${status}`);
  }
  assert.equal(reasonOf(299), "");
});
