/** Claims about the client for origins: what it sends, how it reads answers, what it keeps and repeats. @module */

import assert from "node:assert/strict";
import { bytesOf, latin1Of, type Visitor } from "../../support/visitor.ts";
import { eventually, pause, within } from "../../support/deadline.ts";
import { ask, begin, bodyOf, Clock, failure, head, origin } from "./origin.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Answers every request that has no body. */
async function keeps(connection: Visitor): Promise<void> {
  for (;;) {
    try {
      await head(connection);
    } catch {
      return;
    }
    await connection.send(OK);
  }
}

Deno.test("client: target, names of fields and their order go out byte for byte", async () => {
  let sent = "";
  await using server = origin(async (connection) => {
    sent = await head(connection);
    await connection.send(OK);
  });
  const target = "/%2F//;a?x=%zz&\xe9|";
  const got = await ask(server.client(), { target, fields: "x-ODD: \xff\r\nA: 1\r\na: 2\r\n" });
  assert.equal(
    sent,
    `GET ${target} HTTP/1.1\r\nHost: origin\r\nx-ODD: \xff\r\nA: 1\r\na: 2\r\n\r\n`,
  );
  assert.equal(got.body, "ok");
});

const answers: ReadonlyArray<readonly [string, string, string]> = [
  ["by length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"],
  [
    "by chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n",
    "hello",
  ],
  ["without", "HTTP/1.1 204 No Content\r\n\r\n", ""],
  ["not changed", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""],
  ["empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""],
];
for (const [kind, text, body] of answers) {
  for (const size of [1, 7, 1000]) {
    Deno.test(`client: an answer, ${kind}, in pieces of ${size}, leaves the connection for the next`, async () => {
      await using server = origin(async (connection) => {
        for (let i = 0; i < 3; i++) {
          await head(connection);
          for (let at = 0; at < text.length; at += size) {
            await connection.send(text.slice(at, at + size));
            if (size < 1000) await pause(0);
          }
        }
      });
      const client = server.client();
      for (let i = 0; i < 3; i++) {
        const got = await ask(client);
        assert.equal(got.body, body);
        assert.deepEqual(client.size, { all: 1, idle: 1 });
      }
      assert.equal(server.connections.length, 1);
    });
  }
}

Deno.test("client: a body that ends with the connection is whole, and the connection is gone", async () => {
  for (const version of ["1.0", "1.1"]) {
    await using server = origin(async (connection) => {
      await head(connection);
      await connection.send(`HTTP/${version} 200\r\n\r\nall of it`);
      connection.close();
    });
    const client = server.client();
    assert.equal((await ask(client)).body, "all of it");
    assert.deepEqual(client.size, { all: 0, idle: 0 });
  }
});

Deno.test("client: an answer to HEAD has no body, whatever its fields say", async () => {
  await using server = origin(async (connection) => {
    for (let i = 0; i < 2; i++) {
      await head(connection);
      await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    }
  });
  const client = server.client();
  assert.equal((await ask(client, { method: "HEAD" })).body, "");
  assert.equal((await ask(client, { method: "HEAD" })).body, "");
  assert.equal(server.connections.length, 1);
});

Deno.test("client: Set-Cookie lines stay apart, and interim answers and trailers pass", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    );
    await connection.send(
      "HTTP/1.1 200 Fine By Me\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "1\r\nx\r\n0\r\nSum: 1\r\n\r\n",
    );
  });
  const got = await ask(server.client());
  assert.equal(
    got.head.split("\r\nTransfer")[0],
    "HTTP/1.1 200 Fine By Me\r\nset-cookie: a=1\r\nSet-Cookie: b=2",
  );
  assert.deepEqual(got.interim, [
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 102 Processing\r\n\r\n",
  ]);
  assert.equal(got.trailers, "Sum: 1\r\n");
});

