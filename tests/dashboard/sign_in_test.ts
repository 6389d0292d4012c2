/** Signing in and out in a real browser, from the first start's password on. @module */

import assert from "node:assert/strict";
import { openBrowser } from "../support/browser.ts";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { Dashboard, PASSWORD } from "../support/dashboard.ts";
import { leftOut } from "../support/left_out.ts";

Deno.test("sign-in: the generated password opens the dashboard, and its file is gone then", async () => {
  await using browser = await openBrowser();
  if (browser === undefined) return;
  await using household = new Household();
  const relay = await household.relay();
  const file = `${household.data}/admin-password`;
  const page = await browser.newPage();
  await page.goto(`http://${relay.http}/admin`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(Deno.readTextFileSync(file).trim());
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
});

Deno.test("sign-in: where the browser drops the cookie, the page says so, with the address that keeps it", async () => {
  // Browsers keep cookies for TLS on plain pages of this machine, and on no others.
  const own = Deno.networkInterfaces().find(({ address, family }) =>
    family === "IPv4" && !address.startsWith("127.")
  );
  if (leftOut(own === undefined, "an address beside the loopback is needed")) return;
  await using browser = await openBrowser();
  if (browser === undefined) return;
  await using household = new Household();
  const relay = await household.relay(["--public-url", "https://relay.example"], {
    http: "0.0.0.0:0",
    env: { CRUNCH_ADMIN_PASSWORD: PASSWORD },
  });
  const page = await browser.newPage();
  await page.goto(`http://${own!.address}:${relay.http.split(":")[1]}/admin`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The password is right").waitFor();
  await page.getByRole("link", { name: "https://relay.example/admin" }).waitFor();
});

Deno.test("sign-in", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;

  await t.step("who wants a place is there after signing in, by keyboard alone", async () => {
    const page = await dashboard.window();
    await page.goto(dashboard.at("/agents?q=x"));
    await page.waitForSelector("form");
    assert.equal(
      await page.evaluate("document.activeElement.name"),
      "name",
      "one can type at once",
    );
    await page.keyboard.type("admin");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Agents", level: 1 }).waitFor();
    assert.equal(new URL(page.url()).search, "?q=x");
    await page.context().close();
  });

  await t.step("a wrong password is said, and the field is empty for another try", async () => {
    const page = await dashboard.window();
    await page.goto(dashboard.at(""));
    await page.fill("input[name=name]", "nobody-here");
    await page.fill("input[name=password]", "<b>wrong</b>");
    await page.keyboard.press("Enter");
    await eventually(async () => (await page.textContent("[role=alert]"))?.trim() !== "");
    assert.equal(await page.inputValue("input[name=password]"), "");
    assert.equal(await page.evaluate("document.activeElement.name"), "password");
    await page.context().close();
  });

  await t.step("signing out shows the form, and the session is over", async () => {
    const page = await dashboard.signedIn("/names");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForSelector("input[name=password]");
    assert.equal(await page.evaluate(`fetch("/api/v1/me").then(({ status }) => status)`), 401);
    await page.context().close();
  });

  await t.step(
    "a session that ends elsewhere asks to sign in again, at the same place",
    async () => {
      const page = await dashboard.signedIn("/audit");
      const { body } = await dashboard.api("GET", "/accounts/admin/sessions").then((found) =>
        found.status === 200 ? found : dashboard.api("GET", "/sessions")
      );
      for (const { id, current } of body.items) {
        if (!current) await dashboard.api("DELETE", `/sessions/${id}`);
      }
      await page.waitForSelector("input[name=password]");
      assert.equal(new URL(page.url()).pathname, "/admin/audit");
      await page.context().close();
    },
  );
});

Deno.test("frame", async (t) => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const page = await dashboard.signedIn();

  await t.step("no request leaves the relay, and nothing is refused by the policy", async () => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    for (
      const place of ["", "/log", "/agents", "/names", "/accounts", "/usage", "/audit", "/settings"]
    ) {
      await page.goto(dashboard.at(place));
      await page.waitForSelector("main > :not(.loading)");
    }
    assert.ok(asked.length > 40);
    assert.deepEqual(asked.filter((url) => !url.startsWith(`${dashboard.origin}/`)), []);
  });

  await t.step("? shows the keys, Esc hides them, g and a letter goes to a page", async () => {
    await page.goto(dashboard.at(""));
    await page.waitForSelector("nav.rail");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await page.getByRole("heading", { name: "Names", level: 1 }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/admin/names");
    await page.goBack();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  });

  await t.step("colours: light, dark and the system's are kept", async () => {
    const theme = (): Promise<unknown> => page.evaluate("document.documentElement.dataset.theme");
    assert.equal(await theme(), "system");
    await page.getByRole("button", { name: /^Colours/ }).click();
    await page.getByRole("button", { name: /^Colours/ }).click();
    assert.equal(await theme(), "dark");
    await page.reload();
    await page.waitForSelector("nav.rail");
    assert.equal(await theme(), "dark");
    const [red] = /\d+/.exec(
      await page.evaluate("getComputedStyle(document.body).backgroundColor") as string,
    )!;
    assert.ok(Number(red) < 60, "it is dark");
  });

  await t.step(
    "a relay that goes is said, with the time; it goes on by itself when it is back",
    async () => {
      await page.goto(dashboard.at("/agents"));
      await page.getByText("live", { exact: true }).waitFor();
      dashboard.relay.process.kill("SIGKILL");
      await dashboard.relay.process.exit;
      // What the page asked for meanwhile may say so, too.
      await page.getByText(/relay does not answer/).first().waitFor();
      await dashboard.household.again(dashboard.relay);
      await page.getByText("live", { exact: true }).waitFor();
      await eventually(async () => await page.getByText(/relay does not answer/).count() === 0);
      await page.context().close();
      dashboard.complaints.length = 0; // failed fetches
    },
  );
});

Deno.test("frame: eight windows at once: those that are not seen hold no connection", async () => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const first = await dashboard.signedIn("/agents");
  const context = first.context();
  const hidden = `Object.defineProperty(document, "hidden", { get: () => self.isUnseen === true });
    const wait = self.setTimeout;
    self.setTimeout = (work, ms) => wait(work, ms === 10_000 ? 0 : ms);`;
  for (let i = 0; i < 7; i++) {
    const page = await context.newPage();
    await page.addInitScript(hidden);
    await page.goto(dashboard.at("/agents"));
    await page.getByText("live", { exact: true }).waitFor();
    await page.evaluate(
      `self.isUnseen = true; document.dispatchEvent(new Event("visibilitychange"))`,
    );
  }
  // The oldest of them is looked at again, and hears what comes.
  const page = context.pages()[1]!;
  await page.evaluate(
    `self.isUnseen = false; document.dispatchEvent(new Event("visibilitychange"))`,
  );
  const site = dashboard.household.write("site/index.html", "hello").replace(/\/index\.html$/, "");
  await dashboard.household.agent(["--dir", site]);
  await page.getByText("local", { exact: true }).first().waitFor();
});
