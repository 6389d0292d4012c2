/** What happens to a request on its way to an agent and to the answer on its way back: the "P" lines of HTTP, one by one. @module */

import assert from "node:assert/strict";
import { AgentDouble, type DoubleRequest } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { type Answer, latin1Of, type Request, Visitor } from "../support/visitor.ts";

/** A relay with one agent whose answers the test writes. */
async function meet(relayArgs: readonly string[] = []): Promise<
  AsyncDisposable & {
    readonly http: string;
    readonly agent: AgentDouble;
    /** Sends a request; gives what the agent got, and the visitor who waits. */
    pass(target: string, request?: Request): Promise<[DoubleRequest, Visitor]>;
    /** Sends a request, has the agent answer it with these bytes, and reads what the visitor gets. */
    answer(head: string, body?: string, request?: Request): Promise<Answer>;
  }
> {
  const household = new Household();
  try {
    const relay = await household.relay(relayArgs);
    const { credential } = household.local;
    const agent = await AgentDouble.connect({ tunnel: relay.tunnel, token: credential });
    const visitors: Visitor[] = [];
    const pass = async (
      target: string,
      request: Request = {},
    ): Promise<[DoubleRequest, Visitor]> => {
      const visitor = await Visitor.connect(relay.http);
      visitors.push(visitor);
      await visitor.request(`/local${target}`, request);
      return [await agent.next(), visitor];
    };
    return {
      http: relay.http,
      agent,
      pass,
      async answer(head, body = "", request = {}) {
        const [got, visitor] = await pass("/", request);
        got.head(head, body === "");
        if (body !== "") await got.write(body, true);
        return await visitor.answer({ method: request.method ?? "GET" });
      },
      async [Symbol.asyncDispose]() {
        for (const visitor of visitors) visitor.close();
        await agent[Symbol.asyncDispose]();
        await household[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await household[Symbol.asyncDispose]();
    throw error;
  }
}

Deno.test("forwarding: requests", async (t) => {
  await using place = await meet();
  const { pass } = place;

  await t.step("P1, P2: hop-by-hop fields and those that Connection names end here", async () => {
    const [got] = await pass("/", {
      fields: [
        "Connection: close, X-Foo, keep-alive",
        "Connection: x-bar",
        "X-Foo: 1",
        "X-Bar: 2",
        "X-Baz: 3",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "TE: trailers, gzip",
        "Proxy-Authorization: Basic eDp5",
      ],
    });
    for (
      const name of [
        "connection",
        "x-foo",
        "x-bar",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "proxy-authorization",
      ]
    ) assert.deepEqual(got.getAll(name), [], name);
    assert.deepEqual(got.getAll("x-baz"), ["3"]);
    got.respond();
  });

  await t.step("P2: Connection cannot take Host, framing or what says who asked", async () => {
    const [got, visitor] = await pass("/", {
      method: "POST",
      body: "hello",
      fields: [
        "Connection: Host, Content-Length, X-Forwarded-For, X-Request-Id, X-Forwarded-Prefix, Via",
      ],
    });
    await got.whole;
    assert.deepEqual(got.getAll("host"), [place.http]);
    assert.equal(got.body, "hello");
    assert.deepEqual(got.getAll("content-length"), ["5"]);
    for (const name of ["x-forwarded-for", "x-request-id", "x-forwarded-prefix", "via"]) {
      assert.equal(got.getAll(name).length, 1, name);
    }
    got.respond("yes");
    assert.equal((await visitor.answer()).text, "yes");
  });

  await t.step("P3, P5: Via is appended, and the version is the relay's own", async () => {
    const [got] = await pass("/", { fields: ["Via: 1.0 fred, 2 barney"] });
    assert.deepEqual(got.getAll("via"), ["1.0 fred, 2 barney", "1.1 crunch"]);
    got.respond();
    const [old, visitor] = await pass("/", { version: "1.0" });
    assert.match(old.text, /^GET \/ HTTP\/1\.1\r\n/);
    old.respond("x");
    assert.equal((await visitor.answer()).head.version, "HTTP/1.1");
  });

  await t.step("P4: who asked is said by the relay, whatever the visitor says", async () => {
    const forged = [
      "X-Forwarded-For: 10.0.0.1",
      "x-forwarded-for: 10.0.0.2",
      "X-Forwarded-Host: evil.test",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Port: 1",
      "X-Forwarded-Prefix: /evil",
      "X-Real-IP: 10.0.0.3",
      "Forwarded: for=10.0.0.4;proto=https",
      "X-Request-Id: forged",
    ];
    const [got] = await pass("/", { host: "localhost:81", fields: forged });
    assert.deepEqual(got.getAll("x-forwarded-for"), ["127.0.0.1"]);
    assert.deepEqual(got.getAll("x-real-ip"), ["127.0.0.1"]);
    assert.deepEqual(got.getAll("x-forwarded-host"), ["localhost:81"]);
    assert.deepEqual(got.getAll("x-forwarded-proto"), ["http"]);
    assert.deepEqual(got.getAll("x-forwarded-port"), ["81"]);
    assert.deepEqual(got.getAll("x-forwarded-prefix"), ["/local"]);
    assert.deepEqual(got.getAll("forwarded"), ['for=127.0.0.1;host="localhost:81";proto=http']);
    assert.notEqual(got.getAll("x-request-id")[0], "forged");
    assert(!/10\.0\.0\.|evil|forged/.test(got.text), got.text);
    got.respond();
  });

  await t.step("P5: an absolute target's authority is the Host that the agent gets", async () => {
    using visitor = await Visitor.connect(place.http);
    await visitor.send("GET http://127.0.0.2:81/local/x?y HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const got = await place.agent.next();
    assert.equal(got.target, "/x?y");
    assert.deepEqual(got.getAll("host"), ["127.0.0.2:81"]);
    got.respond("x");
    assert.equal((await visitor.answer()).status, 200);
  });

  await t.step(
    "P6: other fields pass as they came: order, case, doubles, bytes over 127",
    async () => {
      const fields = [
        "X-MiXed-CaSe: a",
        "Accept: text/html",
        "accept: x/y;q=0.1",
        "X-Empty:",
        "X-Bytes: caf\xe9 \x80\xff",
        "X-List: a, b",
        "X-List: c",
        "Cookie: a=1; b=2",
        "Cookie: c=3",
        "Authorization: Bearer of-the-agent",
        'If-None-Match: "x", W/"y"',
        "Range: bytes=0-1",
        "Cache-Control: no-transform",
      ];
      const [got] = await pass("/", { fields });
      const lines = got.text.split("\r\n");
      const first = lines.indexOf("X-MiXed-CaSe: a");
      assert.deepEqual(lines.slice(first, first + fields.length), fields);
      got.respond();
    },
  );

  await t.step(
    "P9: Max-Forwards counts down for OPTIONS and TRACE, and 0 is answered here",
    async () => {
      const [got] = await pass("/", { method: "OPTIONS", fields: ["Max-Forwards: 5"] });
      assert.deepEqual(got.getAll("max-forwards"), ["4"]);
      got.respond();
      using visitor = await Visitor.connect(place.http);
      const last = await visitor.ask("/local/", { method: "OPTIONS", fields: ["Max-Forwards: 0"] });
      assert(last.status < 300, String(last.status));
      assert.notEqual(last.get("allow"), null);
      const trace = await visitor.ask("/local/", {
        method: "TRACE",
        fields: ["Max-Forwards: 0", "Cookie: secret=1"],
      });
      assert(!trace.text.includes("secret"));
      assert.equal(place.agent.waiting, 0);
    },
  );

  await t.step("P12: Expect passes, and the agent's 100 is the visitor's", async () => {
    const [got, visitor] = await pass("/", {
      method: "POST",
      fields: ["Expect: 100-continue", "Content-Length: 5"],
    });
    assert.deepEqual(got.getAll("expect"), ["100-continue"]);
    got.head("HTTP/1.1 100 Continue\r\n\r\n");
    assert.equal((await visitor.head()).status, 100);
    await visitor.send("hello");
    await got.whole;
    assert.equal(got.body, "hello");
    got.respond("thanks");
    const answer = await visitor.answer();
    assert.equal(answer.text, "thanks");
    assert.equal(answer.interim.length, 0);
  });

  for (const status of ["401 Unauthorized", "413 Content Too Large", "417 Expectation Failed"]) {
    await t.step(`P12: the agent's ${status} comes instead of 100`, async () => {
      const [got, visitor] = await pass("/", {
        method: "POST",
        fields: ["Expect: 100-continue", "Content-Length: 5"],
      });
      got.respond("no", { status });
      const answer = await visitor.answer();
      assert.equal(answer.status, Number(status.slice(0, 3)));
      assert.equal(answer.interim.length, 0);
      // A body may follow or not: only a close is sure.
      assert.equal(answer.get("connection"), "close");
      await visitor.ends();
    });
  }

  await t.step("P12: the relay sends no 100 of its own", async () => {
    const [got, visitor] = await pass("/", {
      method: "POST",
      fields: ["Expect: 100-continue", "Content-Length: 5"],
    });
    // It does not wait for one, as it may.
    await visitor.send("hello");
    await got.whole;
    got.respond("ok");
    const answer = await visitor.answer();
    assert.equal(answer.text, "ok");
    assert.equal(answer.interim.length, 0);
  });

  await t.step(
    "P13: an upgrade that nobody can give does not pass, and the answer is a plain one",
    async () => {
      const [got, visitor] = await pass("/", {
        fields: ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
      });
      assert.deepEqual(got.getAll("connection"), []);
      got.respond("plain");
      assert.equal((await visitor.answer()).text, "plain");
      const [again, other] = await pass("/", {
        fields: ["Connection: Upgrade", "Upgrade: websocket"],
      });
      again.head("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
      assert.equal((await other.answer()).status, 502);
    },
  );

  await t.step("P20: request bodies stream, chunked ones with their trailers", async () => {
    using visitor = await Visitor.connect(place.http);
    await visitor.send(
      "PUT /local/up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
        "5;x=y\r\nfirst\r\n",
    );
    const got = await place.agent.next();
    assert.deepEqual(got.getAll("transfer-encoding"), []);
    assert.deepEqual(got.getAll("content-length"), []);
    await got.got(5);
    got.head("HTTP/1.1 200 OK\r\nX-Early: 1\r\n\r\n");
    await got.write("started;");
    assert.equal((await visitor.head()).get("x-early"), "1");
    await visitor.send("6\r\nsecond\r\n");
    await got.got(11);
    await got.write("half;");
    await visitor.send("0\r\nX-Sum: 42\r\n\r\n");
    await got.whole;
    assert.equal(got.body, "firstsecond");
    assert.equal(got.trailers, "X-Sum: 42\r\n");
    await got.write("done", true);
    const whole = "8\r\nstarted;\r\n5\r\nhalf;\r\n4\r\ndone\r\n0\r\n\r\n";
    assert.equal(latin1Of(await visitor.take(whole.length)), whole);
  });

  await t.step("F25: a request that breaks off is reset at the agent, never whole", async () => {
    for (
      const request of [
        "PUT /local/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
        "PUT /local/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "PUT /local/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n",
      ]
    ) {
      using visitor = await Visitor.connect(place.http);
      await visitor.send(request);
      const got = await place.agent.next();
      await visitor.closeWrite();
      const what = await Promise.race([got.reset.then(() => "reset"), got.whole]);
      assert.equal(what, "reset", request);
      assert.equal((await visitor.answer()).status, 400);
      await visitor.ends();
    }
  });

  await t.step("F24: trailers are never merged into the head", async () => {
    using visitor = await Visitor.connect(place.http);
    await visitor.send(
      "PUT /local/up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "1\r\nx\r\n0\r\nHost: evil\r\nContent-Length: 9\r\nAuthorization: Basic eDp5\r\n\r\n",
    );
    const got = await place.agent.next();
    assert.deepEqual(got.getAll("host"), ["localhost"]);
    assert.deepEqual(got.getAll("authorization"), []);
    got.respond("ok");
    await visitor.answer();
  });

  await t.step("P23: the Host that the visitor used reaches the agent as it came", async () => {
    const [got] = await pass("/", { host: "LocalHost:8080" });
    assert.deepEqual(got.getAll("host"), ["LocalHost:8080"]);
    got.respond();
  });

  await t.step("P24: the relay's own cookies never reach an agent, others do", async () => {
    const [got] = await pass("/", {
      fields: [
        "Cookie: a=1; crunch_session=secret; b=2",
        "Cookie: __Host-crunch=secret; __Host-crunch_session=secret",
        "Cookie: CRUNCH=secret;c=3",
      ],
    });
    assert(!got.text.includes("secret"), got.text);
    assert.deepEqual(got.getAll("cookie"), ["a=1; b=2", "c=3"]);
    got.respond();
  });
});

Deno.test("forwarding: answers", async (t) => {
  await using place = await meet();
  const { answer, pass } = place;

  await t.step("P1: hop-by-hop fields and those that Connection names end here", async () => {
    const got = await answer(
      "HTTP/1.1 200 OK\r\nConnection: X-Foo, close\r\nX-Foo: 1\r\nX-Bar: 2\r\nKeep-Alive: timeout=5\r\n" +
        "Proxy-Connection: close\r\nUpgrade: h2c\r\nTE: x\r\nContent-Length: 2\r\n\r\n",
      "ok",
    );
    assert.equal(got.get("x-foo"), null);
    assert.equal(got.get("x-bar"), "2");
    for (const name of ["keep-alive", "proxy-connection", "upgrade", "te", "connection"]) {
      assert.equal(got.get(name), null, name);
    }
    assert.equal(got.text, "ok");
  });

  await t.step("P2: Connection: Content-Length does not lose the framing", async () => {
    const got = await answer(
      "HTTP/1.1 200 OK\r\nConnection: Content-Length, Date\r\nContent-Length: 2\r\n\r\n",
      "ok",
    );
    assert.equal(got.get("content-length"), "2");
    assert.equal(got.text, "ok");
    assert.notEqual(got.get("date"), null);
  });

  await t.step("P6: Set-Cookie lines stay apart and in order", async () => {
    const got = await answer(
      "HTTP/1.1 200 OK\r\nSet-Cookie: b=1, 2\r\nX-Between: x\r\nset-cookie: a=2; HttpOnly\r\nSet-Cookie: c=3\r\n\r\n",
    );
    const cookies = got.getAll("set-cookie");
    assert.deepEqual(cookies.map((cookie) => cookie.split(";")[0]), ["b=1, 2", "a=2", "c=3"]);
  });

  await t.step("P6: fields pass as they came: case, order, doubles, bytes over 127", async () => {
    const lines = [
      "X-MiXed: a",
      "X-List: a",
      "x-list: b, c",
      "X-Bytes: caf\xe9\x80\xff",
      "X-Empty: ",
    ];
    const got = await answer(`HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\n\r\n`);
    assert(got.head.text.includes(lines.join("\r\n")), got.head.text);
  });

  await t.step("P6: any status and any reason pass", async () => {
    for (const line of ["299 Fine By Me", "418 I'm a teapot", "599 ", "203 \xfcber"]) {
      const got = await answer(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n\r\n`);
      assert.equal(`${got.status} ${got.head.reason}`, line);
    }
  });

  await t.step("P8: 206, 304 and 416 pass with their fields", async () => {
    const part = await answer(
      'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nETag: W/"x"\r\nContent-Length: 2\r\n\r\n',
      "ab",
    );
    assert.equal(part.status, 206);
    assert.equal(part.get("content-range"), "bytes 0-1/9");
    assert.equal(part.get("etag"), 'W/"x"');
    const same = await answer(
      'HTTP/1.1 304 Not Modified\r\nETag: "y"\r\nContent-Length: 9\r\n\r\n',
    );
    assert.equal(same.status, 304);
    assert.equal(same.get("etag"), '"y"');
    assert.equal(same.get("content-length"), "9");
    const none = await answer(
      "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n",
    );
    assert.equal(none.get("content-range"), "bytes */9");
  });

  await t.step("P11: 102 and 103 pass, to HTTP/1.1 only", async () => {
    const head = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    const [got, visitor] = await pass("/");
    got.head("HTTP/1.1 102 Processing\r\n\r\n");
    got.head(head);
    got.head(head);
    got.respond("x");
    const whole = await visitor.answer();
    assert.deepEqual(whole.interim.map(({ status }) => status), [102, 103, 103]);
    assert.equal(whole.interim[1]!.get("link"), "</a.css>; rel=preload");
    const [old, ancient] = await pass("/", { version: "1.0" });
    old.head(head);
    old.respond("x");
    assert.equal((await ancient.answer()).interim.length, 0);
  });

  await t.step("P14: what is no answer is 502 and harms nobody else", async () => {
    for (
      const garbage of [
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "",
      ]
    ) {
      const got = await answer(garbage, "", { fields: ["Accept: application/json"] });
      assert.equal(got.status, 502, JSON.stringify(garbage));
      assert.equal(got.json().code, "agent-error");
    }
    assert.equal((await answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "x")).text, "x");
  });

  await t.step("P14: a reset before the head is 502, a refusal 503, a time-out 504", async () => {
    const after = async (code: number): Promise<Answer> => {
      const [got, visitor] = await pass("/", { fields: ["Accept: application/json"] });
      got.stream.reset(code, "because");
      return await visitor.answer();
    };
    const cases = [[4, 502, "agent-error"], [3, 503, "overloaded"], [
      5,
      504,
      "agent-timeout",
    ]] as const;
    for (const [code, status, name] of cases) {
      const got = await after(code);
      assert.equal(got.status, status);
      assert.equal(got.json().code, name);
      if (status === 503) assert.match(got.get("retry-after")!, /^\d+$/);
    }
  });

  await t.step("P14: what goes wrong in an agent is not told to visitors", async () => {
    const [got, visitor] = await pass("/");
    got.stream.reset(4, "/home/alice/secret.ts:1 is broken");
    assert(!(await visitor.answer()).text.includes("secret"));
  });

  await t.step("P15: an answer with a length that breaks off never ends cleanly", async () => {
    const [got, visitor] = await pass("/");
    got.head("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    await got.write("half");
    await visitor.head();
    await visitor.take(4);
    got.stream.reset(4, "broken");
    await visitor.ends();
  });

  await t.step("P15: a chunked answer that breaks off has no last chunk", async () => {
    const [got, visitor] = await pass("/");
    got.head("HTTP/1.1 200 OK\r\n\r\n");
    await got.write("half");
    await visitor.head();
    await visitor.take(9);
    got.stream.reset(4, "broken");
    const rest = latin1Of(await visitor.rest());
    assert(!rest.includes("0\r\n\r\n"), rest);
  });

  await t.step("P15: a body shorter or longer than its length is an abort", async () => {
    const [got, visitor] = await pass("/");
    got.head("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    await got.write("short", true);
    await visitor.head();
    assert.equal((await visitor.rest()).length, 5);
    const [long, other] = await pass("/");
    long.head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    await long.write("longer", true);
    await other.head();
    assert((await other.rest()).length <= 3);
  });

  await t.step("P16: a visitor that leaves is told to the agent within 1 s", async () => {
    const [before, early] = await pass("/");
    const [amid, late] = await pass("/");
    amid.head("HTTP/1.1 200 OK\r\n\r\n");
    await amid.write("x");
    await late.head();
    const [upload, sender] = await pass("/", { method: "PUT", fields: ["Content-Length: 100"] });
    await sender.send("some");
    await upload.got(4);
    const began = performance.now();
    for (const visitor of [early, late, sender]) visitor.close();
    await Promise.all([before.reset, amid.reset, upload.reset]);
    assert(performance.now() - began < 1000, `${performance.now() - began} ms`);
  });

  await t.step("P18: Date is added where it is missing and left where it is", async () => {
    const without = await answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert.match(without.get("date")!, /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
    const fields = [
      "Date: Tue, 15 Nov 1994 08:12:31 GMT",
      "Age: 7",
      'ETag: "z"',
      "Last-Modified: Tue, 15 Nov 1994 08:12:31 GMT",
      "Allow: GET, PATCH",
      "Server: origin/1",
      "Vary: X",
    ];
    const with_ = await answer(
      `HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`,
    );
    for (const field of fields) {
      const [name, value] = field.split(/: (.*)/) as [string, string];
      // Who may read it by script hangs on who asks.
      assert.equal(with_.get(name), name === "Vary" ? "X, Origin" : value);
    }
  });

  await t.step("P20: each piece arrives when it was sent, as events do", async () => {
    const [got, visitor] = await pass("/");
    got.head("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    assert.equal((await visitor.head()).get("content-type"), "text/event-stream");
    for (let i = 0; i < 5; i++) {
      await got.write(`data: ${i}\n\n`);
      assert.equal(latin1Of(await visitor.take(14)), `9\r\ndata: ${i}\n\n\r\n`);
    }
    await got.write("", true);
    assert.equal(latin1Of(await visitor.take(5)), "0\r\n\r\n");
  });

  await t.step(
    "P20: answers of unknown length are chunked, with the agent's trailers",
    async () => {
      const [got, visitor] = await pass("/");
      got.head("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n\r\n");
      await got.write("abc");
      got.stream.trailers(new TextEncoder().encode("X-Sum: 1\r\n"));
      const whole = await visitor.answer();
      assert.equal(whole.text, "abc");
      assert.equal(whole.trailers, "X-Sum: 1\r\n");
      // The connection lives on.
      await visitor.request("/local/again");
      (await place.agent.next()).respond("again");
      assert.equal((await visitor.answer()).text, "again");
    },
  );

  await t.step("P21: to HTTP/1.0 the same is delimited by the close, without chunks", async () => {
    const [got, visitor] = await pass("/", { version: "1.0", fields: ["Connection: keep-alive"] });
    got.head("HTTP/1.1 200 OK\r\n\r\n");
    await got.write("abc");
    await got.write("def", true);
    const whole = await visitor.answer();
    assert.equal(whole.get("transfer-encoding"), null);
    assert.equal(whole.text, "abcdef");
  });

  await t.step("P21: HTTP/1.0 with keep-alive and a length lives on", async () => {
    const [got, visitor] = await pass("/", { version: "1.0", fields: ["Connection: keep-alive"] });
    got.respond("one");
    const first = await visitor.answer();
    assert.equal(first.get("connection"), "keep-alive");
    await visitor.request("/local/", { version: "1.0" });
    (await place.agent.next()).respond("two");
    assert.equal((await visitor.answer()).text, "two");
    await visitor.ends();
  });

  await t.step("P22: HEAD keeps the length of GET; 204 and 304 have no body", async () => {
    const head = await answer("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", "", {
      method: "HEAD",
    });
    assert.equal(head.get("content-length"), "12345");
    const none = await answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
    assert.equal(none.get("content-length"), null);
    assert.equal(none.get("transfer-encoding"), null);
    const [got, visitor] = await pass("/", { method: "HEAD" });
    got.head("HTTP/1.1 200 OK\r\n\r\n", true);
    const unknown = await visitor.answer({ method: "HEAD" });
    assert.equal(unknown.get("content-length"), null);
    // Nothing of a body that the agent should not have sent gets out of step with the next answer.
    await visitor.request("/local/", { method: "HEAD" });
    const bad = await place.agent.next();
    bad.head("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    await bad.write("oops", true);
    await visitor.answer({ method: "HEAD" });
    await visitor.request("/local/");
    (await place.agent.next()).respond("next");
    assert.equal((await visitor.answer()).text, "next");
  });

  await t.step("F27: pipelined requests are answered in order", async () => {
    using visitor = await Visitor.connect(place.http);
    await visitor.send("GET /local/1 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3));
    for (const text of ["one", "two", "three"]) {
      (await place.agent.next()).respond(text);
      assert.equal((await visitor.answer()).text, text);
    }
  });

  await t.step("a request that nobody reads to its end does not get out of step", async () => {
    using visitor = await Visitor.connect(place.http);
    await visitor.request("/local/", { method: "POST", body: "x".repeat(1000) });
    const got = await place.agent.next();
    got.greedy = false;
    got.respond("early");
    assert.equal((await visitor.answer()).text, "early");
    await visitor.request("/local/second");
    const next = await place.agent.next();
    assert.equal(next.target, "/second");
    next.respond("late");
    assert.equal((await visitor.answer()).text, "late");
  });

  await t.step("a half-closed visitor is answered", async () => {
    const [got, visitor] = await pass("/");
    await visitor.closeWrite();
    got.respond("still");
    assert.equal((await visitor.answer()).text, "still");
    await visitor.ends();
  });

  await t.step("P25: nothing is kept: the same request reaches the agent each time", async () => {
    for (const text of ["1", "2"]) {
      const got = await answer(
        'HTTP/1.1 200 OK\r\nCache-Control: public, max-age=99\r\nETag: "a"\r\nContent-Length: 1\r\n\r\n',
        text,
      );
      assert.equal(got.text, text);
    }
  });
});

Deno.test("P14: an agent that says nothing is 504 after the first-byte time, not before", async () => {
  await using place = await meet(["--first-byte-timeout", "1s"]);
  const [slow, patient] = await place.pass("/slow");
  const [silent, visitor] = await place.pass("/", { fields: ["Accept: application/json"] });
  slow.head("HTTP/1.1 200 OK\r\n\r\n");
  const began = performance.now();
  const answer = await visitor.answer();
  assert.equal(answer.status, 504);
  assert.equal(answer.json().code, "agent-timeout");
  assert(performance.now() - began > 700, "too early");
  assert.notEqual(await silent.reset, undefined);
  // Once an answer began it may take its time.
  await slow.write("x", true);
  assert.equal((await patient.answer()).text, "x");
});

Deno.test("P14: an agent that dies is 502 for who waited, an abort amid an answer, 503 then", async () => {
  await using place = await meet();
  const [, waiting] = await place.pass("/", { fields: ["Accept: application/json"] });
  const [amid, reading] = await place.pass("/");
  amid.head("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  await amid.write("half");
  await reading.head();
  place.agent.die();
  const answer = await waiting.answer();
  assert.equal(answer.status, 502);
  assert.equal(answer.json().code, "agent-error");
  assert.equal(latin1Of(await reading.rest()), "half");
  using visitor = await Visitor.connect(place.http);
  assert.equal((await visitor.ask("/local/")).status, 503);
});
