/** The log in a real browser: what comes is seen, found, opened, and taken along. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { Dashboard } from "../support/dashboard.ts";
import { eventually } from "../support/deadline.ts";

/** A relay with an agent that serves a folder. */
async function open(): Promise<{ dashboard: Dashboard; url: string } | undefined> {
  const dashboard = await Dashboard.open();
  if (dashboard === undefined) return undefined;
  const { household } = dashboard;
  household.write("site/index.html", "hello");
  const { urls } = await household.agent(["--dir", household.path("site")]);
  return { dashboard, url: urls[0]! };
}

async function ask(url: string, init: RequestInit = {}): Promise<void> {
  await (await fetch(url, init)).body?.cancel();
}

/** The targets that are shown, from the top. */
function targets(page: Page): Promise<string[]> {
  return page.locator(".log-rows .c-target code").evaluateAll((all) =>
    all.map(({ textContent }) => textContent ?? "")
  );
}

/** Until the page listens to what comes. */
async function live(page: Page): Promise<void> {
  await page.waitForSelector(".log-list");
  await page.waitForSelector(".log[data-state=live]");
}

Deno.test("log", async (t) => {
  const opened = await open();
  if (opened === undefined) return;
  await using dashboard = opened.dashboard;
  const { url } = opened;
  const base = new URL(url).pathname;

  await t.step("without any request it says how to make one; the first one appears", async () => {
    const page = await dashboard.signedIn("/log");
    await page.getByText("No requests yet").waitFor();
    await page.getByText(`curl -i ${url}`).waitFor();
    await page.waitForSelector(".log[data-state=live]");
    await ask(`${url}first`);
    await page.getByRole("row").getByText(`${base}first`).waitFor();
    await page.context().close();
  });

  await t.step("a request is seen within 200 ms", async () => {
    const page = await dashboard.signedIn("/log");
    await live(page);
    const delays: number[] = [];
    for (let i = 0; i < 5; i++) {
      const path = `quick-${i}`;
      const seen = page.evaluate(`new Promise((resolve) => {
        const look = () => document.querySelector(".log-rows")?.textContent.includes("${path}")
          ? resolve(Date.now()) : requestAnimationFrame(look);
        look();
      })`);
      await ask(url + path);
      const ended = Date.now();
      delays.push(await seen as number - ended);
    }
    delays.sort((a, b) => a - b);
    assert.ok(delays[2]! < 200, `in the middle, of ${delays} ms`);
    await page.context().close();
  });

  await t.step("hostile text is text, whatever field it is in", async () => {
    const page = await dashboard.signedIn("");
    const text = `"><img src=x onerror="self.isHit=true">'<script>self.isHit=true</script>`;
    const row = {
      ...{ id: text, time: new Date().toISOString(), name: text, account: text, agent: text },
      ...{ visitor: text, method: text, target: `/${text}?a=${text}`, status: 200 },
      ...{ bytes_in: 1, bytes_out: 1, ms: 1, ttfb_ms: 1 },
    };
    await page.route(
      /\/requests\?/,
      (route) =>
        route.fulfill({ json: { items: [row], next: null, newest: "9".repeat(16), gaps: [] } }),
    );
    await page.goto(dashboard.at("/log"));
    await page.evaluate(`localStorage.setItem("crunch.columns.log",
      "time method status name account target visitor agent in out ttfb ms")`);
    await page.reload();
    await live(page);
    for (const key of ["method", "name", "account", "visitor", "agent"]) {
      assert.equal(await page.locator(`.log-rows .c-${key}`).first().textContent(), text);
    }
    assert.equal((await targets(page))[0], row.target);
    await page.locator(".log-rows .c-target a").first().click();
    const drawer = page.getByRole("complementary", { name: "Request" });
    assert.equal(await drawer.getByRole("link", { name: text, exact: true }).count(), 5);
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.evaluate("self.isHit"), undefined);
    await page.context().close();
  });

  await t.step("a filter narrows down, lives in the address, and its faults are said", async () => {
    await ask(`${url}found.html`);
    await ask(url);
    const page = await dashboard.signedIn("/log");
    await live(page);
    await page.keyboard.press("/");
    await page.keyboard.type("sta");
    await page.getByRole("option", { name: /^status:/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await page.inputValue("[data-search]"), "status:");
    await page.keyboard.type("2x");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/filter=status%3A2xx/);
    await eventually(async () => {
      const found = await targets(page);
      return found.length > 0 && found.every((one) => one === base);
    });
    await ask(`${url}not-this`);
    await ask(url);
    await eventually(async () => (await targets(page)).length === 2);
    assert.deepEqual(await targets(page), [base, base]);

    await page.fill("[data-search]", "statsu:404");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("did you mean status:").waitFor();
    await page.fill("[data-search]", "");
    await eventually(async () => (await targets(page)).includes(`${base}found.html`));
    assert.equal(new URL(page.url()).search, "");

    await page.getByRole("button", { name: "4xx" }).click();
    await eventually(async () => {
      const found = await targets(page);
      return found.length > 0 && !found.includes(base);
    });
    await page.context().close();
  });

  await t.step("files have what the filter shows, and nothing else", async () => {
    const page = await dashboard.signedIn("/log?filter=status:4xx+-path:*quick*");
    await live(page);
    const shown = await targets(page);
    const href = await page.getByRole("link", { name: "NDJSON" }).getAttribute("href");
    const lines = await page.evaluate(`fetch(${JSON.stringify(href)}).then((file) => file.text())`);
    const rows = (lines as string).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(rows.map(({ target }) => target), shown);
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV", exact: true }).click();
    const download = await waiting;
    assert.match(download.suggestedFilename(), /^requests-.*\.csv$/);
    const csv = Deno.readTextFileSync(await download.path());
    assert.equal(csv.trim().split("\r\n").length, shown.length + 1);
    await page.context().close();
  });

  await t.step("by keys: to a row, into it, on to its neighbour, and back", async () => {
    for (const path of ["a", "b", "c"]) await ask(`${url}keys-${path}`);
    const page = await dashboard.signedIn("/log?filter=keys-");
    await live(page);
    await page.locator(".log-list").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("complementary", { name: "Request" });
    await drawer.getByRole("heading", { name: "keys-b" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await drawer.getByRole("heading", { name: "keys-a" }).waitFor();
    const deep = page.url();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).searchParams.get("open"), null);
    // One goes on in the list.
    await page.waitForFunction("document.activeElement.className.includes('log-list')");
    await page.goto(deep.replace(/filter=[^&]*/, "filter=nothing-like-it"));
    await drawer.getByRole("heading", { name: "keys-a" }).waitFor();
    await drawer.getByRole("button", { name: "Copy as curl" }).waitFor();
    await page.goto(dashboard.at("/log?open=no-such-id"));
    await drawer.getByRole("alert").waitFor();
    await page.context().close();
  });

  await t.step("paused, what comes is counted, and shown when it is wanted", async () => {
    const page = await dashboard.signedIn("/log?filter=pause-");
    await page.waitForSelector(".log[data-state=live]");
    await ask(`${url}pause-0`);
    await live(page);
    await page.locator(".log-list").press("p");
    await page.getByText("paused", { exact: true }).waitFor();
    for (let i = 1; i <= 3; i++) await ask(`${url}pause-${i}`);
    const button = page.getByRole("button", { name: "3 new" });
    await button.waitFor();
    assert.deepEqual(await targets(page), [`${base}pause-0`]);
    await button.click();
    await eventually(async () => (await targets(page)).length === 4);
    await ask(`${url}pause-4`);
    await page.getByRole("button", { name: "1 new" }).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await eventually(async () => (await targets(page))[0] === `${base}pause-4`);

    // Right where the button comes up: it stays, and nothing moves beneath it.
    await page.locator(".log-rows .line").first().hover();
    await ask(`${url}pause-5`);
    await page.getByRole("button", { name: "1 new" }).waitFor();
    await page.getByRole("button", { name: "1 new" }).hover();
    await ask(`${url}pause-6`);
    await page.getByRole("button", { name: "2 new" }).waitFor();
    assert.equal((await targets(page))[0], `${base}pause-4`);
    await page.mouse.move(5, 5);
    await eventually(async () => (await targets(page))[0] === `${base}pause-6`);
    await page.context().close();
  });

  await t.step(
    "long ago: older ones are read as one goes down, few rows are in the page",
    async () => {
      for (let i = 0; i < 500; i += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, j) => ask(`${url}many-${i + j}`)));
      }
      const page = await dashboard.signedIn("/log?filter=many-");
      await live(page);
      await page.locator(".log-list").focus();
      await eventually(async () => {
        await page.keyboard.press("End");
        return await page.getByText("That is all").count() > 0;
      }, { every: 100 });
      assert.equal(await page.locator(".log-list").getAttribute("aria-rowcount"), "501");
      assert.ok(await page.locator(".log-rows [data-place]").count() < 60);
      // Read further down, new ones wait.
      await ask(`${url}many-new`);
      await page.getByRole("button", { name: "1 new" }).click();
      await eventually(async () => (await targets(page))[0] === `${base}many-new`);
      await page.context().close();
    },
  );

  await t.step("nothing scrolls sideways on a phone", async () => {
    await ask(`${url}${"long/".repeat(100)}`);
    const page = await dashboard.signedIn("/log", { width: 360, height: 740 });
    await live(page);
    const wider = `Math.max(...["html", ".log-list"].map((place) => {
      const { scrollWidth, clientWidth } = document.querySelector(place);
      return scrollWidth - clientWidth;
    }))`;
    assert.equal(await page.evaluate(wider), 0);
    await page.locator(".log-rows .line").first().click();
    await page.getByRole("complementary", { name: "Request" }).waitFor();
    assert.equal(
      await page.evaluate(`(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(
        document.querySelector(".drawer-body"))`),
      0,
    );
    await page.context().close();
  });

  await t.step("a relay that was gone: the log goes on without gap or double", async () => {
    const page = await dashboard.signedIn("/log?filter=again-");
    await page.waitForSelector(".log[data-state=live]");
    await ask(`${url}again-0`);
    await live(page);
    dashboard.relay.process.kill("SIGTERM");
    await dashboard.relay.process.exit;
    await page.getByText("interrupted", { exact: true }).waitFor();
    const relay = await dashboard.household.again(dashboard.relay);
    // Before the page is back; the agent need not be.
    for (let i = 1; i <= 3; i++) await ask(`http://${relay.http}${base}again-${i}`);
    await eventually(async () => (await targets(page)).length >= 4);
    assert.deepEqual(await targets(page), [3, 2, 1, 0].map((i) => `${base}again-${i}`));
    await page.context().close();
    dashboard.complaints.length = 0; // failed fetches
    await page.context().close();
  });
});
