/** Claims about signing in: a relay's reception against agents that are right, wrong, or no agents. @module */

import assert from "node:assert/strict";
import { silentLog } from "../../cli/mod.ts";
import { DenoConnection } from "../../http/mod.ts";
import { Reception } from "../../relay/agents/reception.ts";
import { Tally } from "../../relay/metrics/mod.ts";
import { Registry } from "../../relay/agents/registry.ts";
import { Throttle } from "../../relay/store/mod.ts";
import {
  authMessage,
  clientProof,
  decodeBase64,
  deriveTokenKeys,
  encodeBase64,
  Frame,
  parseToken,
  PREFACE,
  readHello,
  Session,
  type SessionEnd,
  tokenId,
  type Welcome,
} from "../../tunnel/mod.ts";
import { Credential, SignIn, SignInError, type SignInOptions } from "../../agent/sign_in.ts";
import { readWelcome } from "../../tunnel/handshake.ts";
import { pipe, type PipeEnd, until } from "../support/pipe.ts";
import { type TempStore, tempStore } from "../relay/store/temp_dir.ts";
import { frame, jsonOf, RawPeer, textOf } from "./raw_peer.ts";
import { dearPasswords } from "../support/cheap_passwords.ts";

const password = "correct horse";

/** A relay's reception with an account `alice` and a token of hers. */
class House implements AsyncDisposable {
  readonly temp: TempStore = tempStore();
  readonly registry = new Registry();
  readonly reception: Reception;
  readonly #agents: Agent[] = [];
  readonly #guests: PipeEnd[] = [];
  token = "";

  constructor() {
    this.reception = new Reception({
      store: this.temp.store,
      registry: this.registry,
      throttle: new Throttle(),
      failures: new Tally([]),
      log: silentLog,
      software: "relay/1",
      settings: {
        current: {
          maxPendingAgents: 100,
          signInTimeout: 10_000,
          maxStreams: 7,
          maxWaitingStreams: 1,
          streamWait: 1000,
          namesPerAccount: 1,
        },
      },
      urls: (name, dialled) => [`http://${dialled}/${name}/`],
    });
  }

  /** Hashing a password takes a while: without one she has her token only. */
  static async open(secret?: { password: string }): Promise<House> {
    const house = new House();
    const { accounts, tokens } = house.temp.store;
    await accounts.add({ name: "alice", ...secret });
    house.token = tokens.create("alice", { name: "test" }).text;
    return house;
  }

  /** A connection to the reception. */
  connect(): PipeEnd {
    const [a, b] = pipe();
    this.#guests.push(b);
    this.reception.accept(a);
    return b;
  }

  /** The agent's own half of the sign-in, over `connection`. */
  agent(credential: Credential, options: Partial<SignInOptions> = {}, connection = this.connect()) {
    const agent = new Agent(connection, {
      credential,
      names: [],
      software: "agent/1",
      dialled: "relay.test",
      ...options,
    });
    this.#agents.push(agent);
    return agent;
  }

