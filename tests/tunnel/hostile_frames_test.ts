/** Claims about frames that break the protocol: each ends its own session, says why, and hurts no other. @module */

import assert from "node:assert/strict";
import { Frame, MAX_CONTROL, MAX_DATA, MAX_HEAD, Reset, type Session } from "../../tunnel/mod.ts";
import { MockClock } from "../support/mock_clock.ts";
import { turn } from "../support/pipe.ts";
import {
  againstAgent,
  againstRelay,
  answer,
  openStream,
  pair,
  Recorder,
  request,
} from "./harness.ts";
import { frame, jsonOf, type RawFrame, streamId, textOf } from "./raw_peer.ts";

const id = streamId(0);

interface Violation {
  readonly what: string;
  readonly bytes: readonly Uint8Array[];
  readonly says: RegExp;
}

/** What neither side may send once it is signed in. */
const VIOLATIONS: readonly Violation[] = [
  { what: "an unknown type", bytes: [frame(0x3f, 0)], says: /0x3f does not exist/ },
  { what: "type 0", bytes: [frame(0, 0)], says: /0x00 does not exist/ },
  {
    what: "a control frame above its limit",
    bytes: [frame(Frame.GOAWAY, 0, "", { length: MAX_CONTROL + 1 })],
    says: /too long: 16385/,
  },
  {
    what: "a HEAD above its limit",
    bytes: [frame(Frame.HEAD, id, "", { length: MAX_HEAD + 1 })],
    says: /too long/,
  },
  {
    what: "a DATA above its limit",
    bytes: [frame(Frame.DATA, id, "", { length: MAX_DATA + 1 })],
    says: /too long/,
  },
  {
    what: "a RESET above its limit",
    bytes: [frame(Frame.RESET, id, "", { length: 1025 })],
    says: /too long/,
  },
  {
    what: "an extension above its limit",
    bytes: [frame(0x60, 0, "", { length: MAX_CONTROL + 1 })],
    says: /too long/,
  },
  { what: "a PING of seven bytes", bytes: [frame(Frame.PING, 0, "1234567")], says: /eight/ },
  { what: "a PONG of no bytes", bytes: [frame(Frame.PONG, 0)], says: /eight/ },
  { what: "a WINDOW of three bytes", bytes: [frame(Frame.WINDOW, 0, "123")], says: /four/ },
  { what: "a RESET of one byte", bytes: [frame(Frame.RESET, id, "1")], says: /at least two/ },
  {
    what: "a PING on a stream",
    bytes: [frame(Frame.PING, id, "12345678")],
    says: /belongs to no stream/,
  },
  {
    what: "a WINDOW with END",
    bytes: [frame(Frame.WINDOW, id, "\0\0\0\x01", { end: true })],
    says: /cannot end/,
  },
  {
    what: "a session window that is absurd",
    bytes: [frame(Frame.WINDOW, 0, Uint8Array.of(0xff, 0xff, 0xff, 0xff))],
    says: /absurd/,
  },
  { what: "GOAWAY that is no JSON", bytes: [frame(Frame.GOAWAY, 0, "{")], says: /not JSON/ },
  {
    what: "GOAWAY that is a list",
    bytes: [frame(Frame.GOAWAY, 0, "[]")],
    says: /not a JSON object/,
  },
  {
    what: "GOAWAY that is no UTF-8",
    bytes: [frame(Frame.GOAWAY, 0, Uint8Array.of(0x22, 0xff, 0x22))],
    says: /not JSON/,
  },
  { what: "MORE that is no JSON", bytes: [frame(Frame.MORE, 0, "more")], says: /not JSON/ },
  {
    what: "HELLO after the sign-in",
    bytes: [frame(Frame.HELLO, 0, "{}")],
    says: /after the sign-in/,
  },
  {
    what: "CHALLENGE after the sign-in",
    bytes: [frame(Frame.CHALLENGE, 0, "{}")],
    says: /after the sign-in/,
  },
  { what: "DATA on stream 0", bytes: [frame(Frame.DATA, 0, "x")], says: /not open/ },
  { what: "DATA on a stream never opened", bytes: [frame(Frame.DATA, id, "x")], says: /not open/ },
  {
    what: "empty DATA on a stream never opened",
    bytes: [frame(Frame.DATA, id)],
    says: /not open/,
  },
  {
    what: "TRAILERS on a stream never opened",
    bytes: [frame(Frame.TRAILERS, id, "a: b\r\n", { end: true })],
    says: /not open/,
  },
  {
    what: "TRAILERS without END",
    bytes: [frame(Frame.TRAILERS, id, "a: b\r\n")],
    says: /without END/,
  },
  {
    what: "OPEN that is no JSON",
    bytes: [frame(Frame.OPEN, id, "tcp")],
    says: /not JSON/,
  },
];

