/** A disk without room: the page says so, and visitors are served. @module */

import assert from "node:assert/strict";
import { Dashboard } from "../support/dashboard.ts";
import { eventually } from "../support/deadline.ts";
import { ask } from "../support/visitor.ts";

Deno.test("trouble: a log that cannot be written is said on the overview and above the log; visitors are served", async () => {
  await using dashboard = await Dashboard.open([], {
    // What the log would be written to is no file.
    prepare: (household) => {
      household.write("data/log.db/in-the-way", "");
      Deno.chmodSync(household.data, 0o700);
    },
  });
  if (dashboard === undefined) return;
  const site = dashboard.household.write("site/a.txt", "here").replace(/\/a\.txt$/, "");
  await dashboard.household.agent(["--dir", site]);
  const page = await dashboard.signedIn();
  for (let i = 0; i < 20; i++) {
    assert.equal((await ask(dashboard.relay.http, "/local/a.txt")).text, "here");
  }
  const warning = page.getByText(/log cannot be written/);
  await warning.waitFor();
  await page.goto(dashboard.at("/log"));
  await warning.waitFor();
  await page.context().close();
  // The log cannot be read either: 507.
  const others = dashboard.complaints.filter((text) => !text.includes("507"));
  dashboard.complaints.splice(0, Infinity, ...others);
  await eventually(async () => (await ask(dashboard.relay.http, "/local/a.txt")).status === 200);
});
