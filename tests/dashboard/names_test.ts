/** The page of the names in a real browser: reserved, looked at, checked, given away, released. @module */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { renderSVG } from "uqr";
import { AgentDouble, type DoubleOptions } from "../support/agent_double.ts";
import { Dashboard } from "../support/dashboard.ts";
import { eventually, within } from "../support/deadline.ts";

/** The row of a name. */
function row(page: Page, name: string): Locator {
  return page.locator("table[aria-label=Names] tbody tr").filter({
    has: page.getByRole("link", { name, exact: true }),
  });
}

async function overflow(page: Page): Promise<number> {
  return await page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
}

/** How wide an image is by itself; 0 before it is there. Runs in the page. */
function widthOf(image: unknown): number {
  return (image as { naturalWidth: number }).naturalWidth;
}

Deno.test("names page", async (t) => {
  await using dashboard = await Dashboard.open(["--names-per-account", "1"]);
  if (dashboard === undefined) return;
  const token = await dashboard.account("alice");
  await dashboard.account("bob");
  await dashboard.account("vera", "viewer");
  const connect = (options: Partial<DoubleOptions> = {}): Promise<AgentDouble> =>
    AgentDouble.connect({ tunnel: dashboard.relay.tunnel, token, names: ["alice"], ...options });

  await t.step("a name is reserved, given away, and released after it was typed", async () => {
    const page = await dashboard.signedIn("/names");
    await using _page = page.context();
    await page.getByRole("button", { name: "Reserve a name" }).click();
    const form = page.getByRole("dialog", { name: "Reserve a name" });
    await eventually(async () => await page.evaluate("document.activeElement.name") === "name");
    // Refusals stand at their field, and nothing is lost.
    await page.keyboard.type("bob");
    await page.keyboard.press("Tab");
    await page.keyboard.type("alice");
    await page.keyboard.press("Enter");
    await form.getByText("The name bob is taken").waitFor();
    await form.getByLabel("Name").fill("photos");
    await form.getByLabel("Account").fill("nobody");
    await page.keyboard.press("Enter");
    await form.getByText("There is no account nobody").waitFor();
    await form.getByLabel("Account").fill("alice");
    await page.keyboard.press("Enter");
    await form.waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).pathname, "/admin/names/photos");
    const drawer = page.getByRole("complementary", { name: "Name photos" });
    await drawer.getByText("--user alice --name photos --dir ./site").waitFor();
    assert.match(await row(page, "photos").innerText(), /offline\s+alice\s+further/);

    await drawer.getByRole("button", { name: "Transfer" }).click();
    const giving = page.getByRole("dialog", { name: "Transfer photos?" });
    assert.match(await giving.innerText(), /It is alice's\./);
    // Somebody else is quicker: what was looked at is not what it is now.
    await dashboard.api("PATCH", "/names/photos", { account: "bob" });
    await giving.getByLabel("New owner").fill("admin");
    await giving.getByRole("button", { name: "Transfer" }).click();
    await giving.getByText("It was changed meanwhile").waitFor();
    await giving.getByRole("button", { name: "Cancel" }).click();
    await eventually(async () => /bob/.test(await row(page, "photos").innerText()));
    await drawer.getByRole("button", { name: "Transfer" }).click();
    await giving.getByLabel("New owner").fill("alice");
    await giving.getByRole("button", { name: "Transfer" }).click();
    await giving.waitFor({ state: "detached" });
    await drawer.getByRole("link", { name: "alice", exact: true }).waitFor();
    assert.equal((await dashboard.api("GET", "/names/photos")).body.account, "alice");

    await drawer.getByRole("button", { name: "Release" }).click();
    const dialog = page.getByRole("dialog", { name: "Release photos?" });
    const release = dialog.getByRole("button", { name: "Release" });
    assert(await release.isDisabled());
    await dialog.getByRole("textbox").fill("photo");
    assert(await release.isDisabled());
    await page.keyboard.press("Enter");
    assert.equal((await dashboard.api("GET", "/names/photos")).status, 200);
    await dialog.getByRole("textbox").fill("photos");
    await page.keyboard.press("Enter");
    await drawer.waitFor({ state: "detached" });
    await eventually(async () => await row(page, "photos").count() === 0);
    assert.equal((await dashboard.api("GET", "/names/photos")).status, 404);
    assert.equal(new URL(page.url()).pathname, "/admin/names");
  });

  await t.step(
    "online and offline come by themselves, health when asked, each in words",
    async () => {
      const page = await dashboard.signedIn("/names");
      await using _page = page.context();
      await row(page, "alice").getByText("offline").waitFor();
      const agent = await connect({
        mounts: [{ path: "/", kind: "directory" }, { path: "/<b>x</b>/", kind: "directory" }],
        answer: (request) => request.head("HTTP/1.1 204\r\n\r\n", true),
      });
      await within(row(page, "alice").getByText("online").waitFor(), "online");
      await row(page, "alice").getByText("directory").waitFor();
      await page.getByRole("button", { name: "Check health" }).click();
      await row(page, "alice").getByText(/works\s*204 · [\d.]+ ms · /).waitFor();
      await row(page, "bob").getByText(/down\s*503 · /).waitFor();
      await row(page, "alice").getByRole("link", { name: "alice", exact: true }).click();
      const drawer = page.getByRole("complementary", { name: "Name alice" });
      await drawer.getByText("The agent answered 204.").waitFor();
      await drawer.getByText("/<b>x</b>/").waitFor();
      await agent[Symbol.asyncDispose]();
      await drawer.getByText("No agent that publishes this name is connected.").waitFor();
      await drawer.getByText("offline").waitFor();
      await using _broken = await connect({
        answer: (request) => request.respond("", { status: "500 Oh No" }),
      });
      await drawer.getByText("online").waitFor();
      await drawer.getByRole("button", { name: "Check again" }).click();
      await drawer.getByText("what it publishes is broken").waitFor();
      await drawer.getByText(/down\s*500/).waitFor();
      assert.equal(
        await drawer.getByRole("button", { name: "Release" }).count(),
        0,
        "its own name",
      );
    },
  );

  await t.step("addresses are opened, copied, and shown as a code that has them", async () => {
    const page = await dashboard.signedIn("/names/alice");
    await using _page = page.context();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const drawer = page.getByRole("complementary", { name: "Name alice" });
    const { urls } = (await dashboard.api("GET", "/names/alice")).body as { urls: string[] };
    assert.equal(urls.length, 2);
    for (const url of urls) {
      const link = drawer.getByRole("link", { name: url });
      assert.deepEqual(
        [await link.getAttribute("target"), await link.getAttribute("rel")],
        ["_blank", "noreferrer"],
      );
      await drawer.getByRole("button", { name: `Copy ${url}` }).click();
      await eventually(async () => await page.evaluate("navigator.clipboard.readText()") === url);
      await drawer.getByTitle(`Code of ${url}`).click();
      const dialog = page.getByRole("dialog", { name: "Open on a phone" });
      const image = dialog.getByRole("img", { name: `QR code of ${url}` });
      await eventually(async () => await image.evaluate(widthOf) > 0);
      const source = await image.getAttribute("src");
      const drawn = await page.evaluate(`fetch(${JSON.stringify(source)}).then((r) => r.text())`);
      assert.equal(drawn, renderSVG(url, { border: 4, ecc: "M" }));
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assert.equal(await drawer.count(), 1, "only the dialog is closed");
    }
  });

  await t.step("members have an allowance of their own names, viewers look only", async () => {
    await dashboard.api("POST", "/names", { name: "archive", account: "bob" });
    const page = await dashboard.signedIn("/names", { name: "alice" });
    await using _page = page.context();
    await row(page, "alice").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 1);
    assert.equal(await page.getByRole("columnheader", { name: "Owner" }).count(), 0);
    const reserve = async (name: string): Promise<Locator> => {
      await page.getByRole("button", { name: "Reserve a name" }).click();
      const form = page.getByRole("dialog", { name: "Reserve a name" });
      assert.equal(await form.getByLabel("Account").count(), 0);
      await form.getByLabel("Name").fill(name);
      await page.keyboard.press("Enter");
      return form;
    };
    await (await reserve("photos")).waitFor({ state: "detached" });
    const drawer = page.getByRole("complementary");
    await drawer.getByRole("button", { name: "Release" }).waitFor();
    assert.equal(await drawer.getByRole("button", { name: "Transfer" }).count(), 0);
    await page.keyboard.press("Escape");
    await (await reserve("more")).getByText("it may claim: an administrator can give it more")
      .waitFor();
    await page.goto(dashboard.at("/names/archive"));
    await page.getByRole("complementary").getByRole("alert").waitFor();
    await page.context().close();

    const look = await dashboard.signedIn("/names/archive", { name: "vera" });
    await using _look = look.context();
    await look.getByRole("complementary").getByText("503").waitFor();
    assert.equal(await row(look, "bob").count(), 1);
    for (const name of ["Release", "Transfer", "Reserve a name"]) {
      assert.equal(await look.getByRole("button", { name }).count(), 0, name);
    }
  });

  await t.step("nothing scrolls sideways on a phone, however long a name is", async () => {
    const name = "a".repeat(63);
    await dashboard.api("POST", "/names", { name, account: "alice" });
    const page = await dashboard.signedIn("/names", { width: 360, height: 740 });
    await using _page = page.context();
    await row(page, name).waitFor();
    await page.getByRole("button", { name: "Check health" }).click();
    await row(page, "bob").getByText(/down/).waitFor();
    assert.equal(await overflow(page), 0);
    await row(page, name).getByRole("link", { name, exact: true }).click();
    const drawer = page.getByRole("complementary");
    await drawer.getByText("No agent that publishes this name is connected.").waitFor();
    assert.equal(await overflow(page), 0);
    const box = (await drawer.boundingBox())!;
    assert(box.x >= 0 && box.width <= 360);
    await drawer.getByTitle(/^Code of/).first().click();
    await page.getByRole("dialog").getByRole("img").waitFor();
    assert.equal(await overflow(page), 0);
  });
});
