/** What a reader notices of the key in a page's address: it is carried along, and an old one leads to the new one. @module */

import assert from "node:assert/strict";
import { openBrowser } from "../support/browser.ts";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

Deno.test("page key: links, reload, back and old bookmarks work, and none of it is asked of curl", async () => {
  await using browser = await openBrowser();
  if (browser === undefined) return;
  await using household = new Household();
  household.write("site/index.html", "<title>top</title><a href=sub/>down</a>");
  household.write("site/sub/b.html", "<title>below</title><a href=/local/>up</a>");
  const relay = await household.relay(["--dir", "site"], { command: "both" });
  const page = await browser.newPage();
  const place = (): [path: string, key: string] => {
    const [, key = "", rest] = /^\/local\/(![\w-]{11}\/)?(.*)$/.exec(new URL(page.url()).pathname)!;
    return [rest!, key];
  };
  const top = `http://${relay.http}/local/`;

  await page.goto(top);
  const [, key] = place();
  assert.notEqual(key, "");
  const isAt = async (path: string, title: string): Promise<void> => {
    assert.deepEqual(place(), [path, key]);
    assert.equal(await page.title(), title);
  };
  await isAt("", "top");
  await page.reload();
  await isAt("", "top");
  await page.getByRole("link", { name: "down" }).click();
  await isAt("sub/", "/local/sub/");
  await page.getByRole("link", { name: "b.html" }).click();
  await isAt("sub/b.html", "below");
  await page.getByRole("link", { name: "up" }).click();
  await isAt("", "top");
  await page.goBack();
  await isAt("sub/b.html", "below");

  await page.goto(`${top}!AAAAAAAAAAA/sub/b.html?q=1#end`);
  await isAt("sub/b.html", "below");
  assert.equal(new URL(page.url()).search + new URL(page.url()).hash, "?q=1#end");

  for (const path of ["/local/", `/local/${key}`, "/local/!AAAAAAAAAAA/"]) {
    const answer = await ask(relay.http, path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.text, /top/);
  }
});
