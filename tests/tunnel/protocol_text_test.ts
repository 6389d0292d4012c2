/** Claims about PROTOCOL.md: what it shows is what the code does. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mock } from "node:test";
import {
  authMessage,
  checkCost,
  clientProof,
  DEFAULT_STREAMS,
  deriveKeys,
  deriveTokenKeys,
  END,
  Extension,
  FIRST_EXTENSION,
  formatToken,
  Frame,
  FRAME_HEADER,
  frameLength,
  MAX_CONTROL,
  MAX_DATA,
  MAX_HEAD,
  MAX_INTERIM,
  MAX_RESET,
  MAX_STREAMS,
  MAX_WINDOW,
  maxPayload,
  parseToken,
  passwordBytes,
  PEER_TIMEOUT,
  PING_INTERVAL,
  PREFACE,
  PROTOCOL_VERSION,
  readHello,
  readUint32,
  RELAY_PING_INTERVAL,
  Reset,
  serverSignature,
  Session,
  SESSION_WINDOW,
  STREAM_WINDOW,
  StreamExchange,
  tokenId,
  verifyProof,
  writeFrameHeader,
} from "../../tunnel/mod.ts";
import { Credential, SignIn } from "../../agent/sign_in.ts";
import { pipe, until } from "../support/pipe.ts";
import { againstAgent, againstRelay, type Duel, openStream, Recorder } from "./harness.ts";
import { frame, type RawFrame, RawPeer } from "./raw_peer.ts";

const text = Deno.readTextFileSync(new URL("../../tunnel/PROTOCOL.md", import.meta.url));

/** The text without its line breaks. */
const prose = text.replace(/\s+/g, " ");

/** The blocks of one language, each as its lines. */
function blocks(language: string): string[][] {
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))];
  return found.map((match) => match[1]!.trimEnd().split("\n"));
}

/** The rows of all tables whose first heading is `first`. */
function rows(first: string): string[][] {
  const found: string[][] = [];
  for (
    const [, table] of text.matchAll(
      new RegExp(`^\\| ${first} +\\|.*\\n\\|.*\\n((?:\\|.*\\n)+)`, "gm"),
    )
  ) {
    for (const line of table!.trimEnd().split("\n")) {
      found.push(line.slice(1, -1).split("|").map((cell) => cell.trim()));
    }
  }
  return found;
}

const hexBytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexText = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const numberOf = (cell: string) => Number(cell.replaceAll(",", ""));

/** A payload: text in quotes, or bytes. */
function payloadOf(shown: string): Uint8Array {
  return shown.startsWith('"') ? new TextEncoder().encode(JSON.parse(shown)) : hexBytes(shown);
}

function fieldsOf(lines: readonly string[]): Map<string, string> {
  return new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
}

const vectors = blocks("frame").map(fieldsOf);

Deno.test("text: there are frames, conversations and values to check", () => {
  assert(vectors.length >= 12);
  assert(blocks("conversation").length >= 3);
  assert.equal(blocks("values").length, 2);
});

for (const vector of vectors) {
  const name = vector.get("name")!;
  const bytes = hexBytes(vector.get("bytes")!);
  if (!vector.has("type")) {
    Deno.test(`text: ${name}`, () => assert.deepEqual(bytes, PREFACE));
    continue;
  }
  const [number, word, end] = vector.get("type")!.split(" ");
  const type = Number(number);
  const stream = Number(vector.get("stream"));
  const payload = payloadOf(vector.get("payload")!);

  Deno.test(`text: ${name} is written as shown`, () => {
    assert.equal({ ...Frame, ...Extension }[word as keyof typeof Frame], type);
    const written = new Uint8Array(FRAME_HEADER + payload.length);
    writeFrameHeader(written, 0, end === "END" ? type | END : type, payload.length, stream);
    written.set(payload, FRAME_HEADER);
    assert.equal(hexText(written), hexText(bytes));
    // The codec of the tests says the same.
    assert.equal(hexText(frame(type, stream, payload, { end: end === "END" })), hexText(bytes));
  });

  Deno.test(`text: ${name} is read as shown`, () => {
    assert.equal(bytes[0]! & ~END, type);
    assert.equal((bytes[0]! & END) !== 0, end === "END");
    assert.equal(frameLength(bytes, 0), payload.length);
    assert.equal(readUint32(bytes, 4), stream);
    assert(payload.length <= maxPayload(type));
  });
}

