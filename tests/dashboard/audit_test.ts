/** The audit log in a real browser: what was changed, in words, as it happens. @module */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { Dashboard, PASSWORD } from "../support/dashboard.ts";

const HOSTILE = `<img src=x onerror="document.title='taken'">`;

function rows(page: Page): Locator {
  return page.getByRole("table", { name: "Changes" }).locator("tbody tr");
}

async function texts(row: Locator): Promise<string[]> {
  return (await row.locator("td").allInnerTexts()).slice(1).map((text) =>
    text.replace(/\s+/g, " ")
  );
}

Deno.test("audit", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  await dashboard.account("alice");
  await dashboard.api("PATCH", "/accounts/alice", { role: "viewer" });
  await dashboard.api("PATCH", "/settings", { "max-streams": 300 });
  const page = await dashboard.signedIn("/audit");

  await t.step("says what was done in words, with what was before and is after", async () => {
    await rows(page).first().waitFor();
    const said = [];
    for (let i = 1; i < 6; i++) said.push((await texts(rows(page).nth(i))).slice(0, 3));
    assert.deepEqual(said, [
      ["admin", "max-streams was set", "300"],
      ["admin", "alice became viewer", "role member → viewer"],
      ["admin", "alice got the token test", said[2]![2]!],
      ["admin", "alice was added", "role member"],
      ["admin", "admin signed in", said[4]![2]!],
    ]);
    // A session made it, without the password: it ends with that.
    assert.match(said[2]![2]!, /^scope full agent expires \S.+ made with a browser's session$/);
    assert.match(said[4]![2]!, /^browser Deno/);
    await rows(page).nth(1).getByRole("link", { name: "max-streams" }).click();
    await page.locator("[id=max-streams]").waitFor();
    await page.goBack();
    await rows(page).nth(2).getByRole("link", { name: "alice" }).click();
    await page.getByRole("heading", { name: "alice" }).waitFor();
    await page.goBack();
  });

  await t.step("what happens announces itself, and moves nothing", async () => {
    await rows(page).first().waitFor();
    const before = await rows(page).first().innerText();
    const place = await rows(page).first().boundingBox();
    await dashboard.api("POST", "/names", { name: "photos", account: "alice" });
    const fresh = page.getByRole("button", { name: "1 new change" });
    await fresh.waitFor();
    assert.equal(await rows(page).first().innerText(), before);
    assert.deepEqual(await rows(page).first().boundingBox(), place);
    await fresh.click();
    await rows(page).first().getByText("photos was given to alice").waitFor();
    assert.equal(await fresh.count(), 0);
  });

  await t.step("one account's are by its name in the address", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("alice");
    await page.keyboard.press("Enter");
    await page.getByText("max-streams").waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).search, "?account=alice");
    await page.reload();
    await rows(page).first().waitFor();
    for (const row of await rows(page).all()) assert.match(await row.innerText(), /alice/);
  });

  await t.step("older ones come page by page, each once", async () => {
    for (let i = 0; i < 105; i++) {
      await dashboard.api("PATCH", "/settings", { "max-streams": 1_000 + i });
    }
    await page.goto(dashboard.at("/audit"));
    await rows(page).first().waitFor();
    assert.equal(await rows(page).count(), 100);
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("local was added").waitFor();
    const all = await rows(page).locator("td.wide").allInnerTexts();
    const set = all.filter((text) => /^(300 → )?1\d{3}|→ 1\d{3}$/.test(text));
    assert.equal(new Set(set).size, 105);
    assert.equal(await page.getByRole("button", { name: "Older" }).count(), 0);
  });

  await t.step("what a browser calls itself is text", async () => {
    const stranger = await dashboard.signedIn("", { name: "alice", userAgent: HOSTILE });
    await stranger.context().close();
    await page.reload();
    await rows(page).first().getByText(HOSTILE).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "Audit – crunch");
  });

  await t.step("a member sees what concerns their own account", async () => {
    await dashboard.api("POST", "/accounts", { name: "bob", password: PASSWORD });
    const member = await dashboard.signedIn("/audit?account=alice", { name: "bob" });
    await member.getByText("Nothing was changed").waitFor();
    await member.goto(dashboard.at("/audit"));
    await rows(member).first().waitFor();
    for (const row of await rows(member).all()) assert.match(await row.innerText(), /bob/);
    await member.context().close();
  });
});