/** What only a relay, which opens streams, can do wrong. */
const BY_RELAY: readonly Violation[] = [
  {
    what: "a stream of the agent's numbers",
    bytes: [frame(Frame.HEAD, streamId(0, 1, 1), request())],
    says: /not the peer's to open/,
  },
  {
    what: "an OPEN of the agent's numbers",
    bytes: [frame(Frame.OPEN, streamId(0, 1, 1), "{}")],
    says: /not the peer's to open/,
  },
  {
    what: "a stream without generation",
    bytes: [frame(Frame.HEAD, streamId(3, 0), request())],
    says: /not the peer's to open/,
  },
  {
    what: "a slot that is taken",
    bytes: [
      frame(Frame.HEAD, streamId(7, 1), request()),
      frame(Frame.HEAD, streamId(7, 2), request()),
    ],
    says: /slot of stream 131086 is taken/,
  },
  {
    what: "more streams than agreed on",
    bytes: [frame(Frame.HEAD, streamId(256), request())],
    says: /More streams/,
  },
  {
    what: "DATA after END",
    bytes: [
      frame(Frame.HEAD, id, request()),
      frame(Frame.DATA, id, "x", { end: true }),
      frame(Frame.DATA, id, "x"),
    ],
    says: /not open/,
  },
  {
    what: "TRAILERS after END",
    bytes: [
      frame(Frame.HEAD, id, request(), { end: true }),
      frame(Frame.TRAILERS, id, "a: b\r\n", { end: true }),
    ],
    says: /not open/,
  },
  {
    what: "HEAD after END",
    bytes: [
      frame(Frame.HEAD, id, request(), { end: true }),
      frame(Frame.HEAD, id, request(), { end: true }),
    ],
    says: /has ended/,
  },
  {
    what: "a stream's window that is absurd",
    bytes: [
      frame(Frame.HEAD, id, request()),
      frame(Frame.WINDOW, id, Uint8Array.of(0x7f, 0xff, 0xff, 0xff)),
    ],
    says: /absurd/,
  },
  {
    what: "one byte beyond a stream's window",
    bytes: [
      frame(Frame.HEAD, id, request()),
      frame(Frame.DATA, id, new Uint8Array((128 << 10) + 1)),
    ],
    says: /More than its window/,
  },
  {
    what: "a stream's window overrun in small frames",
    bytes: [
      frame(Frame.HEAD, id, request()),
      ...Array.from({ length: 129 }, () => frame(Frame.DATA, id, new Uint8Array(1024))),
    ],
    says: /More than its window/,
  },
];

function goodbye(frames: readonly RawFrame[]): Record<string, unknown> {
  const last = frames.findLast(({ type }) => type === Frame.GOAWAY);
  assert(last !== undefined, "the peer was not told why");
  return jsonOf(last);
}

const holding = {
  onstream: (stream: Recorder["stream"]) => {
    const recorder = new Recorder();
    recorder.stream = stream;
    recorder.consuming = false;
    return recorder;
  },
};

