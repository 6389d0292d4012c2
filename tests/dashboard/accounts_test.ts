/** Accounts in a real browser: made, trusted with tokens, shut out and removed by administrators; one's own for members. @module */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { Dashboard, PASSWORD } from "../support/dashboard.ts";
import { eventually, within } from "../support/deadline.ts";

/** Runs nothing, whatever a page makes of it. */
const HOSTILE = `<img src=x onerror="document.title='taken'">`;

function dialog(page: Page, name: string | RegExp): Locator {
  return page.getByRole("dialog", { name });
}

function toast(page: Page, text: string | RegExp): Locator {
  return page.locator(".toast").filter({ hasText: text });
}

Deno.test("accounts: an administrator", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const { household } = dashboard;
  const page = await dashboard.signedIn();
  const site = household.write("work/site/index.html", "hello from bob");

  await t.step("makes an account by keyboard alone, and it can sign in", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.getByRole("link", { name: "local" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await dialog(page, "Add an account").waitFor();
    await page.keyboard.type("bob");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "bob" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/admin/accounts/bob");
    const bob = await dashboard.signedIn("/accounts", { name: "bob" });
    await bob.getByRole("heading", { name: "bob" }).waitFor();
    await bob.context().close();
  });

  await t.step("a generated password is shown once, and opens the dashboard", async () => {
    await page.goto(dashboard.at("/accounts?new=1"));
    const form = dialog(page, "Add an account");
    await form.getByLabel("Name").fill("carol");
    await form.getByRole("button", { name: "Generate" }).click();
    assert.match(
      await form.locator("[name=password]").inputValue(),
      /^([a-z2-9]{6}-){3}[a-z2-9]{6}$/,
    );
    await form.getByLabel("Role").selectOption("viewer");
    await form.getByRole("button", { name: "Add", exact: true }).click();
    const made = dialog(page, "carol is there");
    const password = await made.locator("code").innerText();
    await made.getByRole("button", { name: "Done" }).click();
    await page.getByRole("heading", { name: "carol" }).waitFor();
    assert.ok(!(await page.content()).includes(password));
    const carol = await dashboard.signedIn("/accounts/carol", { name: "carol", password });
    await carol.getByText("sees everything, changes nothing").waitFor();
    await carol.context().close();
  });

  await t.step("what is wrong with a field stands at the field", async () => {
    await page.goto(dashboard.at("/accounts?new=1"));
    const form = dialog(page, "Add an account");
    for (
      const [name, password, wrong] of [
        ["bob", PASSWORD, /taken|exists|already/],
        ["relay", PASSWORD, /reserved/],
        ["dave", "short", /8 to 1024/],
      ] as const
    ) {
      await form.getByLabel("Name").fill(name);
      await form.locator("[name=password]").fill(password);
      await form.getByRole("button", { name: "Add", exact: true }).click();
      const field = form.locator(name === "dave" ? "[name=password]" : "[name=name]");
      await form.locator(".wrong").filter({ hasText: wrong }).waitFor();
      await eventually(async () => await field.getAttribute("aria-invalid") === "true");
    }
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
    assert.equal((await dashboard.api("GET", "/accounts/dave")).status, 404);
  });

  await t.step("who makes an administrator gives the present password", async () => {
    await page.goto(dashboard.at("/accounts?new=1"));
    const form = dialog(page, "Add an account");
    await form.getByLabel("Name").fill("erin");
    await form.locator("[name=password]").fill(PASSWORD);
    assert.equal(await form.locator("[name=current_password]").count(), 0);
    await form.getByLabel("Role").selectOption("admin");
    const own = form.locator("[name=current_password]");
    await own.fill("not my password");
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await form.locator(".wrong").filter({ hasText: /your present password/ }).waitFor();
    await own.fill(PASSWORD);
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: "erin" }).waitFor();
    assert.equal((await dashboard.api("GET", "/accounts/erin")).body.role, "admin");

    const select = page.locator("select[name=role]");
    await select.selectOption("member");
    await toast(page, "erin is member now").waitFor();
    await eventually(async () => await select.inputValue() === "member");
    await select.selectOption("admin");
    const asked = dialog(page, "Make erin an administrator?");
    await asked.locator("[name=current_password]").fill(PASSWORD);
    await asked.getByRole("button", { name: "Make an administrator" }).click();
    await asked.waitFor({ state: "detached" });
    assert.equal((await dashboard.api("GET", "/accounts/erin")).body.role, "admin");
    await dashboard.api("DELETE", "/accounts/erin");
  });

  await t.step("a token is shown once, with the line that a real agent runs by", async () => {
    await page.goto(dashboard.at("/accounts/bob"));
    await page.getByRole("button", { name: "Make a token" }).click();
    const form = dialog(page, "Make a token for bob");
    await form.getByLabel("Name").fill("laptop");
    await form.getByLabel("Ends").selectOption("30");
    await form.locator("[name=current_password]").fill(PASSWORD);
    await form.getByRole("button", { name: "Make", exact: true }).click();
    const made = dialog(page, "The new token");
    const line = await made.locator("code").nth(1).innerText();
    const found = /^CRUNCH_TOKEN=(crunch_\w{56}) crunch (agent --relay \S+ --dir \.\/site)$/
      .exec(line);
    assert.ok(found !== null, line);
    const [, token, words] = found;
    assert.equal(await made.locator("code").first().innerText(), token);
    await made.getByRole("button", { name: "Done" }).click();
    await page.getByRole("table", { name: "Tokens" }).getByText("laptop").waitFor();
    assert.ok(!(await page.content()).includes(token!));

    const agent = await household.agent(words!.split(" ").slice(1), {
      env: { CRUNCH_TOKEN: token! },
      cwd: household.path("work"),
    });
    await page.getByText("online").waitFor();
    assert.equal(await (await fetch(agent.urls[0]!)).text(), Deno.readTextFileSync(site));
    // A member that is disabled has its agent cut off, within the second that was promised.
    const began = performance.now();
    await page.getByRole("button", { name: "Disable" }).click();
    await within(agent.process.said(/was disabled/), "the agent's end");
    await eventually(async () => (await dashboard.api("GET", "/agents")).body.items.length === 0);
    console.log(`      its agent was gone after ${Math.round(performance.now() - began)} ms`);
    assert.ok(performance.now() - began < 1_000);
    await page.getByText("disabled", { exact: true }).waitFor();
    await toast(page, "bob is disabled").getByRole("button", { name: "Undo" }).click();
    await page.getByText("active", { exact: true }).waitFor();
    assert.equal((await dashboard.api("GET", "/accounts/bob")).body.disabled, false);
  });

  await t.step("role, trust, names and tokens change in place", async () => {
    await page.getByLabel("Role").selectOption("viewer");
    await toast(page, "bob is viewer now").getByRole("button", { name: "Undo" }).click();
    await eventually(async () => await page.getByLabel("Role").inputValue() === "member");

    await page.getByRole("button", { name: "Trust", exact: true }).click();
    const asked = dialog(page, "Trust bob?");
    assert.match(await asked.innerText(), /sandbox.*act here as whoever is signed in/);
    await asked.getByRole("button", { name: "Trust", exact: true }).click();
    await page.getByText("trusted", { exact: true }).waitFor();

    await page.getByLabel("Further name").fill("alpha");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Release alpha" }).click();
    await dialog(page, /Release/).waitFor();
    await page.keyboard.type("alpha");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "alpha" }).waitFor({ state: "detached" });

    await page.getByRole("button", { name: "Revoke laptop" }).click();
    await dialog(page, /Revoke/).getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke laptop" }).waitFor({ state: "detached" });
    const { body } = await dashboard.api("GET", "/accounts/bob/tokens");
    assert.deepEqual(body.items, []);
  });

  await t.step("what somebody else changed meanwhile is not written over", async () => {
    await page.route("**/api/v1/accounts/bob", async (route) => {
      if (route.request().method() === "PATCH") {
        assert.match(route.request().headers()["if-match"] ?? "", /^"/);
        await dashboard.api("PATCH", "/accounts/bob", { role: "viewer" });
      }
      await route.continue();
    });
    await page.getByRole("button", { name: "Disable" }).click();
    await toast(page, "changed meanwhile").waitFor();
    await eventually(async () => await page.getByLabel("Role").inputValue() === "viewer");
    assert.equal((await dashboard.api("GET", "/accounts/bob")).body.disabled, false);
    await page.unroute("**/api/v1/accounts/bob");
  });

  await t.step("names of tokens and browsers are text, whatever they say", async () => {
    const stranger = await dashboard.signedIn("/accounts/bob", { name: "bob", userAgent: HOSTILE });
    await stranger.getByRole("heading", { name: "bob" }).waitFor();
    await dashboard.api("POST", "/accounts/bob/tokens", { name: HOSTILE });
    await page.reload();
    await page.getByRole("table", { name: "Tokens" }).getByText(HOSTILE).waitFor();
    const sessions = page.getByRole("table", { name: "Sessions" });
    await sessions.getByText(HOSTILE).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "Accounts – crunch");
    await sessions.getByRole("row").filter({ hasText: HOSTILE })
      .getByRole("button", { name: "End" }).click();
    await stranger.waitForSelector("input[name=password]");
    await stranger.context().close();
  });

  await t.step("a new password for somebody ends their sessions", async () => {
    const bob = await dashboard.signedIn("/accounts", { name: "bob" });
    await page.getByRole("button", { name: "Set a password" }).click();
    const form = dialog(page, "New password for bob");
    await form.locator("[name=current_password]").fill(PASSWORD);
    await form.locator("[name=password]").fill("another horse battery");
    await form.getByRole("button", { name: "Set the password" }).click();
    await toast(page, "bob has a new password").waitFor();
    await bob.waitForSelector("input[name=password]");
    await bob.context().close();
  });

  await t.step("an account goes once its name is typed, and not before", async () => {
    await page.getByRole("button", { name: "Remove" }).click();
    const asked = dialog(page, "Remove the account bob?");
    const remove = asked.getByRole("button", { name: "Remove" });
    assert.ok(await remove.isDisabled());
    await page.keyboard.type("bo");
    await page.keyboard.press("Enter");
    assert.ok(await remove.isDisabled());
    assert.equal((await dashboard.api("GET", "/accounts/bob")).status, 200);
    await page.keyboard.type("b");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "carol" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "bob" }).count(), 0);
    assert.equal((await dashboard.api("GET", "/accounts/bob")).status, 404);
    await page.goBack();
    await page.getByText("There is no such account").waitFor();
  });

  await t.step("nobody shuts out themselves", async () => {
    await page.goto(dashboard.at("/accounts/admin"));
    await page.getByRole("button", { name: "Change my password" }).waitFor();
    for (const name of ["Disable", "Remove"]) {
      assert.equal(await page.getByRole("button", { name }).count(), 0, name);
    }
    assert.equal(await page.getByLabel("Role").count(), 0);
  });
});

