/** The page that shows what to do first, in a real browser: each of its ways leads somewhere. @module */

import assert from "node:assert/strict";
import { Dashboard } from "../support/dashboard.ts";

const PROGRAM = "offers/crunch-linux-x64";

for (
  const { name, args, link } of [
    { name: "nothing is offered", args: [], link: false },
    { name: "programs are offered", args: ["--downloads", "offers"], link: true },
    {
      name: "programs are offered beside a dashboard on a listener of its own",
      args: ["--downloads", "offers", "--admin", "127.0.0.1:0"],
      link: true,
    },
  ]
) {
  Deno.test(`welcome: the way to the program works where ${name}`, async () => {
    await using dashboard = await Dashboard.open(args, {
      prepare: (household) => void household.write(PROGRAM, "#!/bin/sh\n"),
    });
    if (dashboard === undefined) return;
    const page = await dashboard.signedIn();
    const card = page.getByRole("region", { name: "Publish your first folder" });
    await card.waitFor();
    const download = card.getByRole("link", { name: "the download page" });
    if (!link) {
      await card.getByText("Bring crunch there, the one file or a checkout of it").waitFor();
      assert.equal(await download.count(), 0);
      return;
    }
    await download.click();
    await page.getByText("crunch-linux-x64").first().waitFor();
  });
}