for (const side of ["relay", "agent"] as const) {
  for (
    const { what, bytes, says } of side === "relay" ? VIOLATIONS : [...VIOLATIONS, ...BY_RELAY]
  ) {
    Deno.test(`${side}: ends a session for ${what}`, async () => {
      await using duel = side === "relay" ? await againstAgent() : await againstRelay(holding);
      await using other = pair();
      await duel.peer.send(...bytes);
      const end = await duel.over;
      assert.equal(end.code, "protocol-error");
      assert.match(end.message, says);
      const told = goodbye(await duel.peer.rest());
      assert.equal(told.code, "protocol-error");
      assert.equal(told.message, end.message);
      // Another session of the same process does not notice.
      const recorder = openStream(other.relay.session);
      recorder.stream.head(request(), true);
      await turn();
      assert.equal(other.agent.incoming.length, 1);
      assert.equal(other.relay.end, null);
    });
  }
}

Deno.test("relay: an agent that opens streams has each refused, as long as it keeps to its numbers", async () => {
  await using duel = await againstAgent({ onstream: () => null });
  for (let generation = 1; generation <= 3; generation++) {
    const stream = streamId(0, generation, 1);
    await duel.peer.send(frame(Frame.HEAD, stream, request(), { end: true }));
    const reset = await duel.peer.nextOf(Frame.RESET, stream);
    assert.equal(reset.payload[1], Reset.REFUSED);
  }
  // The refusal of one that has more to say is known only when it says so.
  await duel.peer.send(frame(Frame.HEAD, streamId(0, 4, 1), request()));
  await duel.peer.nextOf(Frame.RESET, streamId(0, 4, 1));
  await duel.peer.send(frame(Frame.DATA, streamId(0, 4, 1), "late"));
  await duel.peer.send(frame(Frame.RESET, streamId(0, 4, 1), "\0\0"));
  await duel.peer.send(frame(Frame.HEAD, streamId(0, 5, 1), request(), { end: true }));
  await duel.peer.nextOf(Frame.RESET, streamId(0, 5, 1));
  assert.equal(duel.end, null);
  assert.equal(duel.session.streams, 0);
});

Deno.test("session: frames of extensions that nobody knows are skipped", async () => {
  await using duel = await againstRelay();
  await duel.peer.send(
    frame(0x60, 0, "whatever"),
    frame(0x7f, streamId(9), new Uint8Array(MAX_CONTROL), { end: true }),
    frame(Frame.PING, 0, "12345678"),
  );
  assert.equal(textOf(await duel.peer.nextOf(Frame.PONG)), "12345678");
});

Deno.test("session: WINDOW and RESET of a stream that is over are skipped", async () => {
  await using duel = await againstRelay();
  await duel.peer.send(
    frame(Frame.WINDOW, streamId(4), "\0\0\0\x01"),
    frame(Frame.RESET, streamId(4), "\0\x01gone"),
    frame(Frame.WINDOW, streamId(4, 7, 1), "\0\0\0\x01"),
    frame(Frame.PING, 0, "12345678"),
  );
  assert.equal((await duel.peer.next())?.type, Frame.PONG);
});

