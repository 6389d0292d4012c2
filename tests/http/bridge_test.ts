/** Claims about the bridge to `Request` and `Response`: what a handler sees, and what the visitor gets. @module */

import assert from "node:assert/strict";
import { type FetchHandler, type FetchOptions, serveFetch } from "../../http/mod.ts";
import { FakeExchange } from "../support/fake_exchange.ts";
import { bytesOf, sendAndReset, serve, type TestServer, textOf, within } from "./visitor.ts";

function bridge(handler: FetchHandler, options: FetchOptions = {}): TestServer {
  return serve((exchange) => serveFetch(exchange, handler, options));
}

/** A request without a body; `lines` are more field lines. */
function get(target: string, lines = "", method = "GET"): string {
  return `${method} ${target} HTTP/1.1\r\nHost: relay.test:8080\r\n${lines}Connection: close\r\n\r\n`;
}

Deno.test("bridge: a handler sees method, address, fields and id", async () => {
  await using server = bridge((request, info) =>
    Response.json({
      method: request.method,
      url: request.url,
      agent: request.headers.get("user-agent"),
      cookie: request.headers.get("cookie"),
      list: request.headers.get("x-list"),
      body: request.body === null,
      info,
    })
  );
  using visitor = await server.connect();
  await visitor.send(get(
    "/api/v1/x?a=%20b",
    "User-Agent: caf\xe9\r\nCookie: a=1\r\nX-List: 1\r\ncookie: b=2\r\nX-List: 2\r\n",
  ));
  const answer = await visitor.answer();
  assert.equal(answer.fields.get("content-type"), "application/json");
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytesOf(answer.body))), {
    method: "GET",
    url: "http://relay.test:8080/api/v1/x?a=%20b",
    agent: "caf\xe9",
    cookie: "a=1; b=2",
    list: "1, 2",
    body: true,
    info: {
      id: answer.fields.get("x-request-id"),
      authority: "relay.test:8080",
      target: "/api/v1/x?a=%20b",
    },
  });
});

Deno.test("bridge: a whole body goes out in one piece with its length", async () => {
  await using server = bridge(() => new Response("twelve bytes"));
  using visitor = await server.connect();
  await visitor.send(get("/"));
  const answer = await visitor.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.fields.get("content-length"), "12");
  assert.equal(answer.fields.get("transfer-encoding"), undefined);
  assert.equal(answer.body, "twelve bytes");
});

Deno.test("bridge: the address can begin as its operator says", async () => {
  await using server = bridge((request) => new Response(request.url), {
    origin: "https://public.test",
  });
  assert.match(await server.ask(get("/a")), /\r\n\r\nhttps:\/\/public\.test\/a$/);
});

Deno.test("bridge: odd addresses and hosts are passed on or refused, and never throw", async () => {
  await using server = bridge((request) => new Response(new URL(request.url).pathname));
  const path = async (target: string, host = "h") => {
    const text = await server.ask(
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    return `${text.slice(9, 12)} ${text.slice(text.indexOf("\r\n\r\n") + 4)}`;
  };
  assert.equal(await path("//evil.test/x"), "200 //evil.test/x");
  assert.equal(await path("/a%2fb%zz;c"), "200 /a%2fb%zz;c");
  assert.match(await path("/caf\xc3\xa9"), /^400 Byte 0xc3 is not allowed/);
  assert.equal(await path("/a\\b"), "200 /a%5Cb");
  assert.equal(await path("/q?next=/../x"), "200 /q");
  assert.equal(await path("/..."), "200 /...");
  for (const host of ["1.2.3.4.5", "[:::]", "a..b", "~"]) {
    assert.equal(await path("/x", host), "200 /x", host);
  }
  assert.match(await path("/x", "\xe9"), /^400 /);
  for (const target of ["/a/../b", "/..", "/a/%2E%2e/b", "/./x", "/x/%2e?y", "/..\\x"]) {
    assert.match(await path(target), /^400 .*segments of dots/, target);
  }
  assert.match(await server.ask(get("*", "", "OPTIONS")), /^HTTP\/1\.1 200 /);
});

Deno.test("bridge: methods that Request does not take are refused readably", async () => {
  let calls = 0;
  await using server = bridge((request) => {
    calls++;
    return new Response(request.method);
  });
  for (const method of ["TRACE", "get", "Post"]) {
    assert.match(await server.ask(get("/", "", method)), /^HTTP\/1\.1 501 /, method);
  }
  assert.equal(calls, 0);
  assert.match(await server.ask(get("/", "", "PROPFIND")), /\r\n\r\nPROPFIND$/);
});

Deno.test("bridge: a handler can have methods that Request does not take by another word", async () => {
  await using server = bridge((request) => new Response(request.method), {
    unknownMethod: "OTHER",
  });
  for (const method of ["TRACE", "get"]) {
    assert.match(await server.ask(get("/", "", method)), /\r\n\r\nOTHER$/, method);
  }
  assert.match(await server.ask(get("/", "", "PROPFIND")), /\r\n\r\nPROPFIND$/);
});

Deno.test("bridge: HEAD gets the fields and no body", async () => {
  let cancelled = 0;
  const body = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => void cancelled++,
    });
  await using server = bridge((request) =>
    new Response(body(), {
      headers: request.url.endsWith("/known") ? { "content-length": "10" } : {},
    })
  );
  using visitor = await server.connect();
  await visitor.send(
    "HEAD /known HTTP/1.1\r\nHost: h\r\n\r\nHEAD /unknown HTTP/1.1\r\nHost: h\r\n\r\n",
  );
  const known = await visitor.answer({ bodiless: true });
  assert.equal(known.fields.get("content-length"), "10");
  const unknown = await visitor.answer({ bodiless: true });
  assert.equal(unknown.status, 200);
  assert.equal(unknown.fields.get("content-length"), undefined);
  assert.equal(cancelled, 2);
});

