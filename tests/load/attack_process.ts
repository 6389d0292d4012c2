/** What one account and many strangers can do to a relay, all at once or one kind at a time, for a test. @module */

import { type Connection, DenoConnection } from "../../http/mod.ts";
import { Frame, parseToken, Session, type SessionEnd } from "../../tunnel/mod.ts";
import { Credential, SignIn } from "../../agent/sign_in.ts";
import { frame, join as joined } from "../tunnel/raw_peer.ts";

interface Target {
  readonly http: string;
  readonly tunnel: string;
  /** Of the attacker's own account: opens agents and the API. */
  readonly token: string;
  readonly kinds: readonly string[];
}

const { http, tunnel, token, kinds } = JSON.parse(Deno.args[0]!) as Target;
const api = `http://${http}/api/v1`;
const authorization = `Bearer ${token}`;

const WINDOW_OF_NOTHING = frame(Frame.WINDOW, 0, Uint8Array.of(0, 0, 0, 0));
const PING = frame(Frame.PING, 0, "12345678");

/** A signed-in agent; a deaf one reads nothing after that. */
async function signedIn(
  { deaf = false, join }: { deaf?: boolean; join?: string } = {},
): Promise<{ connection: Connection; ended: Promise<SessionEnd>; session: string }> {
  const [hostname, port] = address(tunnel);
  const inner = new DenoConnection(await Deno.connect({ hostname, port }));
  let isDeaf = false;
  const connection = new Proxy(inner, {
    get: (it, key) => {
      if (key === "read") {
        return (into: Uint8Array<ArrayBuffer>) => isDeaf ? new Promise(() => {}) : it.read(into);
      }
      const value = Reflect.get(it, key);
      return typeof value === "function" ? value.bind(it) : value;
    },
  });
  const ended = Promise.withResolvers<SessionEnd>();
  const signIn: SignIn = new SignIn(() => session, {
    credential: Credential.token(parseToken(token)!),
    names: [],
    software: "attack/1",
    dialled: hostname,
    ...(join === undefined ? {} : { join }),
  });
  const session: Session = new Session({
    connection,
    side: "agent",
    onmessage: (type, message, payload) => signIn.receive(type, message, payload),
    onstream: () => null,
    ongoaway: () => {},
    onclose: (end) => {
      signIn.lost(end);
      ended.resolve(end);
    },
  });
  signIn.start();
  const welcome = await signIn.done;
  isDeaf = deaf;
  return { connection, ended: ended.promise, session: welcome.session };
}

/** Writes `piece` again and again, until the connection is no more. */
async function pour(connection: Connection, piece: Uint8Array): Promise<void> {
  const many = joined(...Array<Uint8Array>(4_096).fill(piece));
  for (;;) for (let at = 0; at < many.length;) at += await connection.write(many.subarray(at));
}

const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
  frames: () => times(4, async () => await pour((await signedIn()).connection, WINDOW_OF_NOTHING)),
  pings: async () => {
    const { session, ended } = await signedIn();
    await Promise.race([
      ended,
      times(
        15,
        async () => await pour((await signedIn({ deaf: true, join: session })).connection, PING),
      ),
    ]);
  },
  filters: () =>
    times(64, async () => {
      const filter = encodeURIComponent(`target:${"*a".repeat(15)}*`);
      await read(await call(`/requests/stream?filter=${filter}`));
    }),
  tops: () => times(8, async () => await read(await call("/requests/top?by=target"))),
  calls: () => times(32, async () => await read(await call("/requests?limit=200"))),
  tokens: () =>
    times(8, async () => {
      const body = JSON.stringify({ name: "another" });
      await read(
        await call("/accounts/mallory/tokens", {
          method: "POST",
          body,
          headers: { "content-type": "application/json" },
        }),
      );
    }),
  passwords: () =>
    times(40, async () => {
      const body = JSON.stringify({
        name: `guess${Math.floor(Math.random() * 1e6)}`,
        password: "wrong enough",
      });
      await read(
        await fetch(`${api}/sessions`, {
          method: "POST",
          body,
          headers: { "content-type": "application/json" },
        }),
      );
    }),
  strangers: () =>
    times(64, async () => {
      const [hostname, port] = address(http);
      using conn = await Deno.connect({ hostname, port });
      await conn.write(
        new TextEncoder().encode(`GET /none${Math.random()}/ HTTP/1.1\r\nHost: ${http}\r\n\r\n`),
      );
      await conn.read(new Uint8Array(4_096));
    }),
  sleepers: () =>
    times(1_024, async () => {
      const [hostname, port] = address(tunnel);
      using conn = await Deno.connect({ hostname, port });
      await conn.read(new Uint8Array(4_096));
    }),
};

function address(text: string): [string, number] {
  const at = text.lastIndexOf(":");
  return [text.slice(0, at), Number(text.slice(at + 1))];
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization, ...init.headers as Record<string, string> };
  return await fetch(api + path, { ...init, headers });
}

async function read(answer: Response): Promise<void> {
  for await (const _ of answer.body ?? []) { /* Only the reading counts. */ }
}

/** Does it in so many places at once, again and again: what fails begins anew. */
function times(count: number, attack: () => Promise<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, async () => {
    for (;;) {
      try {
        await attack();
      } catch {
        // Refused, cut off: so much the better for the relay.
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }));
}

// A session that is cut off amid its sign-in: so much the better, too.
addEventListener("unhandledrejection", (event) => event.preventDefault());
for (const kind of kinds) attacks[kind]!();
console.log("begun");
