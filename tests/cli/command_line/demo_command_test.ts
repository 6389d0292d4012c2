/** Claims about what the demo chooses: its ports and its folder. @module */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { type DemoSettings, runDemo } from "../../../cli/command_line/demo_command.ts";
import {
  CommandFailure,
  commands,
  parseCommand,
  type Program,
  type Running,
  silentLog,
} from "../../../cli/mod.ts";
import { TempDir } from "../../relay/store/temp_dir.ts";

const running: Running = { ended: new Promise(() => {}), stop: () => Promise.resolve() };

const anywhere = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"];

/** What a demo chose and printed. Disposing it stops the demo. */
interface Demo extends AsyncDisposable {
  readonly settings: DemoSettings;
  readonly printed: string;
}

/** Starts a demo whose relay and agent are `run`. */
async function demo(
  dir: TempDir,
  { args = anywhere, folder = dir.path, isCheckout = true, run = () => Promise.resolve(running) }: {
    args?: readonly string[];
    folder?: string;
    isCheckout?: boolean;
    run?: (settings: DemoSettings) => Promise<Running>;
  } = {},
): Promise<Demo> {
  const { values } = await parseCommand(commands.demo, { args, env: {} });
  let settings: DemoSettings | undefined;
  let printed = "";
  const program: Program = {
    software: "test",
    log: silentLog,
    around: { env: { XDG_STATE_HOME: dir.at("state") }, os: "linux", root: false },
    terminal: false,
    print: (text) => printed += text,
  };
  const started = await runDemo(values, {
    folder: pathToFileURL(`${folder}/`),
    isCheckout,
    program,
    run: (given) => {
      settings = given;
      return run(given);
    },
  });
  return { settings: settings!, printed, [Symbol.asyncDispose]: () => started.stop() };
}

function listen(port = 0): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port });
}

/** A port with a free one after it, the first of them taken. */
function takenPort(): { port: number; listener: Deno.TcpListener } {
  for (;;) {
    const listener = listen();
    const { port } = listener.addr;
    try {
      listen(port + 1).close();
      return { port, listener };
    } catch {
      listener.close();
    }
  }
}

Deno.test("demo: the example site, with data in a folder of its own beside the program", async () => {
  using dir = new TempDir();
  await using started = await demo(dir, {
    args: [...anywhere, "--drain", "2s"],
  });
  const { settings: { values }, printed } = started;
  assert.equal(values.data, dir.at(".demo"));
  assert.equal(dir.mode(".demo"), 0o700);
  assert.deepEqual(values.dir, [{ mount: "/", value: dir.at("examples/site") }]);
  assert.equal(values.drain, 2_000);
  assert.equal(values.readyFile, undefined);
  assert.ok(printed.includes(dir.at(".demo")));
});

Deno.test("demo: a taken port moves to the next free one", async () => {
  const { port, listener } = takenPort();
  using _taken = listener;
  using dir = new TempDir();
  const address = `127.0.0.1:${port}`;
  await using started = await demo(dir, { args: ["--http", address, "--tunnel", "127.0.0.1:0"] });
  assert.deepEqual(started.settings.values.http, [{
    transport: "tcp",
    hostname: "127.0.0.1",
    port: port + 1,
  }]);
});

Deno.test("demo: both addresses never move to one port", async () => {
  const { port, listener } = takenPort();
  using _taken = listener;
  using dir = new TempDir();
  const address = `127.0.0.1:${port}`;
  await using started = await demo(dir, { args: ["--http", address, "--tunnel", address] });
  const { values } = started.settings;
  const ports = [...values.http, ...values.tunnel].map((at) =>
    at.transport === "tcp" ? at.port : 0
  );
  assert.ok(ports[0]! > port && ports[1]! > ports[0]!, String(ports));
});

Deno.test("demo: a port lost between looking and listening is looked for again, not for ever", async () => {
  using dir = new TempDir();
  let starts = 0;
  const taken = Object.assign(new Error("in use"), { code: "in-use" });
  const lose = (times: number) => (): Promise<Running> =>
    ++starts > times
      ? Promise.resolve(running)
      : Promise.reject(new CommandFailure("taken", 1, { cause: taken }));
  await using _started = await demo(dir, { run: lose(2) });
  assert.equal(starts, 3);
  starts = 0;
  await assert.rejects(demo(dir, { run: lose(99) }), CommandFailure);
  assert.equal(starts, 5);
});

Deno.test("demo: whatever else is wrong is told at once", async () => {
  using dir = new TempDir();
  let starts = 0;
  const run = (): Promise<Running> => {
    starts++;
    return Promise.reject(new CommandFailure("no", 1, { cause: new Error("no") }));
  };
  await assert.rejects(demo(dir, { run }), { message: "no" });
  assert.equal(starts, 1);
});

Deno.test("demo: a second one at the same time has a second folder", async () => {
  using dir = new TempDir();
  await using first = await demo(dir);
  const second = await demo(dir);
  await using third = await demo(dir);
  const folders = [first, second, third].map(({ settings }) => settings.values.data);
  assert.deepEqual(folders, [dir.at(".demo"), dir.at(".demo-2"), dir.at(".demo-3")]);
  await second[Symbol.asyncDispose]();
  await using next = await demo(dir);
  assert.equal(next.settings.values.data, dir.at(".demo-2"));
});

Deno.test("demo: a built program keeps its data with the state, not where it was unpacked", async () => {
  using dir = new TempDir();
  await using started = await demo(dir, { isCheckout: false });
  assert.equal(started.settings.values.data, `${dir.at("state")}/crunch-demo`);
});

Deno.test("demo: where the program's folder cannot be written to, the data lie with the state", async () => {
  using dir = new TempDir();
  // A file where a folder should be: even root cannot make one in it.
  Deno.writeTextFileSync(dir.at("file"), "");
  {
    await using started = await demo(dir, { folder: dir.at("file") });
    assert.equal(started.settings.values.data, `${dir.at("state")}/crunch-demo`);
  }
  Deno.removeSync(dir.at("state"), { recursive: true });
  Deno.writeTextFileSync(dir.at("state"), "");
  await assert.rejects(demo(dir, { folder: dir.at("file") }), /cannot keep its data in /);
});
