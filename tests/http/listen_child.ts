/** Run as a process of its own by the listener's tests: few descriptors, many connections. @module */

import {
  answerProblem,
  type Connection,
  HttpServer,
  listen,
  type ListenAddress,
} from "../../http/mod.ts";

const [job, argument = "0", more = "0"] = Deno.args;

function at(port: number): ListenAddress {
  return { transport: "tcp", hostname: "127.0.0.1", port };
}

/** Until whoever started us closes our input. */
async function untilTold(): Promise<void> {
  const into = new Uint8Array(16);
  while (await Deno.stdin.read(into) !== null);
}

/** Greets each connection and holds it until its visitor leaves; reports warnings. */
async function descriptors(): Promise<void> {
  // As the program does before it listens. Deno sets up its own part of it late, and panics where no descriptor is left.
  const end = () => Deno.exit(1);
  Deno.addSignalListener("SIGTERM", end);
  let warnings = 0;
  const listener = await listen(at(0), {
    onconnection: hold,
    onwarning(text) {
      warnings++;
      console.log(`warning ${text}`);
    },
  });
  console.log(listener.port);
  await untilTold();
  await listener.close();
  console.log(`warnings ${warnings}`);
  Deno.removeSignalListener("SIGTERM", end);
}

async function hold(connection: Connection): Promise<void> {
  try {
    await connection.write(new TextEncoder().encode("ok"));
    const into = new Uint8Array(16);
    while (await connection.read(into) !== null);
  } catch {
    // Reset: as good as closed.
  }
  connection.close();
}

/** Holds idle connections and says how much memory each of them takes, and how many there are. */
async function idle(count: number): Promise<void> {
  const full = Promise.withResolvers<void>();
  const server = new HttpServer({
    handle: (exchange) => exchange.respond(204, new Uint8Array(0), null),
    refuse: (exchange, error) =>
      answerProblem(exchange, { status: error.status, code: "refused", detail: error.message }),
    limits: { headTime: 120_000 },
  });
  const before = Deno.memoryUsage().rss;
  const listener = await listen(at(0), {
    onconnection(connection) {
      server.accept(connection);
      if (server.size === count) full.resolve();
    },
  });
  console.log(listener.port);
  await full.promise;
  console.log(`${Math.round((Deno.memoryUsage().rss - before) / count)} ${server.size}`);
  await untilTold();
  await listener.close();
  await server[Symbol.asyncDispose]();
}

/** Opens connections and says nothing on them. */
async function visitors(port: number, count: number): Promise<void> {
  const held: Deno.Conn[] = [];
  while (held.length < count) {
    const some = Array.from({ length: 50 }, () => Deno.connect({ hostname: "127.0.0.1", port }));
    held.push(...await Promise.all(some));
  }
  await untilTold();
  for (const conn of held) conn.close();
}

if (job === "descriptors") await descriptors();
if (job === "idle") await idle(Number(argument));
if (job === "visitors") await visitors(Number(argument), Number(more));
