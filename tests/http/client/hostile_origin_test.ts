/** Claims about origins that break the rules: what they send is no answer, and never becomes part of another one. @module */

import assert from "node:assert/strict";
import { randomFrom } from "../../support/random.ts";
import { eventually, within } from "../../support/deadline.ts";
import { ask, begin, failure, head, origin } from "./origin.ts";

const malformed: Readonly<Record<string, string>> = {
  "both lengths":
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
  "a list of lengths": "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
  "a signed length": "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
  "an unknown coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "chunked, then coded": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
  "chunked in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a folded line": "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
  "a space before the colon": "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
  "a bare line feed": "HTTP/1.1 200 OK\nA: b\r\n\r\n",
  "a NUL": "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
  "a bare carriage return": "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: x=1\r\n\r\n",
  "a line feed in the reason": "HTTP/1.1 200 OK\nSet-Cookie: x=1\r\n\r\n",
  "another version": "HTTP/2.0 200 OK\r\n\r\n",
  "another protocol": "SSH-2.0-OpenSSH_9.6\r\n",
  "no status": "HTTP/1.1 OK\r\n\r\n",
  "status 99": "HTTP/1.1 099 Odd\r\n\r\n",
  "status 600": "HTTP/1.1 600 Odd\r\n\r\n",
  "an upgrade that was not asked for":
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  "more than its fields": `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(600)}\r\n`,
  "a head without an end": `HTTP/1.1 200 OK\r\nA: ${"x".repeat(200_000)}`,
  "interim answers without an end": "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n".repeat(5_000),
  "a chunk's size":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
  "a chunk that is longer":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
  "trailers": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n",
};
for (const [what, text] of Object.entries(malformed)) {
  Deno.test(`hostile origin: ${what} is no answer`, async () => {
    await using server = origin(async (connection) => {
      await head(connection);
      await connection.send(text).catch(() => {});
      await connection.rest().catch(() => {});
    });
    const client = server.client();
    const error = await failure(client);
    assert.equal(error.code, "malformed", error.message);
    assert.equal(client.size.all, 0);
  });
}

const broken: Readonly<Record<string, string>> = {
  "nothing": "",
  "half a status line": "HTTP/1.",
  "half a head": "HTTP/1.1 200 OK\r\nA: b\r\n",
  "interim answers alone": "HTTP/1.1 103 Early Hints\r\n\r\n",
  "half a body": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
  "half a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
  "no last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
  "half of the trailers": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
};
for (const [what, text] of Object.entries(broken)) {
  Deno.test(`hostile origin: ${what}, and the end, is never a whole answer`, async () => {
    await using server = origin(async (connection) => {
      await head(connection);
      await connection.send(text);
      connection.close();
    });
    const client = server.client();
    assert.equal((await failure(client)).code, "closed");
    assert.equal(client.size.all, 0);
  });
}

const surplus: Readonly<Record<string, string>> = {
  "after a length": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "after chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
  "in a 204": "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
  "in a 304": "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
};
const EVIL = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
for (const [where, text] of Object.entries(surplus)) {
  for (const later of [false, true]) {
    Deno.test(`hostile origin: bytes ${where}, ${later ? "later" : "at once"}, answer no other request`, async () => {
      await using server = origin(async (connection, index) => {
        await head(connection);
        if (index > 0) {
          return await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
        }
        await connection.send(text + (later ? "" : EVIL));
        if (later) await connection.send(EVIL).catch(() => {});
        await connection.rest().catch(() => {});
      });
      const client = server.client();
      await ask(client);
      await eventually(() => client.size.idle === 0);
      assert.equal((await ask(client)).body, "good");
      assert.equal(server.connections.length, 2);
    });
  }
}

Deno.test("hostile origin: noise of every kind fails, and leaves no connection", async () => {
  const random = randomFrom(7);
  const words = [
    "HTTP/1.1 200 OK",
    "HTTP/1.1 100 C",
    "\r\n",
    "\r\n\r\n",
    "Content-Length: ",
    "3",
    "0",
    ":",
    "Transfer-Encoding: chunked",
    "abc",
    " ",
    "\0",
    "\xff",
    "5\r\nhello\r\n",
    "Connection: close",
    "\n",
    "\r",
  ];
  await using server = origin(async (connection) => {
    await head(connection);
    let text = "HTTP/1.1 200 OK\r\n".slice(0, Math.floor(random() * 30));
    for (let i = random() * 12; i > 0; i--) text += words[Math.floor(random() * words.length)];
    await connection.send(text).catch(() => {});
    connection.close();
  });
  const client = server.client();
  for (let i = 0; i < 300; i++) {
    const { whole } = begin(client);
    await within(whole.catch((error) => error), "an end");
  }
  await eventually(() => client.size.all === 0);
});
