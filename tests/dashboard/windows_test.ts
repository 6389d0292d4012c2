/** Many windows of one browser: one stream for all of them, each with what it asks for. @module */

import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { Dashboard } from "../support/dashboard.ts";
import { eventually } from "../support/deadline.ts";
import { ask } from "../support/visitor.ts";

/** Lets a test say that nobody sees a page. */
const HIDING = `
  self.isHidden = new URLSearchParams(location.search).has("hidden");
  Object.defineProperty(document, "hidden", { get: () => self.isHidden });
  self.hide = (isHidden) => {
    self.isHidden = isHidden;
    document.dispatchEvent(new Event("visibilitychange"));
  };`;

async function targets(page: Page): Promise<string[]> {
  return await page.locator(".log-rows .c-target").allTextContents();
}

async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector("nav.rail");
  return page;
}

function live(page: Page): Promise<unknown> {
  return page.waitForSelector('.log[data-state="live"]');
}

Deno.test("windows: ten of them share a stream, each with its own filter, and give it on", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const first = await dashboard.signedIn("/log");
  const context = first.context();
  await context.addInitScript(HIDING);
  const { http } = dashboard.relay;
  const made = await dashboard.api("POST", "/accounts/admin/tokens", { scope: "metrics" });
  const streams = async () => {
    const { text } = await ask(http, "/metrics", {
      host: http,
      fields: [`Authorization: Bearer ${made.body.token}`],
    });
    return Number(/^crunch_event_streams (\d+)/m.exec(text)?.[1]);
  };
  const windows = [first];

  await t.step("ten windows work", async () => {
    await live(first);
    for (let i = 1; i < 10; i++) {
      const filter = i === 1 ? "" : `?filter=path:*-w${i}*`;
      windows.push(await open(context, dashboard.at(`/log${filter}`)));
      await live(windows[i]!);
    }
    // The stream for nine windows' lists may not have closed yet.
    await eventually(async () => await streams() === 1);
    for (let i = 2; i < 10; i++) await ask(http, `/none/a-w${i}`);
    for (let i = 2; i < 10; i++) {
      await eventually(async () => (await targets(windows[i]!)).length === 1);
      assert.deepEqual(await targets(windows[i]!), [`/none/a-w${i}`]);
    }
    for (const page of windows.slice(0, 2)) {
      await eventually(async () => (await targets(page)).length === 8);
    }
    assert.equal(await streams(), 1);
  });

  await t.step("when the leader goes, another one goes on without loss or double", async () => {
    await windows.shift()!.close();
    for (let i = 0; i < 5; i++) await ask(http, `/none/b${i}`);
    const [page] = windows;
    await eventually(async () => (await targets(page!)).length === 13);
    const shown = await targets(page!);
    assert.equal(new Set(shown).size, 13);
    await eventually(async () => await streams() === 1);
  });

  await t.step("a page that starts hidden has none, and begins when it is seen", async () => {
    for (const page of windows.splice(0)) await page.close();
    await eventually(async () => await streams() === 0);
    const page = await open(context, dashboard.at("/log?hidden=1"));
    await page.waitForSelector(".log-rows");
    assert.equal(await streams(), 0);
    await page.evaluate("hide(false)");
    await live(page);
    assert.equal(await streams(), 1);
    await ask(http, "/none/seen");
    await eventually(async () => (await targets(page))[0] === "/none/seen");
    windows.push(page);
  });

  await t.step(
    "hidden and seen in turns while lines break: one stream, and each row once",
    async () => {
      const [page] = windows;
      for (let i = 0; i < 4; i++) {
        await context.setOffline(true);
        await page!.evaluate("hide(true); hide(false)");
        await ask(http, `/none/c${i}`);
        await context.setOffline(false);
        await page!.evaluate("hide(true); hide(false)");
      }
      await eventually(async () =>
        (await targets(page!)).filter((one) => /\/c\d$/.test(one)).length >= 4
      );
      const shown = await targets(page!);
      assert.equal(new Set(shown).size, shown.length);
      await eventually(async () => await streams() === 1);
    },
  );

  await t.step("without locks and channels each window that is seen has one", async () => {
    for (const page of windows.splice(0)) await page.close();
    await eventually(async () => await streams() === 0);
    await context.addInitScript(`delete Navigator.prototype.locks; delete self.BroadcastChannel;`);
    const pages = [
      await open(context, dashboard.at("/log")),
      await open(context, dashboard.at("/log")),
    ];
    for (const page of pages) await live(page);
    await eventually(async () => await streams() === 2);
    await ask(http, "/none/alone");
    for (const page of pages) {
      await eventually(async () => (await targets(page))[0] === "/none/alone");
    }
    for (const page of pages) await page.close();
  });
  await context.close();
});

Deno.test("windows: who signs out or in as somebody else does so in all windows", async () => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  await dashboard.account("bob");
  const one = await dashboard.signedIn("");
  const other = await open(one.context(), dashboard.at("/log"));
  await live(other);
  await one.getByRole("button", { name: "Sign out" }).click();
  await other.waitForSelector("input[name=password]");
  await one.fill("input[name=name]", "bob");
  await one.fill("input[name=password]", "correct horse battery");
  await one.keyboard.press("Enter");
  await other.locator("a.who", { hasText: "bob" }).waitFor();
  await live(other);
  await ask(dashboard.relay.http, "/none/foreign");
  await ask(dashboard.relay.http, "/bob/own");
  await eventually(async () => (await targets(other)).includes("/bob/own"));
  assert.deepEqual(await targets(other), ["/bob/own"]);
  await one.context().close();
});
