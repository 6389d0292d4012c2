/** Claims about settings from the dashboard: who comes first, what is refused, and what lasts. @module */

import assert from "node:assert/strict";
import { commands, type Inputs, type Log, parseCommand, silentLog } from "../../../cli/mod.ts";
import { startRelay } from "../../../relay/mod.ts";
import { RelaySettings, SettingsError } from "../../../relay/store/relay_settings.ts";
import { openStore, SYSTEM } from "../../../relay/store/mod.ts";
import { TempDir, type TempStore, tempStore } from "./temp_dir.ts";

const FILE = "[relay]\nmax-connections = 7\n";

interface Place {
  readonly args?: readonly string[];
  readonly env?: Inputs["env"];
  readonly file?: string;
}

function read({ args = [], env = {}, file }: Place) {
  return parseCommand(commands.relay, {
    args: file === undefined ? args : ["--config", "crunch.toml", ...args],
    env,
    readFile: () => new TextEncoder().encode(file),
  });
}

async function settingsOf(
  temp: TempStore,
  place: Place = {},
  { onchange = () => {}, log = silentLog as Log } = {},
): Promise<RelaySettings> {
  const parsed = await read(place);
  const settings = new RelaySettings({
    values: parsed.values,
    given: parsed,
    store: temp.store.settings,
    log,
  });
  settings.onChange(onchange);
  return settings;
}

function shown(settings: RelaySettings, key = "max-connections") {
  const { value, source, where } = settings.list().find((item) => item.key === key)!;
  return [value, source, where];
}

Deno.test("settings: flag, environment, file, dashboard, default, in this order", async () => {
  using temp = tempStore();
  const settings = await settingsOf(temp);
  assert.deepEqual(shown(settings), [10_000, "default", ""]);
  settings.set({ "max-connections": 5 }, SYSTEM);
  assert.deepEqual(shown(settings), [5, "dashboard", ""]);
  assert.equal(settings.current.maxConnections, 5);
  const env = { CRUNCH_MAX_CONNECTIONS: "8" };
  const cases: [Place, unknown[]][] = [
    [{ file: FILE }, [7, "file", "crunch.toml:2"]],
    [{ file: FILE, env }, [8, "environment", "CRUNCH_MAX_CONNECTIONS"]],
    [{ file: FILE, env, args: ["--max-connections=9"] }, [9, "flag", ""]],
    [{}, [5, "dashboard", ""]],
  ];
  for (const [place, expected] of cases) {
    const started = await settingsOf(temp, place);
    assert.deepEqual(shown(started), expected);
    assert.equal(started.current.maxConnections, expected[0]);
    // The same when a running relay reads its configuration again.
    const { values, ...given } = await read(place);
    settings.give(values, given);
    assert.deepEqual(shown(settings), expected);
    assert.equal(settings.current.maxConnections, expected[0]);
  }
});

Deno.test("settings: what is decided elsewhere, or later, is refused with the place", async () => {
  using temp = tempStore();
  const settings = await settingsOf(temp, {
    file: `${FILE}idle-timeout = "60s"\n`,
    env: { CRUNCH_MAX_FIELDS: "99" },
    args: ["--drain", "5s"],
  });
  const refusal = (key: string, value: unknown): string => {
    try {
      settings.set({ [key]: value }, SYSTEM);
    } catch (error) {
      assert(error instanceof SettingsError);
      return error.message;
    }
    return "";
  };
  assert.match(refusal("max-connections", 1), /^max-connections is set in crunch\.toml:2/);
  assert.match(refusal("idle-timeout", "1s"), /crunch\.toml:3/);
  assert.match(refusal("max-fields", 20), /CRUNCH_MAX_FIELDS in the environment/);
  assert.match(refusal("drain", "1s"), /by the flag --drain/);
  assert.match(refusal("http", ":80"), /cannot change while the relay runs/);
  assert.match(refusal("admin-password", "correct horse"), /cannot change/);
  assert.equal(refusal("maxConnections", 1), "maxConnections is no setting");
  assert.equal(refusal("constructor", 1), "constructor is no setting");
});

Deno.test("settings: one bad value and nothing has changed", async () => {
  using temp = tempStore();
  let changes = 0;
  const settings = await settingsOf(temp, {}, { onchange: () => changes++ });
  const before = settings.list();
  const bad: [key: string, value: unknown, message: RegExp][] = [
    ["max-connections", 0, /must be at least 1/],
    ["max-connections", 1.5, /must be a whole number/],
    ["max-connections", "many", /must be a whole number/],
    ["max-connections", [1, 2], /takes one value/],
    ["max-connections", true, /must be a text or a number/],
    ["max-connections", { a: 1 }, /must be a text or a number/],
    ["max-connections", "", /is empty/],
    ["head-timeout", 30, /needs a unit: 30s/],
    ["head-timeout", "1ms", /must be at least 100ms/],
    ["max-head", "1GB", /must be at most/],
    ["trusted-proxy", ["10.0.0.0/8", "nonsense"], /must be an address block/],
    ["public-url", "ftp://x", /must be a URL/],
  ];
  for (const [key, value, message] of bad) {
    const set = () => settings.set({ "log-keep": "1d", [key]: value }, SYSTEM);
    assert.throws(set, (error) => {
      assert(error instanceof SettingsError);
      assert.deepEqual(error.errors.map((one) => one.key), [key]);
      assert.match(error.errors[0]!.message, message);
      return true;
    });
  }
  assert.deepEqual(settings.list(), before);
  assert.equal(temp.store.settings.get("log-keep"), undefined);
  assert.equal(changes, 0);
});

