/** All that a relay's owner does on the first day, in a real browser, on a desk in daylight and on a phone at night. @module */

import assert from "node:assert/strict";
import type { Page, Response } from "playwright-core";
import { AgentDouble } from "../support/agent_double.ts";
import { openBrowser } from "../support/browser.ts";
import { Household } from "../support/crunch.ts";
import { Dashboard, PASSWORD } from "../support/dashboard.ts";
import { DEADLINE, eventually, within } from "../support/deadline.ts";

const LOOKS = [
  { width: 1440, height: 900, colorScheme: "light" },
  { width: 360, height: 740, colorScheme: "dark" },
] as const;
const PAGES = ["", "/log", "/agents", "/names", "/accounts", "/usage", "/audit", "/settings"];

/** Goes to a page as a reader does: by the rail, or by a phone's bar and its menu. */
async function visit(page: Page, title: string): Promise<void> {
  const link = page.locator("nav.rail").getByRole("link", { name: title, exact: true });
  if (!await link.isVisible()) await page.getByRole("button", { name: "More" }).click();
  await link.click();
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
}

/** The targets that the log shows, from the top. */
function targets(page: Page): Promise<string[]> {
  return page.locator(".log-rows .c-target code").evaluateAll((all) =>
    all.map(({ textContent }) => textContent ?? "")
  );
}

/** Cells of CSV (RFC 4180), line by line. */
function cells(text: string): string[][] {
  return text.trimEnd().split("\r\n").map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)]
      .map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "")
  );
}

/** Asks in the page itself, and gives the ms from the answer's end until the log has drawn its row. */
async function delay(page: Page, path: string): Promise<number> {
  return await page.evaluate(`(async () => {
    const answer = await fetch(${JSON.stringify(path)});
    await answer.text();
    const ended = performance.now();
    for (;;) {
      await new Promise(requestAnimationFrame);
      const log = document.querySelector(".log-rows")?.textContent ?? "";
      if (log.includes(${JSON.stringify(path)})) return performance.now() - ended;
      if (performance.now() - ended > 5_000) return Infinity;
    }
  })()`);
}

/** When `condition` came to hold in the page, ms since 1970. */
async function moment(page: Page, condition: string): Promise<number> {
  return await page.evaluate(`(async () => {
    const until = Date.now() + 10_000;
    while (Date.now() < until) {
      if (${condition}) return Date.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return Infinity;
  })()`);
}