/** Heads that reset their stream and leave the session alone. */
const BAD_REQUESTS: ReadonlyArray<[string, string]> = [
  ["nothing", ""],
  ["half a head", "GET / HTTP/1.1\r\nHost: a\r\n"],
  ["bytes after the head", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"],
  ["no Host", "GET / HTTP/1.1\r\n\r\n"],
  ["a bare line feed", "GET / HTTP/1.1\nHost: a\r\n\r\n"],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
  ["Transfer-Encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"],
  ["an answer", "HTTP/1.1 200 OK\r\n\r\n"],
  ["version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
];

for (const end of [true, false]) {
  Deno.test(`agent: a request head that is malformed resets its stream only (${end ? "with" : "without"} END)`, async () => {
    await using duel = await againstRelay();
    let generation = 0;
    for (const [what, text] of BAD_REQUESTS) {
      const stream = streamId(0, ++generation);
      await duel.peer.send(frame(Frame.HEAD, stream, text, { end }));
      const reset = await duel.peer.nextOf(Frame.RESET, stream);
      assert.equal(reset.payload[1], Reset.PROTOCOL, what);
      if (!end) await duel.peer.send(frame(Frame.RESET, stream, "\0\0"));
    }
    await duel.peer.send(frame(Frame.HEAD, streamId(0, 99), request("/ok"), { end: true }));
    await duel.peer.send(frame(Frame.PING, 0, "12345678"));
    await duel.peer.nextOf(Frame.PONG);
    assert.equal(duel.incoming.at(-1)?.heads[0], "GET /ok HTTP/1.1\r\nHost: test\r\n\r\n");
    assert.equal(duel.end, null);
  });
}

const BAD_ANSWERS: ReadonlyArray<[string, string, boolean]> = [
  ["nothing", "", false],
  ["a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false],
  ["status 99", "HTTP/1.1 099 x\r\n\r\n", false],
  ["Transfer-Encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false],
  ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", false],
  ["an interim answer with END", "HTTP/1.1 103 Early\r\n\r\n", true],
  ["too many fields", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(513)}\r\n`, false],
];

Deno.test("relay: an answer head that is malformed resets its stream only", async () => {
  await using duel = await againstAgent();
  for (const [what, text, end] of BAD_ANSWERS) {
    const recorder = openStream(duel.session);
    recorder.stream.head(request(), true);
    const head = await duel.peer.nextOf(Frame.HEAD);
    await duel.peer.send(frame(Frame.HEAD, head.stream, text, { end }));
    const reset = await duel.peer.nextOf(Frame.RESET, head.stream);
    assert.equal(reset.payload[1], Reset.PROTOCOL, what);
    assert.equal(recorder.reset?.code, Reset.PROTOCOL, what);
    assert.equal(duel.session.streams, end ? 0 : 1, what);
    if (!end) await duel.peer.send(frame(Frame.DATA, head.stream, "late", { end: true }));
    await duel.peer.send(frame(Frame.PING, 0, "12345678"));
    await duel.peer.nextOf(Frame.PONG);
    assert.equal(duel.session.streams, 0, what);
  }
  assert.equal(duel.end, null);
});

Deno.test("relay: interim answers without end reset their stream before they fill its memory", async () => {
  await using duel = await againstAgent();
  const recorder = openStream(duel.session);
  recorder.stream.head(request(), true);
  const { stream } = await duel.peer.nextOf(Frame.HEAD);
  const hint = answer(103, `Link: <${"x".repeat(1000)}>\r\n`);
  let sent = 0;
  while (recorder.reset === null && sent < 1 << 20) {
    await duel.peer.send(frame(Frame.HEAD, stream, hint));
    sent += hint.length;
    await turn();
  }
  assert.equal(recorder.reset?.code, Reset.PROTOCOL);
  assert(sent > 60 << 10 && sent < 70 << 10, `after ${sent} bytes`);
  assert.equal(duel.end, null);
});

Deno.test("session: trailers that are malformed reset their stream only", async () => {
  await using duel = await againstRelay();
  let generation = 0;
  for (
    const lines of [
      "a",
      "a: b",
      "a: b\n",
      " a: b\r\n",
      "a : b\r\n",
      "a: b\r\n\r\n",
      ": b\r\n",
      "a: \x01\r\n",
    ]
  ) {
    const stream = streamId(0, ++generation);
    await duel.peer.send(
      frame(Frame.HEAD, stream, request()),
      frame(Frame.TRAILERS, stream, lines, { end: true }),
    );
    const reset = await duel.peer.nextOf(Frame.RESET, stream);
    assert.equal(reset.payload[1], Reset.PROTOCOL, JSON.stringify(lines));
    assert.equal(duel.session.streams, 0);
  }
  const stream = streamId(0, ++generation);
  await duel.peer.send(
    frame(Frame.HEAD, stream, request()),
    frame(Frame.TRAILERS, stream, "Sum: 1\r\n", { end: true }),
    frame(Frame.PING, 0, "12345678"),
  );
  await duel.peer.nextOf(Frame.PONG);
  assert.equal(duel.incoming.at(-1)?.trailers, "Sum: 1\r\n");
});

Deno.test("session: a head that is too long to send is never sent, and its stream is over", async () => {
  await using duel = await againstAgent();
  const recorder = openStream(duel.session);
  recorder.stream.head(request("/", `X: ${"x".repeat(MAX_HEAD)}\r\n`), true);
  assert.equal(recorder.reset?.code, Reset.PROTOCOL);
  assert.equal(duel.session.streams, 0);
  openStream(duel.session).stream.head(request("/next"), true);
  const next = await duel.peer.next();
  assert.equal(textOf(next!), "GET /next HTTP/1.1\r\nHost: test\r\n\r\n");

  await using back = await againstRelay();
  await back.peer.send(frame(Frame.HEAD, id, request(), { end: true }));
  await turn();
  back.incoming[0]!.stream.head(answer(200, `X: ${"x".repeat(MAX_HEAD)}\r\n`), true);
  const reset = await back.peer.next();
  assert.deepEqual([reset?.type, reset?.stream], [Frame.RESET, id]);
  assert.equal(back.session.streams, 0);
});

/** Everything but the sign-in's own frames. */
for (const type of [0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x60]) {
  const name = `0x${type.toString(16)}`;
  Deno.test(`relay: frame ${name} before the sign-in is refused`, async () => {
    await using duel = await againstAgent({ fresh: true });
    const payload =
      { 0x10: "12345678", 0x11: "12345678", 0x23: "\0\0\0\x01", 0x24: "\0\x01" }[type];
    await duel.peer.send(frame(type, type >= 0x20 ? streamId(0, 1, 1) : 0, payload ?? "{}"));
    assert.match((await duel.over).message, new RegExp(`${name} before the sign-in`));
    const frames = await duel.peer.rest();
    assert.deepEqual(frames.map((frame) => frame.type), [Frame.REFUSED]);
    assert.equal(jsonOf(frames[0]!).code, "protocol-error");
  });
}

Deno.test("session: who asks without end and reads nothing is cut off, before the sign-in almost at once", async () => {
  const pings = new Uint8Array(frame(Frame.PING, 0, "12345678").length * 4096);
  for (let at = 0; at < pings.length; at += 16) pings.set(frame(Frame.PING, 0, "12345678"), at);
  {
    using clock = new MockClock();
    await using duel = await againstRelay();
    let sent = 0;
    const sending = (async () => {
      for (;;) {
        await duel.peer.send(pings);
        sent += pings.length;
      }
    })().catch(() => {});
    for (let passed = 0; duel.end === null && passed < 20_000; passed += 250) {
      for (let i = 0; i < 20; i++) await turn();
      clock.tick(250);
    }
    assert.equal(duel.end?.code, "peer-stalled");
    assert(sent < 1 << 20, `after ${sent >> 10} KiB`);
    await sending;
  }

  const hellos = new Uint8Array(4 << 20);
  const hello = frame(Frame.HELLO, 0, "{}");
  for (let at = 0; at + hello.length <= hellos.length; at += hello.length) hellos.set(hello, at);
  const chatty: { session?: Session } = {};
  await using early = await againstAgent({
    fresh: true,
    // A relay whose sign-in answers everything would be cut off by its session.
    onmessage: () => chatty.session!.frames.message(Frame.CHALLENGE, { text: "x".repeat(100) }),
  });
  chatty.session = early.session;
  await early.peer.send(hellos).catch(() => {});
  assert.equal((await early.over).code, "peer-stalled");
});

Deno.test("session: garbage that is no frame at all ends it", async () => {
  for (
    const text of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "}".repeat(64)]
  ) {
    await using duel = await againstRelay();
    await duel.peer.send(Uint8Array.from(text, (char) => char.charCodeAt(0)));
    assert.equal((await duel.over).code, "protocol-error");
    await duel.peer.rest();
  }
});