Deno.test("text: the table of frames is the code's, with its bounds", () => {
  const shown = new Map<number, [string, number]>();
  for (const [type, name, , , , most] of rows("type")) {
    if (type!.includes("to")) {
      assert.equal(type, `0x${FIRST_EXTENSION.toString(16)} to 0x7f`);
      assert.equal(numberOf(most!), maxPayload(FIRST_EXTENSION));
      continue;
    }
    shown.set(Number(type), [name!, numberOf(most!)]);
  }
  for (let type = 0; type < FIRST_EXTENSION; type++) {
    const known = Object.entries(Frame).find(([, number]) => number === type);
    const expected = known === undefined ? undefined : [known[0], maxPayload(type)];
    assert.deepEqual(shown.get(type), expected, `type ${type}`);
    if (known === undefined) assert.equal(maxPayload(type), -1);
  }
});

Deno.test("text: reasons and limits are the code's", () => {
  assert.deepEqual(
    Object.fromEntries(rows("reason").map(([number, name]) => [name, Number(number)])),
    Reset,
  );
  assert.deepEqual(
    rows("what").filter((row) => /^[\d,]+$/.test(row[1]!)).map((row) => numberOf(row[1]!)),
    [
      MAX_CONTROL,
      MAX_HEAD,
      MAX_DATA,
      MAX_RESET,
      MAX_INTERIM,
      STREAM_WINDOW,
      SESSION_WINDOW,
      MAX_WINDOW,
      DEFAULT_STREAMS,
      MAX_STREAMS,
      PING_INTERVAL,
      RELAY_PING_INTERVAL,
      PEER_TIMEOUT,
    ],
  );
  assert.match(text, new RegExp(`^# The tunnel protocol, version ${PROTOCOL_VERSION}$`, "m"));
  assert.equal(rows("version").at(-1)![0], String(PROTOCOL_VERSION));
});

Deno.test("text: the bounds of the cost are the code's", () => {
  const salt = new Uint8Array(16);
  const [, least, most] = /_N·r·p_ from ([\d,]+) to ([\d,]+)/.exec(prose)!;
  const memory = /128·_N·r_ at most ([\d,]+)/.exec(prose)![1]!;
  const p = numberOf(least!) / 2 ** 14 / 8;
  checkCost(salt, { N: 2 ** 14, r: 8, p });
  assert.throws(() => checkCost(salt, { N: 2 ** 14, r: 8, p: p - 1 }), /too cheap/);
  checkCost(salt, { N: 2 ** 14, r: 8, p: numberOf(most!) / 2 ** 17 });
  assert.throws(
    () => checkCost(salt, { N: 2 ** 14, r: 8, p: numberOf(most!) / 2 ** 17 + 1 }),
    /costly/,
  );
  checkCost(salt, { N: numberOf(memory) / 1024, r: 8, p: 1 });
  assert.throws(() => checkCost(salt, { N: numberOf(memory) / 512, r: 8, p: 1 }), /costly/);
});

Deno.test("text: every link within it leads somewhere", () => {
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replace(/[^\w\s-]/g, "").replaceAll(" ", "-")
  );
  for (const [, anchor] of text.matchAll(/\]\(#([^)]*)\)/g)) {
    assert(anchors.includes(anchor!), anchor);
  }
});

// Sign-in

