/** Claims about upgrades at an origin: after its 101 bytes flow both ways, each half ends by itself. @module */

import assert from "node:assert/strict";
import { bytesOf, latin1Of } from "../../support/visitor.ts";
import { eventually, within } from "../../support/deadline.ts";
import { ask, begin, failure, head, origin } from "./origin.ts";

const UPGRADE = { fields: "Upgrade: chat\r\n", upgrade: "chat", unread: true } as const;
const SWITCHED = "HTTP/1.1 101 Go On\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n";

Deno.test("upgrade: bytes that come with the 101, and half-closes by either side, are kept", async () => {
  for (const first of ["origin", "client"]) {
    await using server = origin(async (connection) => {
      const asked = await head(connection);
      assert.match(asked, /\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n$/);
      await connection.send(SWITCHED + "hello");
      if (first === "origin") await connection.closeWrite();
      assert.equal(latin1Of(await connection.rest()), "x".repeat(300_000));
      if (first === "client") {
        await connection.send("bye");
        await connection.closeWrite();
      }
    });
    const client = server.client();
    const { call, head: answered } = begin(client, UPGRADE);
    assert.match(await within(answered), /^HTTP\/1.1 101 Go On\r\n/);
    let text = "";
    if (first === "origin") {
      for (let piece = await call.read(); piece !== null; piece = await call.read()) {
        text += latin1Of(piece);
      }
    }
    await call.write(bytesOf("x".repeat(100_000)));
    await call.write(bytesOf("x".repeat(200_000)));
    call.end();
    call.end();
    assert.equal(call.write(bytesOf("too late")), undefined);
    if (first === "client") {
      for (let piece = await call.read(); piece !== null; piece = await call.read()) {
        text += latin1Of(piece);
      }
    }
    assert.equal(text, first === "client" ? "hellobye" : "hello");
    await eventually(() => client.size.all === 0);
    assert.equal(call.isOver, true);
  }
});

Deno.test("upgrade: one that is declined is an answer like any other", async () => {
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send(
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nno",
    );
    await head(connection);
    await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const client = server.client();
  assert.equal((await ask(client, { ...UPGRADE, unread: false })).body, "no");
  assert.equal((await ask(client)).body, "ok");
  assert.equal(server.connections.length, 1);
});

for (
  const [what, lines] of [
    ["another protocol", "Connection: upgrade\r\nUpgrade: other\r\n"],
    ["no protocol", "Connection: upgrade\r\n"],
    ["no connection option", "Upgrade: chat\r\n"],
  ] as const
) {
  Deno.test(`upgrade: a 101 for ${what} is no answer`, async () => {
    await using server = origin(async (connection) => {
      await head(connection);
      await connection.send(`HTTP/1.1 101 Go On\r\n${lines}\r\n`);
      await connection.rest();
    });
    assert.equal((await failure(server.client(), UPGRADE)).code, "malformed");
  });
}

Deno.test("upgrade: an abort is felt by the origin, and the origin's end by who reads", async () => {
  await using server = origin(async (connection, index) => {
    await head(connection);
    await connection.send(SWITCHED);
    if (index === 0) await connection.rest();
    else connection.close();
  });
  const client = server.client();
  const first = begin(client, UPGRADE);
  await within(first.head);
  const reading = assert.rejects(first.call.read(), { code: "aborted" });
  first.call.abort();
  await reading;
  const second = begin(client, UPGRADE);
  await within(second.head);
  assert.equal(await second.call.read(), null);
  // It is gone altogether, as writing finds out.
  await eventually(() => {
    second.call.write(bytesOf("anyone?"));
    return second.call.isOver;
  });
  assert.equal((await within(second.failed)).code, "closed");
});

Deno.test("upgrade: an origin that does not read slows down who writes", async () => {
  const go = Promise.withResolvers<void>();
  let got = 0;
  await using server = origin(async (connection) => {
    await head(connection);
    await connection.send(SWITCHED);
    await go.promise;
    got = (await connection.take(64 << 20)).length;
    await connection.ends();
    await connection.closeWrite();
  });
  const { call, head: answered } = begin(server.client(), UPGRADE);
  await within(answered);
  let sent = 0;
  const writing = (async () => {
    for (; sent < 64 << 20; sent += 1 << 20) await call.write(new Uint8Array(1 << 20));
    call.end();
  })();
  let before = -1;
  await eventually(() => sent > 0 && before === (before = sent), { every: 100 });
  assert.ok(sent < 32 << 20);
  go.resolve();
  await within(writing);
  assert.equal(await call.read(), null);
  assert.equal(got, 64 << 20);
});
