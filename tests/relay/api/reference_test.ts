/** Claims about `/reference`: complete, safe, and without anything from elsewhere. @module */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { OpenApiDocument } from "../../../relay/api/openapi_document.ts";
import { renderReference } from "../../../relay/api/reference.ts";
import { House } from "./house.ts";

async function page(house: House) {
  const response = await house.fetch("nobody", "GET", "/reference");
  return { response, html: await response.text() };
}

Deno.test("reference: open as the description is, one page under a strict policy", async () => {
  await using house = await House.open();
  const { response, html } = await page(house);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /^text\/html/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const policy = response.headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[\w+/]+=*';/);
  assert.doesNotMatch(policy, /unsafe|script-src|https?:/);
  const css = /<style>([^]*?)<\/style>/.exec(html)![1]!;
  assert.ok(policy.includes(createHash("sha256").update(css).digest("base64")));
  assert.doesNotMatch(html, /<script|\son\w+=|\sstyle=|<link|<img|@import|url\(/i);
  assert.doesNotMatch(html, /\{\{|<template/, "everything is filled in");
  for (const [, to] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
    assert.match(to!, /^(#|\/api\/v1\/openapi\.json$)/, "nothing leads elsewhere");
  }
  const again = await page(house);
  assert.equal(again.html, html);
  assert.equal((await house.call("nobody", "POST", "/reference", { body: {} })).status, 401);
  const head = await house.fetch("nobody", "HEAD", "/reference");
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

Deno.test("reference: every operation and schema is there, in the table of contents as well", async () => {
  await using house = await House.open();
  const { html } = await page(house);
  const { body } = await house.call("nobody", "GET", "/openapi.json");
  const ids = new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!));
  assert.equal(ids.size, [...html.matchAll(/\sid="/g)].length, "no id is there twice");
  for (const [, to] of html.matchAll(/href="#([^"]*)"/g)) assert.ok(ids.has(to!), `#${to}`);
  const operations = Object.values((body as OpenApiDocument).paths)
    .flatMap((item) => Object.keys(item));
  assert.equal(
    [...html.matchAll(/<article id="(get|post|put|patch|delete)-/g)].length,
    operations.length,
  );
  assert.equal([...html.matchAll(/<code>curl /g)].length, operations.length);
  for (const name of Object.keys(body.components.schemas)) {
    assert.ok(ids.has(`schema-${name}`), name);
    assert.ok(html.includes(`<a href="#schema-${name}">`), name);
  }
});

Deno.test("reference: what a description says is text, never markup", () => {
  const evil = `<img src=x onerror="alert(1)">\`</code><b>\`{{title}}{{{css}}}$&`;
  const schema = {
    type: "object",
    properties: { [evil]: { type: "string", description: evil, enum: [evil] } },
  };
  const { html } = renderReference({
    openapi: "3.1.0",
    info: { title: evil, version: evil, description: evil },
    paths: {
      "/x": {
        post: {
          tags: ["things"],
          summary: evil,
          description: evil,
          parameters: [{ name: evil, in: "query", description: evil, required: true }],
          requestBody: { content: { "application/json": { schema } } },
          responses: { 200: { description: evil }, 400: { description: evil } },
        },
      },
    },
    components: { schemas: { Thing: schema }, securitySchemes: {} },
  });
  assert.doesNotMatch(html, /<img|<b>/);
  assert.ok(html.split("&#60;img").length > 10);
  assert.ok(html.includes("{{title}}{{{css}}}$&#38;"), "values are not filled in again");
});

Deno.test("reference: an example can be typed as it stands", async () => {
  await using house = await House.open();
  const { html } = await page(house);
  const examples = [...html.matchAll(/<code>(curl [^<]*)<\/code>/g)].map(([, text]) =>
    text!.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
  );
  assert.deepEqual(examples.filter((text) => text.endsWith('/sessions"')), [
    'curl \\\n  -H "Content-Type: application/json" \\\n' +
    '  -d \'{"name":"alice","password":"correct horse"}\' \\\n  "$RELAY/api/v1/sessions"',
    'curl -H "Authorization: Bearer $CRUNCH_TOKEN" "$RELAY/api/v1/sessions"',
  ]);
  for (const text of examples) {
    const body = /-d '([^']*)'/.exec(text)?.[1];
    if (body !== undefined) assert.doesNotThrow(() => JSON.parse(body), text);
    assert.match(text, /"\$RELAY\/api\/v1\/[^"{}]*"$/, text);
  }
});
