/** What visitors, agents and other sites may try with a dashboard that somebody is signed in to. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { AgentDouble } from "../support/agent_double.ts";
import { certify } from "../support/certificates.ts";
import { Dashboard, PASSWORD } from "../support/dashboard.ts";
import { eventually } from "../support/deadline.ts";

/** Without spaces and percent signs it goes through a request line as it is. */
const MARKUP = `<img/src=x/onerror=self.taken=1>"'><svg/onload=self.taken=1>`;
const SPACED = `<img src=x onerror="self.taken=1"></title><script>self.taken=1</script>`;
const FORMULA = `=HYPERLINK("http://evil.test","x")`;
const PAGES = ["", "/log", "/agents", "/names", "/accounts", "/usage", "/audit", "/settings"];

/** Sends a request head as it stands, and waits for the answer's end. */
async function ask(address: string, line: string): Promise<void> {
  const [hostname, port] = address.split(":") as [string, string];
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const head = `${line} HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`;
  await connection.write(Uint8Array.from(head, (char) => char.charCodeAt(0)));
  const buffer = new Uint8Array(1 << 14);
  while (await connection.read(buffer) !== null);
}

Deno.test("hostile text: whatever visitors, agents and administrators write is text on every page", async (t) => {
  const folder = Deno.makeTempDirSync({ prefix: "crunch-" });
  const odd = `${folder}/${SPACED.replaceAll("/", "\\")}`;
  Deno.mkdirSync(odd);
  const config = `${odd}/crunch.toml`;
  Deno.writeTextFileSync(config, `[relay]\ndownloads = ${JSON.stringify(odd)}\n`);
  try {
    await using dashboard = await Dashboard.open(["--config", config]);
    if (dashboard === undefined) return;
    const { relay } = dashboard;
    const token = await dashboard.account("alice");
    for (const name of [MARKUP, FORMULA]) {
      await dashboard.api("POST", "/accounts/alice/tokens", { name });
    }
    const signIn = await fetch(`${dashboard.origin}/api/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": SPACED },
      body: JSON.stringify({ name: "alice", password: PASSWORD }),
    });
    assert.equal(signIn.status, 204);
    await using agent = await AgentDouble.connect({
      tunnel: relay.tunnel,
      token,
      names: ["alice"],
      software: SPACED,
      mounts: [{ path: `/${MARKUP}`, kind: "directory" }],
      answer: (request) => request.respond("hello"),
    });
    await ask(relay.http, `GET /alice/${MARKUP}?${MARKUP}`);
    await ask(relay.http, `GET /alice/\xe9\xff${MARKUP}#${MARKUP}`);
    await ask(relay.http, `+1+1 /alice/`);
    await ask(relay.http, `GET /nobody${MARKUP}/`);
    const { body: { items } } = await eventually(async () => {
      const found = await dashboard.api("GET", "/requests?filter=name:alice");
      return found.body.items.length >= 2 && found;
    });
    const hostile = items.find(({ target }: { target: string }) => target.includes("?"));
    assert.equal(hostile.target, `/alice/${MARKUP}?${MARKUP}`);

    const page = await dashboard.signedIn();
    const dialogs: string[] = [];
    const foreign: string[] = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${dashboard.origin}/`) || request.url().endsWith("/x")) {
        foreign.push(request.url());
      }
    });
    const look = async (place: string, ...texts: string[]): Promise<void> => {
      await page.goto(dashboard.at(place), { waitUntil: "commit" });
      await page.waitForSelector("nav.rail");
      for (const text of texts) await page.getByText(text).first().waitFor();
      assert.equal(await page.locator("main img, main script, main svg[onload]").count(), 0, place);
      assert.equal(await page.evaluate("self.taken"), undefined, place);
    };

    await t.step("from visitors, agents, file names and names of tokens", async () => {
      await look("/log", "+1+1");
      await page.locator(".log-rows code").filter({ hasText: MARKUP }).first().waitFor();
      await look(`/log?open=${hostile.id}`, `?${MARKUP}`.slice(1));
      await look(`/agents/${agent.welcome.session}`, SPACED);
      await look("/names/alice", `/${MARKUP}`);
      await look("/accounts/alice", MARKUP, FORMULA);
      await page.locator(`[title*="onerror"]`).first().waitFor({ state: "attached" });
      await look("/audit", MARKUP);
      await look("/settings", odd);
      await look("", MARKUP);
    });

    await t.step("from the address", async () => {
      const said = encodeURIComponent(SPACED);
      for (const place of PAGES.slice(1)) {
        await look(`${place}/${said}?q=${said}&filter=${said}&account=${said}&open=${said}`);
        await look(`${place}?since=${said}&until=${said}&range=${said}&name=${said}`);
      }
      await look(`/log?filter=${encodeURIComponent(`${SPACED.split(" ")[0]}:x`)}`, "is no key");
      await look(`/log?since=${said}`, "Try again");
      await look(`/accounts/${said}`, "There is no such account");
    });

    await t.step("and no cell of a file is a formula", async () => {
      await look("/log?filter=account:alice", "+1+1");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "CSV" }).click(),
      ]);
      const text = Deno.readTextFileSync((await download.path())!);
      assert.ok(text.includes(",'+1+1,"), text);
      assert.ok(!/(^|,)"?[=+@\t-]/m.test(text), text);
      assert.ok(text.includes(`"/alice/${MARKUP.replaceAll('"', '""')}?`), text);
    });

    assert.deepEqual([dialogs, foreign], [[], []]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Runs in a page; gives what it returned, or the name of what it threw; "nothing" where nothing came of it. */
async function attempt(page: Page, script: string): Promise<string> {
  return await page.evaluate(
    `Promise.race([
      new Promise((resolve) => setTimeout(resolve, 1_000, "nothing")),
      (async () => { ${script} })().then(String, (error) => "threw " + error.name),
    ])`,
  );
}

/** Everything that a page can send anywhere without asking; `$` is the relay. */
const SILENT = [
  `await fetch("$/api/v1/accounts", { method: "POST", mode: "no-cors", credentials: "include",
     headers: { "content-type": "text/plain" }, body: JSON.stringify({ name: "mallory", password: "mallory-1", role: "admin" }) })`,
  `await fetch("$/api/v1/agents/AGENT/drain", { method: "POST", mode: "no-cors", credentials: "include" })`,
  `await fetch("$/api/v1/accounts/alice/tokens", { method: "POST", mode: "no-cors", credentials: "include" })`,
  `navigator.sendBeacon("$/api/v1/names", JSON.stringify({ name: "mallorys" }))`,
  `navigator.sendBeacon("$/api/v1/names", new URLSearchParams({ name: "mallorys" }))`,
];

/** What a page may try to read, or to change with the browser's leave. */
const READING = [
  `return (await fetch("$/api/v1/me", { credentials: "include" })).status`,
  `return (await fetch("$/api/v1/accounts", { method: "POST", credentials: "include",
     headers: { "content-type": "application/json" }, body: "{}" })).status`,
  `return (await fetch("$/api/v1/sessions/current", { method: "DELETE", credentials: "include" })).status`,
  `return (await fetch("$/api/v1/settings", { method: "PATCH", credentials: "include", body: "{}" })).status`,
  `const module = await import("$/api/v1/me"); return JSON.stringify(module)`,
  `const module = await import("$/admin/main.js"); return JSON.stringify(module)`,
  `const source = new EventSource("$/api/v1/events", { withCredentials: true });
   return await new Promise((resolve, reject) => {
     source.onopen = () => resolve("open");
     source.onerror = () => { source.close(); reject(new TypeError("closed")); };
   })`,
  ...[
    `Object.assign(document.createElement("img"), { src: "$/api/v1/names/alice/qr.svg" })`,
    `Object.assign(document.createElement("script"), { src: "$/api/v1/requests/export" })`,
    `Object.assign(document.createElement("script"), { src: "$/static/vendor/preact.js" })`,
    `Object.assign(document.createElement("link"), { rel: "stylesheet", href: "$/api/v1/me" })`,
    `Object.assign(document.createElement("link"), { rel: "prefetch", href: "$/api/v1/me" })`,
    `Object.assign(document.createElement("object"), { data: "$/api/v1/me" })`,
  ].map((element) =>
    `const element = ${element};
     return await new Promise((resolve, reject) => {
       element.onload = () => resolve("loaded");
       element.onerror = () => reject(new TypeError("refused"));
       document.head.append(element);
     })`
  ),
];

Deno.test("other sites: neither another port nor another host reads or changes anything with the browser's session", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const token = await dashboard.account("alice");
  await using agent = await AgentDouble.connect({
    tunnel: dashboard.relay.tunnel,
    token,
    names: ["alice"],
    answer: (request) => request.respond("hello"),
  });
  const page = await dashboard.signedIn();
  const context = page.context();
  const before = await context.cookies();
  const newest = async () => (await dashboard.api("GET", "/audit")).body.items[0].id;
  const last = await newest();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response("<!doctype html><title>win</title>", {
        headers: { "content-type": "text/html" },
      }),
  );
  const put = (script: string): string =>
    script.replaceAll("$", dashboard.origin).replace("AGENT", agent.welcome.session);

  // Another port of the same host has the same cookies, and is the same site.
  for (const host of ["127.0.0.1", "localhost", "evil.localhost"]) {
    await t.step(`a page at ${host}`, async () => {
      const evil = await context.newPage();
      const answers: [string, number][] = [];
      evil.on("response", (response) => {
        const request = response.request();
        if (request.method() === "POST") answers.push([response.url(), response.status()]);
      });
      const home = `http://${host}:${server.addr.port}/`;
      await evil.goto(home);
      for (const script of READING) {
        assert.match(await attempt(evil, put(script)), /^(threw TypeError|nothing)/, script);
      }
      for (const script of SILENT) await attempt(evil, put(script));

      // Text that happens to be JSON, by a form; the second one signs in as somebody else.
      for (
        const [path, json] of [
          ["/accounts", { name: "mallory", password: "mallory-1" }],
          ["/sessions", { name: "alice", password: PASSWORD }],
        ] as const
      ) {
        const [name, value] = JSON.stringify({ ...json, x: "=" }).split('"="') as [string, string];
        await Promise.all([
          evil.waitForURL(`${dashboard.origin}/api/v1${path}`),
          attempt(
            evil,
            `const form = document.createElement("form");
             form.method = "post"; form.enctype = "text/plain"; form.action = "${dashboard.origin}/api/v1${path}";
             const input = document.createElement("input");
             input.name = ${JSON.stringify(`${name}"`)}; input.value = ${
              JSON.stringify(`"${value}`)
            };
             form.append(input); document.body.append(form); form.submit();`,
          ),
        ]);
        await evil.goto(home);
      }
      // Of what it sent in silence the browser tells nobody.
      assert.ok(answers.length >= 2);
      for (const [url, status] of answers) assert.equal(status, 403, url);

      // No frame shows it, and a window of it has no opener to listen to.
      for (const path of ["/admin", "/admin/accounts", "/api/v1/reference", "/api/v1/me", "/"]) {
        const frame = await evil.evaluateHandle(`new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.onload = () => resolve(frame);
          frame.src = "${dashboard.origin}${path}";
          document.body.append(frame);
        })`);
        const shown = await frame.asElement()!.contentFrame();
        assert.match(shown!.url(), /^chrome-error:/, path);
      }
      const [popup] = await Promise.all([
        context.waitForEvent("page"),
        attempt(evil, `self.opened = window.open("${dashboard.origin}/admin")`),
      ]);
      await popup.waitForLoadState();
      await popup.waitForSelector("nav.rail, form");
      assert.equal(await popup.evaluate("self.opener"), null);
      assert.equal(await attempt(evil, "return self.opened.closed"), "true");
      await attempt(evil, `self.opened.postMessage({ type: "sign-out" }, "*")`);
      await popup.close();
      await evil.close();
    });
  }

  await t.step("after all that everything is as before", async () => {
    assert.equal(await newest(), last);
    assert.deepEqual(
      (await context.cookies()).map(({ name, value }) => [name, value]),
      before.map(({ name, value }) => [name, value]),
    );
    assert.equal(
      await attempt(page, `return (await (await fetch("/api/v1/me")).json()).name`),
      "admin",
    );
    assert.equal((await dashboard.api("GET", "/agents")).body.items.length, 1);
  });
});

Deno.test("cookies: no script sees the session, no other site sends it, and over TLS it is that host's alone", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "crunch-" });
  const { certificate, key } = certify({ names: ["localhost"] });
  Deno.writeTextFileSync(`${folder}/cert.pem`, certificate);
  Deno.writeTextFileSync(`${folder}/key.pem`, key);
  try {
    await using dashboard = await Dashboard.open([
      ...["--https", "127.0.0.1:0", "--no-redirect"],
      ...["--tls-cert", `${folder}/cert.pem`, "--tls-key", `${folder}/key.pem`],
    ]);
    if (dashboard === undefined) return;
    const { https } = JSON.parse(Deno.readTextFileSync(dashboard.household.path("ready-1.json")));
    const page = await dashboard.window({ ignoreHTTPSErrors: true });
    const context = page.context();
    /** Signs in; gives the cookie's line with the secret left out. */
    const signIn = async (address: string): Promise<string> => {
      const answer = page.waitForResponse((response) => response.url().endsWith("/v1/sessions"));
      await page.goto(`${address}/admin`);
      await page.fill("input[name=name]", "admin");
      await page.fill("input[name=password]", PASSWORD);
      await page.keyboard.press("Enter");
      await page.waitForSelector("nav.rail");
      return (await (await answer).headerValue("set-cookie"))!.replace(/=[\w-]{43};/, "=…;");
    };
    const kept = async () =>
      (await context.cookies()).map(({ name, path, httpOnly, secure }) => ({
        ...{ name, path, httpOnly, secure },
      })).sort((one, other) => Number(one.secure) - Number(other.secure));
    const plain = { name: "crunch", path: "/", httpOnly: true, secure: false };
    const rest = "=…; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Priority=High";
    assert.equal(await signIn(dashboard.origin), `crunch${rest}`);
    assert.deepEqual(await kept(), [plain]);
    assert.equal(await page.evaluate("document.cookie"), "");

    // The same host, but the plain session counts for nothing there.
    assert.equal(await signIn(`https://${https}`), `__Host-crunch${rest}; Secure`);
    assert.deepEqual(await kept(), [plain, { ...plain, name: "__Host-crunch", secure: true }]);
    assert.equal(await page.evaluate("document.cookie"), "");
    const secret = (await context.cookies()).find(({ secure }) => secure)!;
    const answer = await fetch(`${dashboard.origin}/api/v1/me`, {
      headers: { cookie: `${secret.name}=${secret.value}` },
    });
    await answer.body?.cancel();
    assert.equal(answer.status, 401);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForSelector("input[name=password]");
    assert.deepEqual(await kept(), [plain]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