Deno.test("client: bodies go out by length or in chunks with trailers", async () => {
  await using server = origin(async (connection) => {
    assert.match(await head(connection), /\r\nContent-Length: 10\r\n/);
    assert.equal(await connection.until("56789"), "0123456789");
    await connection.send(OK);
    assert.match(await head(connection), /\r\nTransfer-Encoding: chunked\r\n/);
    assert.equal(
      await connection.until("0\r\nA: b\r\n\r\n"),
      "3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n",
    );
    await connection.send(OK);
  });
  const client = server.client();
  assert.equal(
    (await ask(client, { method: "POST", body: bodyOf("0123", "456789"), length: 10 })).body,
    "ok",
  );
  const body = { ...bodyOf("abc", "", "de"), trailers: bytesOf("A: b\r\n") };
  assert.equal((await ask(client, { method: "POST", body })).body, "ok");
  assert.equal(server.connections.length, 1);
});

for (const length of [3, 20]) {
  Deno.test(`client: a body of 10 bytes that was said to have ${length} is never whole to the origin`, async () => {
    await using server = origin(async (connection) => {
      const [, body = ""] = latin1Of(await connection.rest()).split("\r\n\r\n");
      assert.ok(body.length < 20 && body.length !== length, body);
    });
    const error = await failure(server.client(), {
      method: "PUT",
      body: bodyOf("0123456789"),
      length,
    });
    assert.equal(error.code, "body");
    assert.match(error.message, /than Content-Length/);
  });
}

Deno.test("client: a large body waits for an origin that does not read", async () => {
  let pulled = 0;
  const go = Promise.withResolvers<void>();
  const size = 64 << 20;
  await using server = origin(async (connection) => {
    await head(connection);
    await go.promise;
    await connection.take(size);
    await connection.send(OK);
  });
  const piece = new Uint8Array(100_000);
  const call = begin(server.client(), {
    method: "POST",
    length: size,
    body: {
      trailers: new Uint8Array(0),
      read: () => {
        const next = piece.subarray(0, Math.min(piece.length, size - pulled));
        pulled += next.length;
        return Promise.resolve(next.length === 0 ? null : next);
      },
    },
  });
  let before = -1;
  await eventually(() => pulled > 0 && before === (before = pulled), { every: 100 });
  assert.ok(pulled < 32 << 20, `${pulled} bytes`);
  go.resolve();
  assert.equal((await within(call.whole)).body, "ok");
});