Deno.test("accounts: a member and a viewer", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  await dashboard.account("alice");
  await dashboard.account("bob");
  await dashboard.account("vera", "viewer");

  await t.step(
    "a member sees their own account only, and no administrator's controls",
    async () => {
      const page = await dashboard.signedIn("/accounts", { name: "alice" });
      await page.getByRole("heading", { name: "alice" }).waitFor();
      await page.getByRole("navigation").getByRole("link", { name: "Account", exact: true })
        .click();
      await page.getByRole("table", { name: "Tokens" }).waitFor();
      assert.equal(new URL(page.url()).pathname, "/admin/accounts/alice");
      for (const name of ["Disable", "Trust", "Remove", "Add an account"]) {
        assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
      }
      assert.equal(await page.getByLabel("Role").count(), 0);
      assert.ok(!(await page.content()).includes("bob"));
      await page.goto(dashboard.at("/accounts/bob"));
      await page.getByText("There is no such account").waitFor();
      await page.context().close();
    },
  );

  await t.step("a member has names within the allowance, and tokens", async () => {
    const page = await dashboard.signedIn("/accounts/alice", { name: "alice" });
    await page.getByLabel("Further name").fill("photos");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("may publish under its own name only").waitFor();
    await dashboard.api("PATCH", "/settings", { "names-per-account": 1 });
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("link", { name: "photos" }).waitFor();

    await page.getByRole("button", { name: "Make a token" }).click();
    const form = dialog(page, /Make a token/);
    await form.getByLabel("Name").fill("phone");
    const scopes = await form.getByLabel("Scope").locator("option").allInnerTexts();
    assert.equal(scopes.length, 5, "metrics are an administrator's");
    await form.getByLabel("Scope").selectOption("read");
    await form.locator("[name=current_password]").fill(PASSWORD);
    await form.getByRole("button", { name: "Make", exact: true }).click();
    const line = await dialog(page, "The new token").locator("code").nth(1).innerText();
    const [, authorization, url] = /^curl -H "Authorization: (.*?)" (\S+)$/.exec(line)!;
    const answer = await fetch(url!, { headers: { authorization: authorization! } });
    assert.equal(answer.status, 200);
    await answer.body?.cancel();
    await page.context().close();
  });

  await t.step("who changes the own password stays, and is out everywhere else", async () => {
    const [here, there] = [
      await dashboard.signedIn("/accounts/alice", { name: "alice" }),
      await dashboard.signedIn("/accounts/alice", { name: "alice" }),
    ];
    await here.getByRole("button", { name: "Change my password" }).click();
    const form = dialog(here, "New password");
    assert.match(await form.innerText(), /Your other sessions end/);
    await form.locator("[name=current_password]").fill(PASSWORD);
    await form.locator("[name=password]").fill("another horse battery");
    await here.keyboard.press("Enter");
    await toast(here, "You have a new password").waitFor();
    await there.waitForSelector("input[name=password]");
    await here.reload();
    await here.getByText("this one").waitFor();
    await here.context().close();
    await there.context().close();
  });

  await t.step("a viewer sees everybody and changes nothing but the own password", async () => {
    const page = await dashboard.signedIn("/accounts", { name: "vera" });
    await page.getByRole("link", { name: "bob" }).click();
    await page.getByRole("table", { name: "Tokens" }).waitFor();
    assert.equal(await page.locator("main button:not(.sort)").count(), 0);
    await page.goto(dashboard.at("/accounts"));
    await page.getByRole("link", { name: "vera you" }).click();
    await page.getByText("this one").waitFor();
    assert.deepEqual(await page.locator("main button:not(.sort)").allInnerTexts(), [
      "Change my password",
    ]);
    await page.context().close();
  });
});