const examples = blocks("values").map((lines) =>
  new Map(lines.map((line) => {
    const [, name, value] = /^(\S+)\s+(.*)$/.exec(line)!;
    return [name!, value!] as const;
  }))
);

for (const values of examples) {
  const get = (name: string): string => {
    assert(values.has(name), name);
    return values.get(name)!;
  };
  const utf8 = (name: string) => new TextEncoder().encode(get(name));
  const what = values.has("token") ? "token" : "password";
  const cost = what === "password" ? { N: +get("N"), r: +get("r"), p: +get("p") } : null;

  Deno.test(`text: the values of the sign-in by ${what} are right`, async () => {
    if (what === "token") {
      const secret = hexBytes(get("secret"));
      assert.equal(formatToken(secret), get("token"));
      assert.deepEqual(parseToken(get("token")), secret);
      assert.equal(tokenId(secret), get("id"));
      const sum = createHash("sha256").update("crunch token").update(secret).digest("hex");
      assert.equal(sum.slice(0, 6), get("checksum"));
      assert.equal(get("SaltedPassword"), get("secret"));
    }
    const keys = cost === null
      ? deriveTokenKeys(hexBytes(get("SaltedPassword")))
      : await deriveKeys(passwordBytes(get("password")), { salt: hexBytes(get("salt")), ...cost });
    // What makes the same keys is the same salted password.
    assert.deepEqual(deriveTokenKeys(hexBytes(get("SaltedPassword"))), keys);
    assert.equal(hexText(keys.clientKey), get("ClientKey"));
    assert.equal(hexText(keys.storedKey), get("StoredKey"));
    assert.equal(hexText(keys.serverKey), get("ServerKey"));
    const message = authMessage(utf8("HELLO"), utf8("CHALLENGE"));
    assert.equal(createHash("sha256").update(message).digest("hex"), get("H(AuthMessage)"));
    const proof = clientProof(keys, message);
    assert.equal(hexText(proof), get("ClientProof"));
    assert(verifyProof(keys.storedKey, message, proof));
    const signature = proof.map((byte, i) => byte ^ keys.clientKey[i]!);
    assert.equal(hexText(signature), get("ClientSignature"));
    assert.equal(get("PROOF"), `{"proof":"${Buffer.from(proof).toString("base64")}"}`);
    assert.equal(hexText(serverSignature(keys.serverKey, message)), get("ServerSignature"));
    const hello = readHello(JSON.parse(get("HELLO")));
    assert.equal(hello.method, what);
  });
}

Deno.test("text: our agent signs in with exactly the frames of the example", async () => {
  const values = examples.find((example) => example.has("token"))!;
  const [a, b] = pipe();
  const peer = new RawPeer(a);
  const random = mock.method(crypto, "getRandomValues", (into: Uint8Array) => {
    for (let i = 0; i < into.length; i++) into[i] = i;
    return into;
  });
  let signIn: SignIn;
  try {
    signIn = new SignIn((): Session => session, {
      credential: Credential.token(parseToken(values.get("token")!)!),
      names: [],
      software: "example/1",
      dialled: "relay.example",
    });
  } finally {
    random.mock.restore();
  }
  const session: Session = new Session({
    connection: b,
    side: "agent",
    onmessage: (type, message, payload) => signIn.receive(type, message, payload),
    onstream: () => null,
    ongoaway: () => {},
    onclose: (end) => signIn.lost(end),
  });
  signIn.start();
  assert.deepEqual(await peer.bytes(PREFACE.length), PREFACE);
  const shown = async (type: number, name: string) => {
    const next = await peer.next();
    assert.equal(next?.type, type);
    assert.equal(new TextDecoder().decode(next.payload), values.get(name));
  };
  await shown(Frame.HELLO, "HELLO");
  await peer.send(frame(Frame.CHALLENGE, 0, values.get("CHALLENGE")!));
  await shown(Frame.PROOF, "PROOF");
  await peer.send(frame(Frame.WELCOME, 0, values.get("WELCOME")!));
  const welcome = await signIn.done;
  assert.deepEqual([welcome.account, welcome.streams], ["alice", 256]);
  peer.close();
  await session.finish({ code: "done", message: "" });
});