Deno.test("bridge: 204 and 304 have no body and no length, 205 and an empty 200 have length 0", async () => {
  await using server = bridge((request) =>
    new Response(null, { status: Number(new URL(request.url).pathname.slice(1)) })
  );
  using visitor = await server.connect();
  for (const status of [204, 304, 205, 200]) {
    await visitor.send(`GET /${status} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const answer = await visitor.answer();
    assert.equal(answer.status, status);
    const length = status === 204 || status === 304 ? undefined : "0";
    assert.equal(answer.fields.get("content-length"), length, String(status));
    assert.equal(answer.fields.get("transfer-encoding"), undefined);
  }
});

Deno.test("bridge: several Set-Cookie stay several, and framing fields are not the handler's", async () => {
  await using server = bridge(() => {
    const headers = new Headers({
      "connection": "upgrade",
      "date": "never",
      "transfer-encoding": "gzip",
      "x-text": "caf\xe9",
    });
    headers.append("set-cookie", "a=1; Path=/");
    headers.append("set-cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT");
    return new Response("x", { headers });
  });
  using visitor = await server.connect();
  await visitor.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const { fields, head } = await visitor.answer();
  assert.equal(
    fields.get("set-cookie"),
    "a=1; Path=/\nb=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
  );
  assert.equal(fields.get("x-text"), "caf\xe9");
  assert.equal(fields.get("connection"), undefined);
  assert.equal(fields.get("transfer-encoding"), undefined);
  assert.equal(head.match(/^date: /gim)?.length, 1);
});

Deno.test("bridge: a request's body streams, at the pace of the handler", async () => {
  const step = Promise.withResolvers<void>();
  const pieces: string[] = [];
  await using server = bridge(async (request) => {
    await step.promise;
    for await (const piece of request.body!) pieces.push(textOf(piece));
    return new Response(`${pieces.join("").length}`);
  });
  using visitor = await server.connect();
  await visitor.send(
    "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n",
  );
  // 100 (Continue) is due when the handler wants the body, and not before.
  step.resolve();
  assert.equal(await visitor.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await visitor.send("x".repeat(70_000));
  assert.equal((await visitor.answer()).body, "70000");
  assert(pieces.length > 1, "came in one piece");
});

Deno.test("bridge: who answers without reading never asks for the body", async () => {
  await using server = bridge(() => new Response("too large", { status: 413 }));
  using visitor = await server.connect();
  await visitor.send(
    "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
  );
  assert.equal((await visitor.answer()).status, 413);
  await visitor.ends();
});

Deno.test("bridge: a body that breaks off rejects in the handler", async () => {
  const broken = Promise.withResolvers<unknown>();
  await using server = bridge(async (request) => {
    await request.text().catch(broken.resolve);
    return new Response("nobody reads this");
  });
  using visitor = await server.connect();
  await visitor.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
  visitor.close();
  assert(await within(broken.promise, "the rejection") instanceof Error);
});

Deno.test("bridge: pieces of a stream go out as they come", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  await using server = bridge(() => new Response(readable));
  using visitor = await server.connect();
  await visitor.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const writer = writable.getWriter();
  await writer.write(bytesOf("event 1"));
  assert.match(await visitor.until("event 1\r\n"), /transfer-encoding: chunked/i);
  await writer.write(bytesOf("event 2"));
  assert.equal(await visitor.until("event 2\r\n"), "7\r\nevent 2\r\n");
  await writer.close();
  assert.equal(await visitor.until("\r\n\r\n"), "0\r\n\r\n");
});

Deno.test("bridge: a stream is not read faster than the visitor takes it", async () => {
  let pulled = 0;
  const exchange = new FakeExchange({ target: "/", stalled: true });
  serveFetch(exchange, () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(1000).fill(pulled));
          if (pulled === 50) controller.close();
        },
      }),
    ));
  exchange.seal();
  for (let taken = 1; taken <= 50; taken++) {
    await within(exchange.nextWrite(), "a write");
    // One piece is being written, one was asked for, one waits in the stream.
    assert(pulled <= taken + 2, `${pulled} pieces made, ${taken} taken`);
    exchange.release();
  }
  await within(exchange.done, "the end");
  assert.equal(exchange.written, 50_000);
});

Deno.test("bridge: when the visitor leaves, signal and body stream of the handler end", async () => {
  const aborted = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  await using server = bridge((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    return new Response(
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(bytesOf("first"));
          started.resolve();
        },
        cancel: () => cancelled.resolve(),
      }),
    );
  }, { onerror: (error) => errors.push(error) });
  await sendAndReset(server.port, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", started.promise);
  await within(Promise.all([aborted.promise, cancelled.promise]), "the abort");
  assert.deepEqual(errors, []);
});

Deno.test("bridge: a visitor that leaves before the answer aborts the signal, and its late answer is dropped", async () => {
  const called = Promise.withResolvers<AbortSignal>();
  const late = Promise.withResolvers<Response>();
  const cancelled = Promise.withResolvers<void>();
  await using server = bridge((request) => {
    called.resolve(request.signal);
    return late.promise;
  });
  const ready = called.promise.then(() => {});
  await sendAndReset(server.port, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", ready);
  const signal = await called.promise;
  if (!signal.aborted) {
    await within(new Promise((resolve) => signal.addEventListener("abort", resolve)), "the abort");
  }
  late.resolve(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })));
  await within(cancelled.promise, "the cancel");
});

Deno.test("bridge: what a handler throws is answered with 500, and told", async () => {
  const errors: string[] = [];
  const handlers: Record<string, FetchHandler> = {
    "/throws": () => {
      throw new Error("sync");
    },
    "/rejects": () => Promise.reject(new Error("async")),
    "/used": async () => {
      const response = new Response("used up");
      await response.text();
      return response;
    },
    "/error": () => Response.error(),
    "/nothing": () => undefined as unknown as Response,
    "/broken": () =>
      new Response(
        new ReadableStream({ pull: () => Promise.reject(new Error("before the first byte")) }),
      ),
    "/text": () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue("text" as unknown as Uint8Array);
            controller.close();
          },
        }),
      ),
  };
  await using server = bridge((request, info) => handlers[info.target]!(request, info), {
    onerror: (error, { target }) => errors.push(`${target} ${error}`),
  });
  for (const target of Object.keys(handlers)) {
    using visitor = await server.connect();
    await visitor.send(get(target, "Accept: application/json\r\n"));
    const answer = await visitor.answer();
    assert.equal(answer.status, 500, target);
    assert.equal(answer.fields.get("content-type"), "application/problem+json");
    const problem = JSON.parse(answer.body);
    assert.equal(problem.code, "internal-error");
    assert.equal(problem.request_id, answer.fields.get("x-request-id"));
    assert(!answer.body.includes("sync"), "the error itself is nobody's business");
  }
  assert.equal(errors.length, Object.keys(handlers).length);
  assert.equal(errors[0], "/throws Error: sync");
});

Deno.test("bridge: a body that breaks midway breaks the answer off", async () => {
  const errors: unknown[] = [];
  const go = Promise.withResolvers<void>();
  let pulls = 0;
  await using server = bridge(() =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          if (pulls++ === 0) return controller.enqueue(bytesOf("some"));
          await go.promise;
          throw new Error("disk gone");
        },
      }),
    ), { onerror: (error) => errors.push(error) });
  using visitor = await server.connect();
  await visitor.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await visitor.until("some\r\n");
  go.resolve();
  // Without the last chunk nobody takes it for whole.
  assert.equal(await visitor.rest(), "");
  assert.equal(errors.length, 1);
});

Deno.test("bridge: a body shorter or longer than its Content-Length breaks the answer off", async () => {
  await using server = bridge((request) =>
    new Response("12345", {
      headers: { "content-length": new URL(request.url).pathname.slice(1) },
    }), { onerror: () => {} });
  assert.match(await server.ask(get("/5")), /\r\n\r\n12345$/);
  const short = await server.ask(get("/9"));
  assert(!/12345.{4}/s.test(short), short);
  const long = await server.ask(get("/3"));
  assert(!long.includes("12345"), long);
});