Deno.test("settings: are shown and kept as they were written, and null is the default again", async () => {
  using temp = tempStore();
  let changes = 0;
  const settings = await settingsOf(temp, {}, { onchange: () => changes++ });
  const by = { who: "boss", address: "192.0.2.1" };
  const given = {
    "head-timeout": "2500ms",
    "max-head": "32KiB",
    "max-streams": 100,
    "trusted-proxy": ["10.0.0.0/8", "unix"],
    "public-url": "https://relay.example",
  };
  settings.set(given, by);
  for (const [key, value] of Object.entries(given)) {
    assert.deepEqual(shown(settings, key), [value, "dashboard", ""], key);
    assert.deepEqual(temp.store.settings.get(key), value);
  }
  assert.deepEqual([settings.current.headTimeout, settings.current.maxHead], [2_500, 32_768]);
  assert.equal(settings.current.trustedProxy.length, 2);
  assert.equal(settings.current.publicUrl?.href, "https://relay.example/");
  settings.set({ "head-timeout": null, "trusted-proxy": [] }, by);
  assert.deepEqual(shown(settings, "head-timeout"), ["10s", "default", ""]);
  assert.deepEqual(shown(settings, "trusted-proxy"), [[], "default", ""]);
  assert.equal(settings.current.headTimeout, 10_000);
  assert.equal(changes, 2);
  const [proxy, timeout] = temp.store.changes.list({ limit: 2 });
  const entry = { who: "boss", address: "192.0.2.1", action: "setting.set", account: "" };
  const { id: _, time: __, ...told } = timeout!;
  assert.deepEqual(told, { ...entry, object: "head-timeout", before: "2500ms" });
  assert.equal(proxy!.object, "trusted-proxy");
});

Deno.test("settings: one that is good no more is left out with a word", async () => {
  using temp = tempStore();
  temp.store.settings.set("max-connections", "lots");
  temp.store.settings.set("http", ":80");
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  const settings = await settingsOf(temp, {}, { log });
  assert.deepEqual(shown(settings), [10_000, "default", ""]);
  assert.deepEqual(shown(settings, "http"), [["127.0.0.1:8080"], "default", ""]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^max-connections .* whole number/);
});

Deno.test("settings: a secret is never shown", async () => {
  using temp = tempStore();
  const settings = await settingsOf(temp, { env: { CRUNCH_ADMIN_PASSWORD: "correct horse" } });
  assert.deepEqual(shown(settings, "admin-password"), [
    null,
    "environment",
    "CRUNCH_ADMIN_PASSWORD",
  ]);
  assert(!JSON.stringify(settings.list()).includes("horse"));
});

Deno.test("settings: hold in a relay at once, and in the next one on the same data", async () => {
  using dir = new TempDir();
  const options = { http: "127.0.0.1:0", tunnel: "127.0.0.1:0", data: dir.path, maxFields: 64 };
  const cookies: string[] = [];
  const call = async (address: string, init: RequestInit = {}) => {
    const headers = {
      cookie: cookies[0]!,
      "content-type": "application/json",
      connection: "close",
    };
    const response = await fetch(`http://${address}/api/v1/settings`, { headers, ...init });
    const body = await response.json();
    return {
      status: response.status,
      body,
      items: body.items as { key: string; value: unknown; source: string }[],
    };
  };
  const tooLarge = async (address: string): Promise<number> => {
    const headers = { "x-long": "x".repeat(3_000), connection: "close" };
    const response = await fetch(`http://${address}/`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  {
    await using relay = await startRelay(options);
    const [address] = relay.http;
    const signIn = await fetch(`http://${address}/api/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "admin", password: relay.adminPassword }),
    });
    cookies.push(signIn.headers.get("set-cookie")!.split(";", 1)[0]!);
    assert.equal(await tooLarge(address!), 200);
    const patch = (body: unknown) =>
      call(address!, { method: "PATCH", body: JSON.stringify(body) });
    assert.equal((await patch({ "max-head": "2KiB" })).status, 200);
    assert.equal(await tooLarge(address!), 431);
    const refused = await patch({ "max-fields": 20 });
    assert.equal(refused.status, 422);
    assert.match(refused.body.errors[0].message, /by the program/);
  }
  {
    await using relay = await startRelay(options);
    const { items } = await call(relay.http[0]!);
    const head = items.find(({ key }) => key === "max-head")!;
    assert.deepEqual([head.value, head.source], ["2KiB", "dashboard"]);
    assert.equal(await tooLarge(relay.http[0]!), 431);
  }
  {
    await using relay = await startRelay({ ...options, maxHead: "64KiB" });
    assert.equal(await tooLarge(relay.http[0]!), 200);
  }
  // Nothing was lost by being overruled.
  using store = openStore(dir.path);
  assert.equal(store.settings.get("max-head"), "2KiB");
});