// Conversations

interface Line {
  readonly from: "relay" | "agent";
  readonly bytes: Uint8Array;
  readonly type: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  readonly end: boolean;
}

const conversations = blocks("conversation").map((lines) => {
  const [first, ...rest] = lines;
  const name = first!.replace(/^name:\s*/, "");
  return {
    name,
    lines: rest.map((line): Line => {
      const [, from, word, stream, end, shown] = /^(relay|agent): (\w+) (0x\w+)( END)? (.*)$/.exec(
        line,
      )!;
      const type = Frame[word as keyof typeof Frame];
      const payload = payloadOf(shown!);
      const frameEnd = end !== undefined;
      return {
        from: from as "relay" | "agent",
        type,
        stream: Number(stream),
        payload,
        end: frameEnd,
        bytes: frame(type, Number(stream), payload, { end: frameEnd }),
      };
    }),
  };
});

/** Says the peer's lines and compares what the session under test says with its own. */
async function play(
  duel: Duel,
  lines: readonly Line[],
  us: "relay" | "agent",
  act: (line: Line) => void,
): Promise<void> {
  for (const line of lines) {
    if (line.from !== us) {
      await duel.peer.send(line.bytes);
      continue;
    }
    act(line);
    const said = await duel.peer.next() as RawFrame;
    const { type, stream, end, payload } = said;
    assert.equal(hexText(frame(type, stream, payload, { end })), hexText(line.bytes));
  }
}

for (const { name, lines } of conversations) {
  Deno.test(`text: our relay holds the conversation "${name}"`, async () => {
    await using duel = await againstAgent();
    const visitor = new Recorder();
    await play(duel, lines, "relay", (line) => {
      if (visitor.stream === undefined) openStream(duel.session, visitor);
      const { stream } = visitor;
      if (line.type === Frame.HEAD) stream.head(line.payload, line.end);
      else if (line.type === Frame.DATA) stream.write(line.payload, line.end);
      else if (line.type === Frame.TRAILERS) stream.trailers(line.payload);
      else stream.reset(line.payload[1]!, new TextDecoder().decode(line.payload.subarray(2)));
    });
    await until(() => duel.session.streams === 0, "the stream is over");
    assert.equal(duel.end, null);
    const heads = lines.filter(({ from, type }) => from === "agent" && type === Frame.HEAD);
    if (!lines.some(({ type }) => type === Frame.RESET)) {
      assert.deepEqual(
        visitor.heads,
        heads.map(({ payload }) => new TextDecoder().decode(payload)),
      );
      assert(visitor.ended);
    }
  });
}

Deno.test("text: our agent holds the conversations, as its origins answer them", async () => {
  const bytes = (said: string) => new TextEncoder().encode(said);
  for (const { name, lines } of conversations) {
    await using duel = await againstRelay({
      onstream: (stream) =>
        new StreamExchange(stream, async (exchange) => {
          switch (exchange.head.target) {
            case "/hello.txt":
              return exchange.respond(200, bytes("Content-Type: text/plain\r\n"), bytes("hello"));
            case "/long":
              exchange.start(200, bytes(""), -1);
              return void exchange.write(bytes("the begin"));
            case "/chat":
              exchange.start(101, bytes("Upgrade: chat\r\n"), -1);
              await exchange.read();
              exchange.write(bytes("bye"));
              exchange.end();
              while (await exchange.read() !== null);
              return;
            default:
              while (await exchange.read() !== null);
              exchange.respond(204, bytes(""), null);
          }
        }),
    });
    await play(duel, lines, "agent", () => {});
    await until(() => duel.session.streams === 0, `"${name}" is over`);
    assert.equal(duel.end, null);
  }
});
