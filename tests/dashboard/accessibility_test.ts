/** What axe-core finds on every page: nothing serious, in light and dark, wide and narrow. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { Dashboard } from "../support/dashboard.ts";
import { eventually } from "../support/deadline.ts";

const AXE = Deno.readTextFileSync(
  new URL("../../node_modules/axe-core/axe.min.js", import.meta.url),
);
const PLACES = ["", "/log", "/agents", "/names", "/accounts", "/usage", "/audit", "/settings"];
/** What is open over a page. */
const OPEN = ["/names/local", "/accounts/alice", "/accounts/admin", "/nowhere"];

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>;
}

/** Serious findings, as sentences. */
async function findings(page: Page): Promise<string[]> {
  // The policy of the page lets no script in; what a debugger evaluates is not asked.
  if (!(await page.evaluate(`"axe" in self`))) await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(
    `axe.run(document).then(({ violations, passes }) => ({ violations, passes: passes.length }))`,
  ) as { violations: Finding[]; passes: number };
  assert.ok(passes > 10, `axe-core looked at ${passes} things only`);
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map((
    one,
  ) => `${one.id}: ${one.nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

/** Goes to `place` as a link does: the page is loaded once. */
async function go(page: Page, place: string): Promise<void> {
  const follow = (address: string): Promise<void> =>
    page.evaluate(`history.pushState(null, "", ${JSON.stringify(`/admin${address}`)});
      dispatchEvent(new PopStateEvent("popstate"))`);
  // What was there before is gone.
  await follow("/nowhere");
  const nowhere = page.getByText("There is no such page");
  await nowhere.waitFor();
  if (place === "/nowhere") return;
  await follow(place);
  await nowhere.waitFor({ state: "detached" });
  await page.waitForSelector("main > :not(.loading)");
}

Deno.test("accessibility: axe-core finds nothing serious on any page", async () => {
  await using dashboard = await Dashboard.open();
  if (dashboard === undefined) return;
  const token = await dashboard.account("alice");
  const site = dashboard.household.write("site/index.html", "hello").replace(/\/index\.html$/, "");
  await dashboard.household.agent(["--dir", site]);
  await dashboard.household.agent(["--relay", dashboard.relay.tunnel, "--dir", site], {
    env: { CRUNCH_TOKEN: token },
  });
  for (const path of ["/local/", "/local/missing", "/alice/", "/nobody/"]) {
    await (await fetch(`${dashboard.origin}${path}`)).body?.cancel();
  }
  await eventually(async () => (await dashboard.api("GET", "/requests")).body.items.length >= 4);
  const agents = await dashboard.api("GET", "/agents");
  const requests = await dashboard.api("GET", "/requests");
  const open = [
    ...OPEN,
    `/agents/${agents.body.items[0].id}`,
    `/log?open=${encodeURIComponent(requests.body.items[0].id)}`,
  ];
  const wrong: string[] = [];
  let looked = 0;
  // What has to do with colours has nothing to do with widths.
  for (const [colorScheme, width] of [["light", 1440], ["dark", 360]] as const) {
    const page = await dashboard.window({ colorScheme, width, reducedMotion: "reduce" });
    await page.goto(dashboard.at(""));
    await page.waitForSelector("form");
    const look = async (place: string): Promise<void> => {
      looked++;
      for (const finding of await findings(page)) {
        wrong.push(`${place} (${colorScheme}, ${width}): ${finding}`);
      }
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      if (Number(over) > 0) wrong.push(`${place} (${width}) scrolls sideways by ${over}`);
    };
    await look("sign-in");
    await page.fill("input[name=name]", "admin");
    await page.fill("input[name=password]", "correct horse battery");
    await page.keyboard.press("Enter");
    await page.waitForSelector("nav.rail");
    for (const place of [...PLACES, ...open]) {
      await go(page, place);
      await eventually(async () => await page.locator(".bone").count() === 0);
      await look(place);
    }
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await look("keys");
    await page.context().close();
  }
  assert.equal(looked, 2 * (2 + PLACES.length + open.length));
  assert.deepEqual(wrong, []);
});