  /** A peer that says what it wants, its preface said. */
  async raw(): Promise<RawPeer> {
    const peer = new RawPeer(this.connect());
    await peer.send(PREFACE);
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const end = { code: "done", message: "the test is done" };
    this.reception.close();
    for (const guest of this.#guests) guest.close();
    for (const agent of this.registry.agents.values()) {
      await Promise.all(agent.sessions.map((session) => session.finish(end)));
    }
    await Promise.all(this.#agents.map(({ session }) => session.finish(end)));
    await until(() => this.registry.agents.size === 0, "every agent is gone");
    this.registry[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

class Agent {
  readonly session: Session;
  readonly welcome: Promise<Welcome>;
  end: SessionEnd | null = null;

  constructor(connection: PipeEnd | DenoConnection, options: SignInOptions) {
    const signIn: SignIn = new SignIn(() => this.session, options);
    this.session = new Session({
      connection,
      side: "agent",
      onmessage: (type, message, payload) => signIn.receive(type, message, payload),
      onstream: () => null,
      ongoaway: () => {},
      onclose: (end) => {
        this.end = end;
        signIn.lost(end);
      },
    });
    signIn.start();
    this.welcome = signIn.done;
  }

  /** The code with which the sign-in fails. */
  async refusal(): Promise<SessionEnd> {
    try {
      await this.welcome;
    } catch (error) {
      if (error instanceof SignInError) return error.end;
      throw error;
    }
    throw new Error("The sign-in succeeded");
  }
}

const hello = (more: Record<string, unknown> = {}) => ({
  versions: [1],
  software: "raw/1",
  capabilities: [],
  method: "token",
  id: "0".repeat(16),
  nonce: encodeBase64(new Uint8Array(16)),
  names: [],
  ...more,
});

const say = (type: number, message: unknown) => frame(type, 0, JSON.stringify(message));

Deno.test("sign-in: a password opens a session; the relay says who we are and where we are found", async () => {
  await using house = await House.open({ password });
  const agent = house.agent(Credential.password("alice", password));
  const welcome = await agent.welcome;
  assert.equal(welcome.account, "alice");
  assert.deepEqual(welcome.names, [{ name: "alice", urls: ["http://relay.test/alice/"] }]);
  assert.equal(welcome.streams, 7);
  assert.equal(agent.session.maxStreams, 7);
  assert.equal(house.registry.find("alice")?.facts.id, welcome.session);
  assert.equal(house.reception.pending, 0);
});

Deno.test("sign-in: keys are made once for a salt, so that signing in again costs no hashing", async () => {
  await using house = await House.open({ password });
  const credential = Credential.password("alice", password);
  await house.agent(credential).welcome;
  const { salt, N, r, p } = house.temp.store.signIn.forAccount("alice");
  const asked = { version: 1, software: "", capabilities: [], nonce: salt, salt };
  const keys = credential.keys({ ...asked, cost: { N, r, p } });
  assert.equal(credential.keys({ ...asked, nonce: new Uint8Array(16), cost: { N, r, p } }), keys);
  await keys;
  await house.agent(credential).welcome;
  assert.equal(credential.keys({ ...asked, cost: { N, r, p } }), keys);
  // What fails is not kept.
  await assert.rejects(credential.keys({ ...asked, cost: { N: 2, r: 1, p: 1 } }), RangeError);
  await credential.keys({ ...asked, cost: { N, r, p } });
});

Deno.test("sign-in: a wrong password and an unknown account are told the same, and look the same before", async () => {
  await using house = await House.open({ password });
  const ask = async (id: string) => {
    const peer = await house.raw();
    await peer.send(say(Frame.HELLO, hello({ method: "password", id })));
    const challenge = jsonOf((await peer.next())!);
    await peer.send(say(Frame.PROOF, { proof: encodeBase64(new Uint8Array(32)) }));
    const refused = await peer.next();
    assert.equal(refused?.type, Frame.REFUSED);
    assert.equal(await peer.next(), null);
    return { challenge, refused: textOf(refused!) };
  };
  const wrong = await ask("alice");
  const unknown = await ask("nobody");
  assert.equal(unknown.refused, wrong.refused);
  assert.equal(JSON.parse(wrong.refused).code, "bad-credentials");
  const shape = ({ challenge }: typeof wrong) =>
    Object.entries(challenge).map((
      [key, value],
    ) => [key, key === "salt" || key === "nonce" ? String(value).length : value]);
  assert.deepEqual(shape(unknown), shape(wrong));
  // The salt of an unknown name stays the same, as an account's does.
  assert.equal((await ask("nobody")).challenge.salt, unknown.challenge.salt);
  assert.notEqual((await ask("nobodz")).challenge.salt, unknown.challenge.salt);
});

Deno.test("sign-in: an unknown token is told what a wrong password is", async () => {
  await using house = await House.open();
  const end = await house.agent(Credential.token(new Uint8Array(32))).refusal();
  assert.equal(end.code, "bad-credentials");
});

Deno.test("sign-in: a token's id with another secret opens nothing", async () => {
  await using house = await House.open();
  const peer = await house.raw();
  const mine = say(Frame.HELLO, hello({ id: tokenId(parseToken(house.token)!) }));
  await peer.send(mine);
  const challenge = (await peer.next())!;
  const keys = deriveTokenKeys(new Uint8Array(32));
  const proof = clientProof(keys, authMessage(mine.slice(8), challenge.payload));
  await peer.send(say(Frame.PROOF, { proof: encodeBase64(proof) }));
  assert.equal(jsonOf((await peer.next())!).code, "bad-credentials");
});

Deno.test("sign-in: what was overheard opens nothing a second time", async () => {
  await using house = await House.open();
  const keys = deriveTokenKeys(parseToken(house.token)!);
  const mine = say(Frame.HELLO, hello({ id: tokenId(parseToken(house.token)!) }));
  const first = await house.raw();
  await first.send(mine);
  const challenge = (await first.next())!;
  const proof = say(Frame.PROOF, {
    proof: encodeBase64(clientProof(keys, authMessage(mine.slice(8), challenge.payload))),
  });
  await first.send(proof);
  assert.equal((await first.next())?.type, Frame.WELCOME);
  const second = await house.raw();
  await second.send(mine);
  assert.notEqual(textOf((await second.next())!), textOf(challenge), "the relay's nonce is new");
  await second.send(proof);
  const refused = await second.next();
  assert.equal(refused?.type, Frame.REFUSED);
  assert.equal(jsonOf(refused!).code, "bad-credentials");
});

Deno.test("sign-in: the proof covers the names and the account, so nobody can change them on the way", async () => {
  await using house = await House.open();
  const keys = deriveTokenKeys(parseToken(house.token)!);
  const peer = await house.raw();
  const said = hello({ id: tokenId(parseToken(house.token)!) });
  // What the agent said and what arrived differ.
  await peer.send(say(Frame.HELLO, { ...said, names: ["alice2"] }));
  const challenge = (await peer.next())!;
  const message = authMessage(new TextEncoder().encode(JSON.stringify(said)), challenge.payload);
  await peer.send(say(Frame.PROOF, { proof: encodeBase64(clientProof(keys, message)) }));
  assert.equal(jsonOf((await peer.next())!).code, "bad-credentials");
});

Deno.test("sign-in: accounts that are disabled and tokens of another scope are told so, after a good proof only", async () => {
  await using house = await House.open();
  const { tokens, accounts } = house.temp.store;
  const metrics = tokens.create("alice", { name: "m", scope: "metrics" }).text;
  const full = tokens.create("alice", { name: "f", scope: "full credentials" }).text;
  const { session } = await house.agent(Credential.token(parseToken(house.token)!)).welcome;
  for (const token of [metrics, full]) {
    for (const options of [{}, { join: session }]) {
      const refusal = await house.agent(Credential.token(parseToken(token)!), options).refusal();
      assert.equal(refusal.code, "wrong-scope");
    }
  }
  await accounts.update("alice", { disabled: true });
  const disabled = await house.agent(Credential.token(parseToken(house.token)!)).refusal();
  assert.equal(disabled.code, "disabled");
});

Deno.test("sign-in: names are the account's own, or claimed, or refused", async () => {
  await using house = await House.open();
  await house.temp.store.accounts.add({ name: "bob" });
  const credential = Credential.token(parseToken(house.token)!);
  const codes = [];
  for (const name of ["Alice", "bob", "admin", "b0b", "no name", "site", "other"]) {
    const agent = house.agent(credential, { names: [name] });
    const result = await agent.welcome.then(
      ({ names }) => names[0]!.name,
      (error: SignInError) => error.end.code,
    );
    codes.push(result);
  }
  assert.deepEqual(codes, [
    "alice",
    "name-taken",
    "reserved",
    "looks-like",
    "invalid",
    "site",
    "limit",
  ]);
});

Deno.test("join: a further connection of a session needs no name, and nobody else can join it", async () => {
  await using house = await House.open();
  const { store } = house.temp;
  const credential = Credential.token(parseToken(house.token)!);
  const { session } = await house.agent(credential).welcome;
  const again = await house.agent(credential, { join: session }).welcome;
  assert.equal(again.session, session);
  assert.equal(house.registry.agents.size, 1);
  assert.equal(house.registry.find("alice")?.sessions.length, 2);
  await store.accounts.add({ name: "mallory" });
  const other = Credential.token(parseToken(store.tokens.create("mallory", { name: "t" }).text)!);
  assert.equal((await house.agent(other, { join: session }).refusal()).code, "unknown-session");
  assert.equal((await house.agent(credential, { join: "?" }).refusal()).code, "unknown-session");
  assert.equal(house.registry.find("alice")?.sessions.length, 2);
});

Deno.test("version: an agent that speaks others only is told which one is spoken", async () => {
  await using house = await House.open();
  const peer = await house.raw();
  await peer.send(say(Frame.HELLO, hello({ versions: [2, 3] })));
  const refused = jsonOf((await peer.next())!);
  assert.equal(refused.code, "version");
  assert.match(String(refused.message), /speaks protocol version 1; the agent speaks 2, 3/);
  // One that speaks newer ones too is answered in ours, and what it says besides is skipped.
  const newer = await house.raw();
  await newer.send(
    say(Frame.HELLO, hello({ versions: [3, 1], capabilities: ["datagrams"], later: { x: 1 } })),
  );
  const challenge = jsonOf((await newer.next())!);
  assert.deepEqual([challenge.version, challenge.capabilities], [1, []]);
});

Deno.test("hello: every field is checked, and what is wrong is named", async () => {
  await using house = await House.open();
  const wrong: Array<[Record<string, unknown>, RegExp]> = [
    [{ versions: 1 }, /versions/],
    [{ versions: ["1"] }, /versions/],
    [{ versions: Array(65).fill(1) }, /versions/],
    [{ software: 1 }, /software/],
    [{ software: "x".repeat(129) }, /software/],
    [{ capabilities: undefined }, /capabilities/],
    [{ capabilities: ["x".repeat(65)] }, /capabilities/],
    [{ method: "key" }, /method/],
    [{ id: undefined }, /id/],
    [{ id: "x".repeat(129) }, /id/],
    [{ nonce: "short" }, /nonce/],
    [{ nonce: encodeBase64(new Uint8Array(15)) }, /nonce/],
    [{ nonce: encodeBase64(new Uint8Array(65)) }, /nonce/],
    [{ names: "alice" }, /names/],
    [{ names: [1] }, /names/],
    [{ dialled: 1 }, /dialled/],
    [{ mounts: {} }, /mounts/],
    [{ mounts: ["/"] }, /mounts/],
    [{ mounts: [null] }, /mounts/],
    [{ mounts: [{ path: "/" }] }, /mounts/],
    [{ mounts: [{ path: "docs/", kind: "directory" }] }, /mounts/],
    [{ mounts: [{ path: `/${"x".repeat(256)}`, kind: "directory" }] }, /mounts/],
    [{ mounts: [{ path: "/", kind: "<b>" }] }, /mounts/],
    [{ mounts: [{ path: "/", kind: "x".repeat(33) }] }, /mounts/],
    [{ mounts: Array(65).fill({ path: "/", kind: "directory" }) }, /mounts/],
    [{ join: 1 }, /join/],
  ];
  for (const [change, says] of wrong) {
    const peer = await house.raw();
    await peer.send(say(Frame.HELLO, hello(change)));
    const refused = jsonOf((await peer.next())!);
    assert.equal(refused.code, "protocol-error");
    assert.match(String(refused.message), says);
    assert.equal(await peer.next(), null);
  }
});

Deno.test("hello: what an agent publishes is told where it fits, and known of no older agent", async () => {
  await using house = await House.open();
  const credential = Credential.token(parseToken(house.token)!);
  const older = await house.agent(credential).welcome;
  assert.deepEqual(house.registry.agents.get(older.session)?.facts.mounts, []);
  const mounts = Array.from({ length: 100 }, (_, i) => ({
    path: `/${"ü".repeat(90)}${i}/`,
    kind: "directory",
  }));
  const told = [{ path: "/", kind: "directory" }, {
    path: `/${"x".repeat(300)}/`,
    kind: "directory",
  }];
  const { session } = await house.agent(credential, { mounts: [...told, ...mounts] }).welcome;
  const known = house.registry.agents.get(session)!.facts.mounts!;
  assert.deepEqual(known.slice(0, 2), [told[0], mounts[0]]);
  assert(known.length > 30 && known.length < 64, `${known.length}`);
  // Nothing but these two fields is kept.
  const more = { path: "/", kind: "proxy", secret: "x" };
  assert.deepEqual(readHello(hello({ mounts: [more] })).mounts, [{ path: "/", kind: "proxy" }]);
});

Deno.test("reception: messages out of turn, twice, or no JSON are refused", async () => {
  await using house = await House.open();
  const zero = { proof: encodeBase64(new Uint8Array(32)) };
  for (
    const messages of [
      [say(Frame.PROOF, zero)],
      [say(Frame.HELLO, hello()), say(Frame.HELLO, hello())],
      [say(Frame.HELLO, hello()), say(Frame.PROOF, { proof: "x" })],
      [say(Frame.HELLO, hello()), say(Frame.PROOF, {})],
      [say(Frame.WELCOME, {})],
      [say(Frame.CHALLENGE, {})],
      [frame(Frame.HELLO, 0, "no JSON")],
      [frame(Frame.HELLO, 1, JSON.stringify(hello()))],
      [frame(Frame.HELLO, 0, JSON.stringify(hello()), { end: true })],
      [frame(Frame.PING, 0, "12345678")],
    ]
  ) {
    const peer = await house.raw();
    await peer.send(...messages);
    const frames = await peer.rest();
    const last = frames.at(-1)!;
    assert.equal(last.type, Frame.REFUSED);
    assert.equal(jsonOf(last).code, "protocol-error");
  }
  assert.equal(house.reception.pending, 0);
});

/** A relay that says what a test wants, to an agent with a password. */
async function falseRelay(
  answers: (hello: Uint8Array, peer: RawPeer) => Promise<void>,
  credential = Credential.password("alice", password),
): Promise<SessionEnd> {
  const [a, b] = pipe();
  const peer = new RawPeer(a);
  const agent = new Agent(b, { credential, names: [], software: "agent/1", dialled: "" });
  await peer.bytes(PREFACE.length);
  const hello = await peer.next();
  assert.equal(hello?.type, Frame.HELLO);
  const refusal = agent.refusal();
  await answers(hello.payload, peer);
  const end = await refusal;
  // A proof is the only thing that the relay may have learnt.
  for (const { type } of await peer.rest()) assert.equal(type, Frame.PROOF);
  peer.close();
  await agent.session.finish(end);
  return end;
}

const challenge = (more: Record<string, unknown> = {}) => ({
  version: 1,
  software: "false/1",
  capabilities: [],
  nonce: encodeBase64(new Uint8Array(16)),
  salt: encodeBase64(new Uint8Array(16)),
  N: 2 ** 15,
  r: 8,
  p: 3,
  ...more,
});

Deno.test("agent: a relay that asks for cheap or dear hashing gets no proof", async () => {
  using _dear = dearPasswords();
  const tampered: Array<[Record<string, unknown>, RegExp]> = [
    [{ N: 2 }, /too cheap/],
    [{ N: 2 ** 14, p: 1 }, /too cheap/],
    [{ N: 2 ** 20, r: 8, p: 8 }, /too costly/],
    [{ N: 2 ** 40 }, /out of range/],
    [{ N: 30_000 }, /power of two/],
    [{ r: 0 }, /out of range/],
    [{ p: -1 }, /p must be/],
    [{ N: "32768" }, /N must be/],
    [{ salt: undefined, N: undefined }, /salt is missing/],
    [{ salt: encodeBase64(new Uint8Array(8)) }, /salt must be/],
    [{ nonce: "" }, /nonce must be/],
    [{ version: 2 }, /speaks protocol version 2/],
    [{ version: undefined }, /version must be/],
    [{ capabilities: "all" }, /capabilities must be/],
  ];
  for (const [change, says] of tampered) {
    const end = await falseRelay(async (_hello, peer) => {
      await peer.send(say(Frame.CHALLENGE, challenge(change)));
      for (const { type } of await peer.rest()) assert.fail(`frame ${type} was sent`);
    });
    assert.equal(end.code, "bad-relay");
    assert.match(end.message, says);
  }
});

Deno.test("agent: a relay that does not know the account's keys is not believed", async () => {
  const token = Credential.token(new Uint8Array(32));
  const welcome = {
    session: "s",
    signature: encodeBase64(new Uint8Array(32)),
    account: "alice",
    names: [],
    streams: 256,
  };
  const lie = async (message: Record<string, unknown>, type: number = Frame.WELCOME) =>
    await falseRelay(async (_hello, peer) => {
      await peer.send(say(Frame.CHALLENGE, challenge()));
      assert.equal((await peer.next())?.type, Frame.PROOF);
      await peer.send(say(type, message));
    }, token);
  const unsigned = await lie(welcome);
  assert.equal(unsigned.code, "bad-relay");
  assert.match(unsigned.message, /does not know the account/);
  for (
    const [change, says] of [
      [{ signature: "" }, /signature must be/],
      [{ session: 5 }, /session must be/],
      [{ streams: -1 }, /streams must be/],
      [{ streams: 0 }, /streams must be/],
      [{ names: [{}] }, /name must be/],
      [{ names: [{ name: "a", urls: [1] }] }, /urls must be/],
    ] as const
  ) {
    const end = await lie({ ...welcome, ...change });
    assert.equal(end.code, "bad-relay");
    assert.match(end.message, says);
  }
  assert.match((await lie({}, Frame.CHALLENGE)).message, /no place here/);
  // Without a challenge first, and with streams before the welcome.
  for (const bytes of [say(Frame.WELCOME, welcome), frame(Frame.HEAD, 0x10000, "x")]) {
    const end = await falseRelay(async (_hello, peer) => await peer.send(bytes), token);
    assert.equal(end.code, "not-a-relay");
  }
  const early = await falseRelay(async (_hello, peer) => {
    await peer.send(say(Frame.CHALLENGE, challenge()), frame(Frame.HEAD, 0x10000, "x"));
  }, token);
  assert.match(early.message, /before the sign-in/);
});

Deno.test("agent: a relay that relays another's challenge cannot change it unnoticed", async () => {
  await using house = await House.open();
  const token = parseToken(house.token)!;
  const behind = await house.raw();
  const end = await falseRelay(async (hello, peer) => {
    await behind.send(frame(Frame.HELLO, 0, hello));
    const real = jsonOf((await behind.next())!);
    await peer.send(say(Frame.CHALLENGE, { ...real, capabilities: ["changed"] }));
    const proof = (await peer.next())!;
    await behind.send(frame(Frame.PROOF, 0, proof.payload));
    await peer.send(frame(Frame.REFUSED, 0, (await behind.next())!.payload));
  }, Credential.token(token));
  assert.equal(end.code, "bad-credentials");
});

Deno.test("agent: a refusal's code, text and time reach who signs in", async () => {
  const end = await falseRelay(async (_hello, peer) => {
    await peer.send(say(Frame.REFUSED, { code: "slow-down", message: "wait", retryAfter: 5000 }));
  });
  assert.deepEqual(end, { code: "slow-down", message: "wait", retryAfter: 5000 });
  const odd = await falseRelay(async (_hello, peer) => {
    await peer.send(say(Frame.REFUSED, { code: 1, message: ["x"], retryAfter: -1 }));
  });
  assert.deepEqual(odd, { code: "unknown", message: "" });
});

Deno.test("agent: what is dialled by mistake is named", async () => {
  for (
    const [bytes, says] of [
      ["HTTP/1.1 400 Bad Request\r\n\r\n", /HTTP server/],
      ["\x15\x03\x01\0\x02\x02\x46", /speaks TLS/],
      ["\x15", /speaks TLS/],
      ["SSH-2.0-OpenSSH_9.2\r\n", /not a relay's tunnel port/],
      ["220 mail.test ESMTP\r\n", /not a relay's tunnel port/],
      ["C", /not a relay's tunnel port/],
    ] as const
  ) {
    const end = await falseRelay(async (_hello, peer) => {
      await peer.send(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
      await peer.connection.closeWrite();
    });
    assert.equal(end.code, "not-a-relay");
    assert.match(end.message, says);
  }
  const silent = await falseRelay(async (_hello, peer) => await peer.connection.closeWrite());
  assert.equal(silent.code, "connection-lost");
});

/** The reception on a TCP port. */
async function onPort(
  house: House,
  run: (port: number) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: DenoConnection[] = [];
  const accepting = (async () => {
    for (;;) {
      try {
        const connection = new DenoConnection(await listener.accept());
        connections.push(connection);
        house.reception.accept(connection);
      } catch {
        return;
      }
    }
  })();
  await run(listener.addr.port);
  listener.close();
  await accepting;
  await until(() => house.reception.pending === 0, "no guest is left");
  for (const connection of connections) connection.close();
}

Deno.test("reception: a browser on the tunnel port can read what is wrong", async () => {
  await using house = await House.open();
  await onPort(house, async (port) => {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /This port is for crunch agents/);
    // One whose request begins like the preface.
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode("CONNECT a:1 HTTP/1.1\r\n\r\n"));
    const buffer = new Uint8Array(1024);
    const size = await conn.read(buffer);
    assert.match(new TextDecoder().decode(buffer.subarray(0, size!)), /^HTTP\/1\.1 400 /);
  });
});

Deno.test("reception: a TLS client on the plain tunnel port gets an alert at once", async () => {
  await using house = await House.open();
  await onPort(house, async (port) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const secure = await Deno.startTls(conn, { hostname: "localhost" });
    await assert.rejects(secure.handshake(), /alert/i);
    secure.close();
  });
});

Deno.test("reception: who does not finish, and who comes when it closes, is sent away", async () => {
  await using house = await House.open();
  const half = await house.raw();
  await half.send(say(Frame.HELLO, hello()));
  await half.nextOf(Frame.CHALLENGE);
  house.reception.close();
  assert.equal(jsonOf((await half.next())!).code, "shutdown");
  assert.equal(await half.next(), null);
  const late = house.connect();
  assert.equal(await late.read(new Uint8Array(8)), null);
});

Deno.test("base64: what is none is null", () => {
  assert.equal(decodeBase64("*"), null);
  assert.deepEqual(decodeBase64("AAE="), Uint8Array.of(0, 1));
});

Deno.test("agent: addresses of a WELCOME are those that a browser would write, and nothing else", () => {
  const { names: [{ urls } = { urls: [] }] } = readWelcome({
    session: "s",
    signature: "A".repeat(43) + "=",
    account: "alice",
    names: [{
      name: "alice",
      urls: [
        "HTTP://Relay.Example:80/a b/\u202e\x1b[2J\x9b/\n",
        "http://\u202eevil/",
        "javascript:alert(1)",
        "\x1b]0;title\x07",
        "https://relay.example/ä/",
      ],
    }],
    streams: 1,
  });
  assert.deepEqual(urls, [
    "http://relay.example/a%20b/%E2%80%AE%1B[2J%C2%9B/",
    "https://relay.example/%C3%A4/",
  ]);
});