/** Until a page shows more than that it is coming. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector("main > :not(.loading)", { state: "attached" });
  await page.locator("main .loading").first().waitFor({ state: "detached" });
}

for (const look of LOOKS) {
  const { width, colorScheme } = look;
  Deno.test(`journey: from the first sign-in to the last agent's end, ${width} px, ${colorScheme}`, async () => {
    await using browser = await openBrowser();
    if (browser === undefined) return;
    await using household = new Household();
    household.write("work/site/index.html", "hello from bob");
    const relay = await household.relay();
    const file = `${household.data}/admin-password`;
    const context = await browser.newContext({
      viewport: look,
      colorScheme,
      acceptDownloads: true,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/ 40[0-9] /.test(message.text())) {
        complaints.push(message.text());
      }
    });
    const fits = async (): Promise<void> => {
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(over as number <= 0, `${page.url()} is ${over} px too wide`);
    };

    // In, with the password that the first start made.
    await page.goto(`http://${relay.http}/admin`);
    await page.getByLabel("Name").fill("admin");
    const generated = Deno.readTextFileSync(file).trim();
    await page.getByLabel("Password").fill(generated);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
    const dark = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    assert.equal(Number(/\d+/.exec(String(dark))![0]) < 60, colorScheme === "dark");
    await fits();

    // An account, and a token with the line that its agent is started by.
    await visit(page, "Accounts");
    await page.getByRole("button", { name: "Add an account" }).click();
    const form = page.getByRole("dialog", { name: "Add an account" });
    await form.getByLabel("Name").fill("bob");
    await form.locator("[name=password]").fill(PASSWORD);
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: "bob" }).waitFor();
    await fits();
    await page.getByRole("button", { name: "Make a token" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("laptop");
    await page.getByRole("dialog").locator("[name=current_password]").fill(generated);
    await page.getByRole("dialog").getByRole("button", { name: "Make", exact: true }).click();
    const made = page.getByRole("dialog", { name: "The new token" });
    const line = await made.locator("code").nth(1).innerText();
    await made.getByRole("button", { name: "Done" }).click();
    const words = /^CRUNCH_TOKEN=(\S+) crunch agent (.+)$/.exec(line);
    assert.ok(words !== null, line);
    const agent = await household.agent(words[2]!.split(" "), {
      env: { CRUNCH_TOKEN: words[1]! },
      cwd: household.path("work"),
    });
    await visit(page, "Agents");
    const agents = page.locator("table[aria-label=Agents] tbody tr");
    await agents.getByText("bob", { exact: true }).first().waitFor();

    // Its requests: seen as they end, filtered, opened, taken along.
    await visit(page, "Log");
    await page.waitForSelector(".log[data-state=live]");
    const delays: number[] = [];
    for (let i = 0; i < 5; i++) delays.push(await delay(page, `/bob/live-${i}`));
    delays.sort((a, b) => a - b);
    assert.ok(delays[2]! < 200, `in the middle, of ${delays} ms`);
    for (const path of ["", "?a=1,2", "?b=%22x%22", "gone"]) {
      await (await within(fetch(`http://${relay.http}/bob/${path}`), "an answer")).body?.cancel();
    }
    await page.fill("[data-search]", "status:200 name:bob");
    await page.keyboard.press("Enter");
    const wanted = ["/bob/?b=%22x%22", "/bob/?a=1,2", "/bob/"];
    await eventually(async () => (await targets(page)).join() === wanted.join());
    assert.equal(new URL(page.url()).searchParams.get("filter"), "status:200 name:bob");
    await fits();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV" }).click(),
    ]);
    const [head, ...lines] = cells(Deno.readTextFileSync((await download.path())!));
    assert.match(download.suggestedFilename(), /^requests-\d{4}-\d\d-\d\d\.csv$/);
    const column = (key: string): string[] => lines.map((cell) => cell[head!.indexOf(key)]!);
    assert.deepEqual(column("target"), wanted);
    const statuses = await page.locator(".log-rows .c-status").allInnerTexts();
    assert.deepEqual(column("status"), statuses.map((text) => text.replace(/\D/g, "")));
    await page.getByRole("row").getByText("/bob/?a=1,2").click();
    const details = page.getByRole("complementary", { name: "Request" });
    await details.getByText("a=1,2", { exact: true }).waitFor();
    await details.getByText(column("id")[1]!).waitFor();
    await fits();
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });

    // Shut out: the agent is gone within a second, for the page and for the API.
    const other = await context.newPage();
    await other.goto(`http://${relay.http}/admin/agents`);
    await other.locator("table[aria-label=Agents] tbody tr").first().waitFor();
    await visit(page, "Accounts");
    await page.getByRole("link", { name: "bob", exact: true }).click();
    await page.getByText("online").waitFor();
    const gone = [
      moment(other, `document.body.innerText.includes("No agent is connected")`),
      moment(other, `(await (await fetch("/api/v1/agents")).json()).items.length === 0`),
      moment(
        page,
        `document.querySelector("[aria-labelledby=names]").innerText.includes("offline")`,
      ),
    ];
    const clicked = page.evaluate(
      `new Promise((resolve) => addEventListener("click", () => resolve(Date.now()), { capture: true }))`,
    );
    await page.getByRole("button", { name: "Disable" }).click();
    const began = await clicked as number;
    for (const [i, when] of (await Promise.all(gone)).entries()) {
      assert.ok(
        when - began < 1_000,
        `${["agents page", "API", "account"][i]}: ${when - began} ms`,
      );
    }
    const answer = await fetch(`http://${relay.http}/bob/`);
    await answer.body?.cancel();
    assert.equal(answer.status, 404);
    await agent.process.said(/disabled/);
    for (const place of PAGES) {
      await page.goto(`http://${relay.http}/admin${place}`);
      await settled(page);
      await fits();
    }
    assert.deepEqual(complaints, []);
  });
}

/** What of alice's no stranger may ever see, on a page or in an answer. */
const SECRETS = ["alices-diary", "alices-software", "alices-token", "alices-mount"];

/** All answers of the API that `page` gets from now on; streams have none. */
function answersOf(page: Page): Promise<string>[] {
  const texts: Promise<string>[] = [];
  page.on("response", (response: Response) => {
    if (!response.url().includes("/api/") || response.url().includes("stream")) return;
    if (response.headers()["content-type"]?.includes("event-stream")) return;
    // Of one that its page left amid its body the browser may never say that it is over.
    texts.push(within(response.text(), "a body").catch(() => ""));
  });
  return texts;
}

