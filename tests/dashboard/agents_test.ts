/** The page of the agents in a real browser: they come, are looked at, are sent away, and go. @module */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { AgentDouble, type DoubleOptions } from "../support/agent_double.ts";
import { Dashboard, PASSWORD } from "../support/dashboard.ts";
import { eventually, within } from "../support/deadline.ts";

const HOSTILE = `<img src=x onerror="document.title='got'">`;

/** Rows of the table, without its heading. */
function rows(page: Page): Locator {
  return page.locator("table[aria-label=Agents] tbody tr");
}

/** Lets `page` be known again: a page that was loaded anew has forgotten it. */
async function mark(page: Page): Promise<void> {
  await page.evaluate("self.isMarked = true");
}

async function isMarked(page: Page): Promise<boolean> {
  return await page.evaluate("self.isMarked === true");
}

async function overflow(page: Page): Promise<number> {
  return await page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
}

Deno.test("agents page", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const alice = await dashboard.account("alice");
  const bob = await dashboard.account("bob");
  await dashboard.account("vera", "viewer");
  const connect = (options: Partial<DoubleOptions> = {}): Promise<AgentDouble> =>
    AgentDouble.connect({
      tunnel: dashboard.relay.tunnel,
      token: alice,
      names: ["alice"],
      answer: (request) => request.respond("hello"),
      ...options,
    });
  const connectBob = (): Promise<AgentDouble> => connect({ token: bob, names: ["bob"] });

  await t.step(
    "an agent appears as it connects and vanishes as it goes, without a reload",
    async () => {
      const page = await dashboard.signedIn("/agents");
      await using _window = page.context();
      await page.getByText("No agent is connected").waitFor();
      const command = await page.locator(".empty code").textContent();
      assert.match(command!, /^crunch agent --relay \S+:\d+ --user NAME --dir \.\/site$/);
      await mark(page);
      {
        await using _agent = await connect();
        await within(rows(page).first().waitFor(), "the row");
        const text = await rows(page).first().innerText();
        assert.match(text, /^alice\s+alice\s+127\.0\.0\.1\s+double\/1\s/);
      }
      await within(page.getByText("No agent is connected").waitFor(), "the empty list");
      assert(await isMarked(page));
    },
  );

  await t.step(
    "details by keyboard alone, with the latest requests; one that goes is said to",
    async () => {
      const agent = await connect();
      await using other = await connectBob();
      await (await fetch(`${dashboard.origin}/alice/some/page`)).body?.cancel();
      const page = await dashboard.signedIn("/agents");
      await using _window = page.context();
      await rows(page).nth(1).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("ALI");
      await eventually(async () => await rows(page).count() === 1);
      assert.equal(new URL(page.url()).search, "?q=ALI");
      await page.getByRole("link", { name: "alice", exact: true }).first().focus();
      await page.keyboard.press("Enter");
      const drawer = page.getByRole("complementary", { name: "Agent alice" });
      await drawer.waitFor();
      assert.equal(new URL(page.url()).pathname, `/admin/agents/${agent.welcome.session}`);
      const request = drawer.getByRole("link", { name: /GET \/alice\/some\/page/ });
      await request.waitFor();
      assert.match((await request.getAttribute("href"))!, /^\/admin\/log\?filter=agent%3A.*&open=/);
      await page.keyboard.press("Escape");
      await drawer.waitFor({ state: "detached" });
      assert.equal(
        new URL(page.url()).pathname + new URL(page.url()).search,
        "/admin/agents?q=ALI",
      );
      assert.equal(await page.evaluate("document.activeElement.textContent"), "alice");
      await page.keyboard.press("Enter");
      await drawer.waitFor();
      await agent[Symbol.asyncDispose]();
      await drawer.getByText("not connected").waitFor();
      assert.equal(await drawer.getByRole("button", { name: "Disconnect" }).count(), 0);
      assert.match(await drawer.innerText(), /127\.0\.0\.1/);
      assert.equal(other.session.streams, 0);
    },
  );

  await t.step("disconnect asks first, says that it may come back, and does it", async () => {
    await using agent = await connect();
    const page = await dashboard.signedIn(`/agents/${agent.welcome.session}`);
    await using _window = page.context();
    await page.getByRole("button", { name: "Disconnect" }).click();
    const dialog = page.getByRole("dialog", { name: "Disconnect the agent alice?" });
    assert.match(await dialog.innerText(), /may come back after a few seconds/);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal((await dashboard.api("GET", "/agents")).body.items.length, 1);
    await page.getByRole("button", { name: "Disconnect" }).click();
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    const end = await within(agent.wentAway, "the word");
    await within(agent.ended, "the end");
    assert.deepEqual([end.code, end.message], ["disconnected", "disconnected by admin"]);
    await page.getByRole("complementary").getByText("not connected").waitFor();
    await page.getByText("No agent is connected").waitFor();
  });

  await t.step("a drained agent is shown as such until what is under way is done", async () => {
    await using agent = await connect({ answer: undefined as never });
    const visit = fetch(`${dashboard.origin}/alice/slow`).then((response) => response.text());
    const request = await agent.next();
    const page = await dashboard.signedIn(`/agents/${agent.welcome.session}`);
    await using _window = page.context();
    await page.getByRole("button", { name: "Drain" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
    await rows(page).getByText("draining").waitFor();
    const drawer = page.getByRole("complementary");
    await drawer.getByText("draining").waitFor();
    assert(await drawer.getByRole("button", { name: "Drain" }).isDisabled());
    request.respond("done");
    assert.equal(await visit, "done");
    await drawer.getByText("not connected").waitFor();
  });

  await t.step("what agents and visitors say is text", async () => {
    await using agent = await connect({ software: HOSTILE });
    await (await fetch(`${dashboard.origin}/alice/?${encodeURI(HOSTILE)}'"><b>`)).body?.cancel();
    const page = await dashboard.signedIn(`/agents/${agent.welcome.session}`);
    await using _window = page.context();
    const drawer = page.getByRole("complementary");
    await drawer.getByText(HOSTILE, { exact: true }).waitFor();
    await drawer.getByText(/GET \/alice\/\?.*img/).waitFor();
    await rows(page).getByText(HOSTILE).waitFor();
    assert.equal(await page.locator("img, b[onerror]").count(), 0);
    assert.notEqual(await page.title(), "got");
  });

  await t.step("members see their own, viewers look only", async () => {
    await using agent = await connect();
    await using _other = await connectBob();
    const place = `/agents/${agent.welcome.session}`;
    for (
      const [name, seen, may] of [["alice", 1, true], ["vera", 2, false], [
        "bob",
        1,
        false,
      ]] as const
    ) {
      const page = await dashboard.signedIn(place, { name, password: PASSWORD });
      await using _window = page.context();
      await rows(page).first().waitFor();
      assert.equal(await rows(page).count(), seen, name);
      const drawer = page.getByRole("complementary");
      await drawer.getByText(name === "bob" ? "not connected" : "connected", { exact: true })
        .waitFor();
      assert.equal(await drawer.getByRole("button", { name: "Drain" }).count(), may ? 1 : 0, name);
      assert.equal((await drawer.innerText()).includes("127.0.0.1"), name !== "bob");
      await page.context().close();
    }
  });

  await t.step("rows stay where they are while the pointer is over them", async () => {
    await using _agent = await connect();
    await using _other = await connectBob();
    const page = await dashboard.signedIn("/agents", { clock: true });
    await using _window = page.context();
    await rows(page).nth(1).waitFor();
    const names = async (): Promise<string[]> => await rows(page).locator("a").allInnerTexts();
    const sort = page.getByRole("button", { name: /^Out/ });
    const visit = async (name: string, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await (await fetch(`${dashboard.origin}/${name}/`)).arrayBuffer();
      }
    };
    const outOf = async (name: string): Promise<string> =>
      await rows(page).filter({ has: page.getByRole("link", { name }) }).locator("td").nth(7)
        .innerText();
    /** What the page asks for every 5 s comes at once. */
    const later = (isSo: () => Promise<boolean>): Promise<boolean> =>
      eventually(async () => {
        await page.clock.fastForward(5_000);
        return await isSo();
      }, { every: 200 });
    await visit("alice", 1);
    await later(async () => await outOf("alice") !== "0 B");
    await sort.click();
    await sort.click();
    assert.deepEqual(await names(), ["alice", "bob"]);
    await rows(page).first().hover();
    await visit("bob", 20);
    await later(async () => await outOf("bob") !== "0 B");
    assert.deepEqual(await names(), ["alice", "bob"]);
    await page.mouse.move(5, 5);
    await later(async () => (await names())[0] === "bob");
  });

  await t.step(
    "phone: the bar has five entries; the others are in a menu that keys open and close",
    async () => {
      await using agent = await connect({ software: "x".repeat(120) });
      const page = await dashboard.signedIn("/agents", { width: 360, height: 740 });
      await using _window = page.context();
      await rows(page).first().waitFor();
      assert.equal(await overflow(page), 0);
      const bar = page.getByRole("navigation", { name: "Pages" });
      const more = bar.getByRole("button", { name: "More" });
      assert.equal(await bar.getByRole("link").count(), 4);
      for (const entry of [...await bar.getByRole("link").all(), more]) {
        const box = (await entry.boundingBox())!;
        assert(box.width >= 44 && box.height >= 44);
      }
      await more.focus();
      await page.keyboard.press("Enter");
      await eventually(async () => await bar.getByRole("link").count() === 8);
      await page.keyboard.press("Escape");
      await eventually(async () => await bar.getByRole("link").count() === 4);
      assert.equal(await page.evaluate("document.activeElement.textContent.trim()"), "More");
      await page.keyboard.press("Enter");
      for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Audit", level: 1 }).waitFor();
      assert.equal(await bar.getByRole("link").count(), 4);
      await page.goto(dashboard.at(`/agents/${agent.welcome.session}`));
      await page.getByRole("complementary").getByText("connected", { exact: true }).waitFor();
      assert.equal(await overflow(page), 0);
    },
  );
});