Deno.test("client: a large answer waits for who reads it", async () => {
  let sent = 0;
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${64 << 20}\r\n\r\n`);
    for (; sent < 64 << 20; sent += 1 << 20) await connection.send(new Uint8Array(1 << 20));
  });
  const { call, head: answered } = begin(server.client(), { unread: true });
  await answered;
  let before = -1;
  await eventually(() => sent > 0 && before === (before = sent), { every: 100 });
  assert.ok(sent < 32 << 20, `${sent} bytes`);
  let got = 0;
  for (let piece = await call.read(); piece !== null; piece = await call.read()) {
    got += piece.length;
  }
  assert.equal(got, 64 << 20);
});

Deno.test("client: an early answer passes while the upload flows on, and the connection lives", async () => {
  const answered = Promise.withResolvers<void>();
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    assert.equal(await connection.until("later\r\n0\r\n\r\n"), "5\r\nlater\r\n0\r\n\r\n");
    await connection.send("1\r\nb\r\n0\r\n\r\n");
  });
  const client = server.client();
  let asked = 0;
  const call = begin(client, {
    method: "POST",
    body: {
      trailers: new Uint8Array(0),
      read: async () => {
        if (asked++ > 0) return null;
        await answered.promise;
        return bytesOf("later");
      },
    },
  });
  await within(call.head);
  answered.resolve();
  assert.equal((await within(call.whole)).body, "ab");
  assert.deepEqual(client.size, { all: 1, idle: 1 });
});

Deno.test("client: an answer that is whole before its upload ends the connection", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n");
    await connection.rest();
  });
  const client = server.client();
  const call = begin(client, {
    method: "POST",
    length: 100,
    body: { trailers: new Uint8Array(0), read: () => new Promise(() => {}) },
  });
  assert.match((await within(call.whole)).head, /^HTTP\/1.1 413 /);
  assert.equal(client.size.all, 0);
});

Deno.test("client: a refusal is read although the origin takes no more of the upload", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send("HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    await connection.closeWrite();
    connection.close();
  });
  const piece = new Uint8Array(10_000);
  let left = 500;
  const got = await ask(server.client(), {
    method: "POST",
    body: {
      trailers: new Uint8Array(0),
      read: () => Promise.resolve(left-- > 0 ? piece : null),
    },
  });
  assert.match(got.head, /^HTTP\/1.1 401 /);
});

Deno.test("client: a body that is expected waits for 100, and is not sent where the answer is another", async () => {
  const pulled: string[] = [];
  const body = (name: string) => {
    const inner = bodyOf("body");
    return { trailers: inner.trailers, read: () => (pulled.push(name), inner.read()) };
  };
  await using server = origin(async (connection) => {
    await head(connection);
    assert.deepEqual(pulled, []);
    await connection.send("HTTP/1.1 100 Continue\r\n\r\n");
    assert.equal(await connection.take(4).then((bytes) => String.fromCharCode(...bytes)), "body");
    await connection.send(OK);
    await head(connection);
    await connection.send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
    assert.equal((await connection.rest()).length, 0);
  });
  const client = server.client();
  const fields = "Expect: 100-continue\r\n";
  const first = await ask(client, {
    method: "PUT",
    fields,
    body: body("a"),
    length: 4,
    expectsContinue: true,
  });
  assert.deepEqual([first.body, first.interim.length], ["ok", 1]);
  const second = await ask(client, {
    method: "PUT",
    fields,
    body: body("b"),
    length: 4,
    expectsContinue: true,
  });
  assert.match(second.head, /417/);
  assert.deepEqual(pulled, ["a", "a"]);
  assert.equal(client.size.all, 0);
});

Deno.test("client: a body that waits for 100 goes out after a second without it", async () => {
  using clock = new Clock();
  const got = Promise.withResolvers<void>();
  await using server = origin(async (connection) => {
    await head(connection);
    got.resolve();
    await connection.take(4);
    await connection.send(OK);
  });
  const { whole } = begin(server.client(), { method: "PUT", body: "body", expectsContinue: true });
  await within(got.promise);
  await clock.pass(1_500);
  assert.equal((await within(whole)).body, "ok");
});

Deno.test("client: idle connections are bounded, and closed after their time", async () => {
  using clock = new Clock();
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  await using server = origin(async (connection) => {
    await head(connection);
    if (++waiting === 5) all.resolve();
    await all.promise;
    await connection.send(OK);
    await connection.ends();
  });
  const client = server.client({ maxIdle: 3, idleTime: 10_000 });
  await Promise.all([...Array(5)].map(() => ask(client)));
  assert.deepEqual(client.size, { all: 3, idle: 3 });
  await clock.pass(9_000);
  assert.deepEqual(client.size, { all: 3, idle: 3 });
  await clock.pass(2_000);
  assert.deepEqual(client.size, { all: 0, idle: 0 });
});

Deno.test("client: an idle connection is closed a second before the origin's Keep-Alive says", async () => {
  using clock = new Clock();
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send(
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3, max=9\r\nContent-Length: 0\r\n\r\n",
    );
    await connection.ends();
  });
  const client = server.client({ idleTime: 60_000 });
  await ask(client);
  await clock.pass(1_500);
  assert.equal(client.size.idle, 1);
  await clock.pass(1_000);
  assert.equal(client.size.idle, 0);
});

Deno.test("client: a connection that the origin closed while it was idle is not used", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send(OK);
    connection.close();
  }, keeps);
  const client = server.client();
  assert.equal((await ask(client)).body, "ok");
  await eventually(() => client.size.all === 0);
  assert.equal((await ask(client, { method: "POST", body: "x" })).body, "ok");
  assert.equal(server.connections.length, 2);
});

Deno.test("client: what must not be sent twice takes no connection that was idle for long", async () => {
  using clock = new Clock();
  await using server = origin(keeps);
  const client = server.client({ idleTime: 60_000 });
  await ask(client);
  await clock.pass(2_000);
  await ask(client, { method: "POST" });
  assert.equal(server.connections.length, 2);
  await clock.pass(2_000);
  await ask(client);
  assert.equal(server.connections.length, 2);
});

/** Answers one request, then closes when it has read the next, having said `last` of an answer. */
function closesSecond(last: string) {
  return async (connection: Visitor): Promise<void> => {
    await head(connection);
    await connection.send(OK);
    await head(connection);
    if (last !== "") await connection.send(last);
    connection.close();
  };
}

for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]) {
  Deno.test(`client: ${method} is sent again, once, where a kept connection closed without a byte`, async () => {
    const closes = async (connection: Visitor) => {
      await head(connection);
      connection.close();
    };
    await using server = origin(closesSecond(""), method === "PUT" ? closes : keeps);
    const client = server.client();
    await ask(client);
    if (method === "PUT") {
      assert.equal((await failure(client, { method })).code, "closed");
      assert.equal(server.connections.length, 2);
    } else {
      assert.match((await ask(client, { method })).head, /^HTTP\/1.1 200 /);
      assert.equal(server.connections.length, 2);
    }
  });
}

for (
  const [what, last, asked] of [
    ["POST", "", { method: "POST" }],
    ["PATCH", "", { method: "PATCH" }],
    ["an unknown method", "", { method: "get" }],
    ["a PUT whose body was read", "", { method: "PUT", body: "some" }],
    ["a GET of whose answer a byte came", "H", {}],
  ] as const
) {
  Deno.test(`client: ${what} is never sent again`, async () => {
    await using server = origin(closesSecond(last), keeps);
    const client = server.client();
    await ask(client);
    assert.equal((await failure(client, asked)).code, "closed");
    assert.equal(server.connections.length, 1);
  });
}

Deno.test("client: a GET on a new connection that closes is not sent again", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    connection.close();
  });
  assert.equal((await failure(server.client())).code, "closed");
  assert.equal(server.connections.length, 1);
});

Deno.test("client: who gives up is felt by the origin at once, at any time", async () => {
  const gone: string[] = [];
  await using server = origin(async (connection, index) => {
    const request = await head(connection);
    if (request.includes("/head")) await connection.send("HTTP/1.1 200 OK\r\n");
    if (request.includes("/body")) {
      await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
    }
    gone.push(await connection.rest().then(() => `${index}`));
  });
  const client = server.client();
  for (const target of ["/none", "/head", "/body"]) {
    const { call, head } = begin(client, { target, unread: true });
    await eventually(() => client.size.all === 1);
    if (target === "/body") await head;
    const read = target === "/body" ? call.readNow() : undefined;
    assert.equal(read?.length, target === "/body" ? 1 : undefined);
    const reading = target === "/body"
      ? assert.rejects(call.read(), { code: "aborted" })
      : undefined;
    call.abort();
    call.abort();
    await reading;
    assert.equal(client.size.all, 0);
    const count = gone.length;
    await eventually(() => gone.length > count || server.connections.length > gone.length);
  }
  await eventually(() => gone.length === 3);
});

Deno.test("client: who gives up while it is dialled for leaves nothing behind", async () => {
  await using server = origin(keeps);
  const client = server.client();
  const { call } = begin(client);
  call.abort();
  await pause(50);
  assert.equal(client.size.all, 0);
});

Deno.test("client: an origin that is silent is given up after its time, an upload is no silence", async () => {
  using clock = new Clock();
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.rest();
  });
  const client = server.client({ firstByteTime: 10_000 });
  const silent = begin(client);
  let pieces = 0;
  let next = Promise.withResolvers<void>();
  const busy = begin(client, {
    method: "POST",
    body: {
      trailers: new Uint8Array(0),
      read: async () => {
        await next.promise;
        next = Promise.withResolvers();
        pieces++;
        return bytesOf("x");
      },
    },
  });
  await eventually(() => server.connections.length === 2);
  for (let i = 0; i < 3; i++) {
    next.resolve();
    await eventually(() => pieces === i + 1);
    await clock.pass(5_000);
  }
  const error = await within(silent.failed);
  assert.equal(error.code, "timeout");
  assert.match(error.message, /within 10 s/);
  assert.equal(client.size.all, 1);
  await clock.pass(11_000);
  assert.equal((await within(busy.failed)).code, "timeout");
});

Deno.test("client: when it is closed, what is under way fails and idle connections end", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.rest();
  });
  const client = server.client();
  const { failed } = begin(client);
  await eventually(() => server.connections.length === 1);
  client[Symbol.dispose]();
  assert.equal((await within(failed)).code, "aborted");
  assert.equal(client.size.all, 0);
  assert.equal((await failure(client)).code, "aborted");
});