Deno.test("journey: a member sees their own on every page and by every address, a viewer changes nothing", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const alice = await dashboard.account("alice");
  const bob = await dashboard.account("bob");
  await dashboard.account("vera", "viewer");
  const made = await dashboard.api("POST", "/accounts/alice/tokens", { name: "alices-token" });
  const connect = (token: string, name: string) =>
    AgentDouble.connect({
      tunnel: dashboard.relay.tunnel,
      token,
      names: [name],
      software: `${name}s-software/1`,
      mounts: [{ path: `/${name}s-mount`, kind: "directory" }],
      answer: (request) => request.respond("hello"),
    });
  await using hers = await connect(alice, "alice");
  await using his = await connect(bob, "bob");
  for (const path of ["alice/alices-diary", "bob/bobs-page"]) {
    await (await within(fetch(`${dashboard.origin}/${path}`), "an answer")).body?.cancel();
  }
  const request = await eventually(async () => {
    const { body } = await dashboard.api("GET", "/requests?filter=name:alice");
    return body.items[0];
  });
  const agent = hers.welcome.session;
  const foreign = [
    `/agents/${agent}`,
    "/names/alice",
    "/accounts/alice",
    `/log?open=${request.id}`,
    "/log?filter=name:alice",
    "/log?filter=account:alice",
    "/log?filter=path:*diary*",
    "/usage?account=alice",
    "/usage?name=alice",
    "/audit?account=alice",
  ];

  for (const { colorScheme, ...look } of LOOKS) {
    await t.step(`a member, ${look.width} px`, async () => {
      const page = await dashboard.signedIn("", { name: "bob", colorScheme, ...look });
      const answers = answersOf(page);
      for (const place of look.width > 1000 ? [...PAGES, ...foreign] : PAGES) {
        await page.goto(dashboard.at(place), { waitUntil: "commit" });
        await settled(page);
        const text = await page.locator("body").innerText();
        for (const secret of [...SECRETS, agent.slice(0, 8), made.body.id]) {
          assert.ok(!text.includes(secret), `${place} shows ${secret}:\n${text}`);
        }
      }
      await page.goto(dashboard.at("/log"));
      await page.getByRole("row").getByText("/bob/bobs-page").waitFor();
      assert.ok((await targets(page)).every((target) => target.startsWith("/bob/")));
      // What comes while it is open, too.
      await page.waitForSelector(".log[data-state=live]");
      for (const path of ["alice/alices-diary", "bob/bobs-other"]) {
        await (await within(fetch(`${dashboard.origin}/${path}`), "an answer")).body?.cancel();
      }
      await page.getByRole("row").getByText("/bob/bobs-other").waitFor();
      assert.ok((await targets(page)).every((target) => target.startsWith("/bob/")));
      const all = await Promise.all(answers);
      assert.ok(all.length > PAGES.length, String(all.length));
      for (const text of all) {
        // What was asked for is said again; of what is there nothing is.
        for (const secret of [...SECRETS, `"${agent}"`, `"${request.id}"`, '"alice"']) {
          assert.ok(!text.includes(secret), `an answer has ${secret}: ${text}`);
        }
      }
      await page.context().close();
    });
  }

  await t.step(
    "a viewer has no button that changes anything, and is refused without one",
    async () => {
      const page = await dashboard.signedIn("", { name: "vera" });
      const audit = async () => (await dashboard.api("GET", "/audit")).body.items[0].id;
      const before = await audit();
      const changing =
        /^(Add|Disable|Enable|Trust|Remove|Release|Transfer|Reserve|Make|Revoke|Disconnect|Drain|Change (?!my)|Reset|Set|End)\b/;
      for (const place of [...PAGES, ...foreign.slice(0, 4), "/accounts?new=1", "/names?new=1"]) {
        await page.goto(dashboard.at(place), { waitUntil: "commit" });
        await settled(page);
        const buttons = await page.getByRole("button").evaluateAll((all) =>
          all.map((button) => button.getAttribute("aria-label") ?? button.textContent ?? "")
        );
        assert.deepEqual(buttons.filter((text) => changing.test(text.trim())), [], place);
        assert.equal(await page.getByRole("dialog").count(), 0, place);
        assert.equal(await page.locator("main select, main form").count(), 0, place);
      }
      const calls = [
        ["POST", "/accounts", { name: "mallory", password: PASSWORD, role: "admin" }],
        ["PATCH", "/accounts/alice", { disabled: true }],
        ["PATCH", "/accounts/vera", { role: "admin" }],
        ["DELETE", "/accounts/alice"],
        ["POST", "/accounts/vera/tokens", { name: "t" }],
        ["DELETE", `/tokens/${made.body.id}`],
        ["POST", "/names", { name: "veras" }],
        ["PATCH", "/names/alice", { account: "vera" }],
        ["DELETE", "/names/alice"],
        ["DELETE", `/agents/${agent}`],
        ["POST", `/agents/${agent}/drain`],
        ["PATCH", "/settings", { "max-connections": 1 }],
      ] as const;
      for (const [method, path, body] of calls) {
        const status = await page.evaluate(`fetch("/api/v1${path}", {
        method: "${method}",
        ${body === undefined ? "" : `headers: { "content-type": "application/json" },`}
        body: ${body === undefined ? "null" : JSON.stringify(JSON.stringify(body))},
      }).then((answer) => answer.status)`);
        assert.equal(status, 403, `${method} ${path}`);
      }
      assert.equal(await audit(), before);
      assert.equal(his.session.streams, 0);
      await page.context().close();
    },
  );
});
