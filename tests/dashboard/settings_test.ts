/** Settings in a real browser: changed in place, with where each comes from; and how the browser shows the pages. @module */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { Dashboard } from "../support/dashboard.ts";
import { eventually } from "../support/deadline.ts";

function setting(page: Page, key: string): Locator {
  return page.locator(`[id="${key}"]`);
}

function toast(page: Page, text: string | RegExp): Locator {
  return page.locator(".toast").filter({ hasText: text });
}

Deno.test("settings", async (t) => {
  await using dashboard = await Dashboard.open(["--idle-timeout", "20s"], {
    env: { CRUNCH_MAX_FIELDS: "99" },
  });
  if (dashboard === undefined) return;
  const page = await dashboard.signedIn("/settings");
  const valueOf = async (key: string): Promise<unknown> =>
    (await dashboard.api("GET", "/settings")).body.items
      .find((item: { key: string }) => item.key === key).value;

  await t.step("each says where it comes from, and what cannot be changed here", async () => {
    for (
      const [key, value, place, obstacle] of [
        ["idle-timeout", "20s", "from --idle-timeout; default 75s", "to be changed there"],
        ["max-fields", "99", "from CRUNCH_MAX_FIELDS; default 128", "to be changed there"],
        ["domain", "localhost", "default", "changes at a restart"],
        ["admin-password", "none", "from CRUNCH_ADMIN_PASSWORD", "changes at a restart"],
      ] as const
    ) {
      const row = setting(page, key);
      assert.equal(await row.locator(".value > code").innerText(), value);
      assert.equal(await row.locator(".value > small").innerText(), place);
      await row.getByText(obstacle).waitFor();
      assert.equal(await row.getByRole("button").count(), 0, key);
    }
    assert.equal(await setting(page, "max-connections").getByRole("button").count(), 1);
  });

  await t.step("a number is changed by keyboard alone, undone and reset", async () => {
    const row = setting(page, "max-streams");
    await row.getByRole("button", { name: "Change" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("300");
    await page.keyboard.press("Enter");
    await row.getByText("set here; default 256").waitFor();
    assert.equal(await valueOf("max-streams"), 300);
    await toast(page, "max-streams is changed").getByRole("button", { name: "Undo" }).click();
    await row.getByText("default", { exact: true }).waitFor();
    assert.equal(await valueOf("max-streams"), 256);

    await dashboard.api("PATCH", "/settings", { "max-streams": 400 });
    await row.getByText("400").waitFor();
    await row.getByRole("button", { name: "Reset" }).click();
    await row.getByText("default", { exact: true }).waitFor();
    assert.equal(await valueOf("max-streams"), 256);
  });

  await t.step(
    "what cannot be taken is said at the setting, and Esc leaves it as it was",
    async () => {
      const row = setting(page, "log-keep");
      await row.getByRole("button", { name: "Change" }).click();
      await page.keyboard.type("<b>soon</b>");
      await page.keyboard.press("Enter");
      const alert = row.getByRole("alert");
      await alert.waitFor();
      assert.match(await alert.innerText(), /^It must .*<b>soon<\/b>/);
      assert.equal(await row.getByRole("textbox").getAttribute("aria-invalid"), "true");
      await page.keyboard.press("Escape");
      await row.getByText("7d").waitFor();
      assert.equal(await valueOf("log-keep"), "7d");
    },
  );

  await t.step("a list has a line for each", async () => {
    const row = setting(page, "trusted-proxy");
    await row.getByRole("button", { name: "Change" }).click();
    await page.keyboard.type("127.0.0.1");
    await page.keyboard.press("Enter");
    await page.keyboard.type("10.0.0.0/8");
    await row.getByRole("button", { name: "Save" }).click();
    await row.getByText("127.0.0.1, 10.0.0.0/8").waitFor();
    assert.deepEqual(await valueOf("trusted-proxy"), ["127.0.0.1", "10.0.0.0/8"]);
  });

  await t.step("what somebody else changed meanwhile is not written over", async () => {
    const row = setting(page, "max-connections");
    await row.getByRole("button", { name: "Change" }).click();
    await page.keyboard.type("5000");
    await dashboard.api("PATCH", "/settings", { "max-connections": 7_000 });
    await setting(page, "max-connections").getByRole("button", { name: "Save" }).click();
    await row.getByText("changed meanwhile").waitFor();
    await row.getByText("it is 7000").waitFor();
    assert.equal(await valueOf("max-connections"), 7_000);
    await page.keyboard.press("Escape");
    await row.getByText("7000", { exact: true }).waitFor();
    await eventually(async () =>
      await page.evaluate("document.activeElement.textContent") === "Change"
    );
  });

  await t.step("a search leads to a setting, and is in the address", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("how long rows");
    await setting(page, "http").waitFor({ state: "detached" });
    assert.equal(await page.locator(".setting").count(), 1);
    assert.equal(new URL(page.url()).search, "?q=how+long+rows");
    await page.reload();
    await setting(page, "log-keep").waitFor();
    assert.equal(await page.locator(".setting").count(), 1);
  });

  await t.step("colours are this browser's own", async () => {
    await page.getByRole("button", { name: "Dark" }).click();
    await eventually(async () =>
      await page.evaluate("document.documentElement.dataset.theme") === "dark"
    );
  });

  await t.step("a viewer changes none, a member sees none", async () => {
    await dashboard.account("vera", "viewer");
    await dashboard.account("alice");
    const viewer = await dashboard.signedIn("/settings", { name: "vera" });
    await setting(viewer, "log-keep").waitFor();
    assert.equal(await viewer.locator(".setting button").count(), 0);
    await viewer.context().close();
    const member = await dashboard.signedIn("/settings", { name: "alice" });
    await member.getByText(/^crunch \d/).waitFor();
    assert.equal(await member.locator(".setting").count(), 0);
    assert.equal(await member.getByRole("alert").count(), 0);
    await member.getByRole("link", { name: "Reference" }).click();
    await member.waitForURL("**/api/v1/reference");
    await member.context().close();
  });
});
