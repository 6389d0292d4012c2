/** A hostile account's page on a path URL, in a real browser that an administrator has signed in with. @module */

import assert from "node:assert/strict";
import { AgentDouble, type DoubleRequest } from "../support/agent_double.ts";
import { openBrowser } from "../support/browser.ts";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";

const PASSWORD = "correct horse";
const site = new URL("../../examples/site/", import.meta.url);
const FONT = Deno.readFileSync(new URL("fonts/besley.woff2", site));
const PDF = Deno.readFileSync(new URL("quillet-leaflet.pdf", site));

/** Answers as a tenant with bad intentions would. */
class HostileSite {
  /** Heads of the requests that came. */
  readonly seen: string[] = [];

  readonly answer = (request: DoubleRequest): void => {
    this.seen.push(request.text);
    const path = request.target.split("?")[0]!;
    const page = (body: string, fields: string[] = []): void =>
      request.respond(`<!doctype html><meta charset="utf-8"><body>${body}`, {
        fields: ["Content-Type: text/html; charset=utf-8", ...fields],
      });
    const typed = (type: string, body: string | Uint8Array, fields: string[] = []): void =>
      request.respond(body, { fields: [`Content-Type: ${type}`, ...fields] });
    switch (path) {
      case "/":
        return page(
          '<div id="state">no script ran</div><script type="module" src="main.js"></script>',
        );
      case "/policy":
        return page(
          '<div id="state">no script ran</div><script type="module" src="main.js"></script>',
          [`Referrer-Policy: ${request.target.split("?")[1]}`],
        );
      case "/main.js":
        return typed(
          "text/javascript",
          'import { word } from "./word.js"; document.getElementById("state").textContent = word;',
        );
      case "/word.js":
        return typed("text/javascript", 'export const word = "module ran";');
      case "/data.json":
        return typed("application/json", '{"answer":42}', ["Cache-Control: max-age=600"]);
      case "/font.woff2":
        return typed("font/woff2", FONT);
      case "/form":
        return page(
          '<form action="sent" method="get"><input name="a" value="b"><button>go</button></form>',
        );
      case "/sent":
        return page(`<div id="state">sent ${request.target}</div>`);
      case "/leaflet.pdf":
        if (request.getAll("if-none-match").length > 0) {
          return request.head('HTTP/1.1 304 Not Modified\r\nETag: "p"\r\n\r\n', true);
        }
        return typed("application/pdf", PDF, ['ETag: "p"', "Cache-Control: no-cache"]);
      case "/locked":
        if (request.getAll("authorization").length > 0) return page("unlocked");
        return request.head(
          'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="files"\r\nContent-Length: 0\r\n\r\n',
          true,
        );
      case "/flood":
        return page(
          `flood ${request.target}`,
          Array.from(
            { length: 60 },
            (_, i) =>
              `Set-Cookie: f${request.target.split("?")[1]}_${i}=1; Path=/p${
                request.target.split("?")[1]
              }; Priority=High`,
          ),
        );
      case "/clear":
        return page("cleared", [
          'Clear-Site-Data: "*"',
          "Set-Cookie: crunch_session=; Path=/; Max-Age=0",
          "Set-Cookie: crunch_session=mine; Path=/",
          "Set-Cookie: crunch_session=mine; Path=/api",
          "Set-Cookie: ordinary=1; Path=/",
          "Set-Cookie: =crunch_session=mine; Path=/",
        ]);
      case "/worker.js":
        return typed("text/javascript", "self.onfetch = () => {};", ["Service-Worker-Allowed: /"]);
      default:
        return page("nothing", ["X-Nothing: 1"]);
    }
  };
}

/** All that a page can set. */
const REFERRER_POLICIES = [
  "no-referrer",
  "no-referrer-when-downgrade",
  "origin",
  "origin-when-cross-origin",
  "same-origin",
  "strict-origin",
  "strict-origin-when-cross-origin",
  "unsafe-url",
];

Deno.test("isolation in a browser", async (t) => {
  await using browser = await openBrowser();
  if (browser === undefined) return;
  await using household = new Household();
  const token = await household.account("mallory");
  const neighbourToken = await household.account("neighbour");
  const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
  const hostile = new HostileSite();
  const neighbour = new HostileSite();
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: hostile.answer,
  });
  await using _neighbour = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token: neighbourToken,
    answer: neighbour.answer,
  });
  await using stranger = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<!doctype html><body>", { headers: { "content-type": "text/html" } }),
  );
  const elsewhere = `http://127.0.0.1:${stranger.addr.port}/`;
  const origin = `http://${relay.http}`;
  const here = `${origin}/mallory/`;
  const context = await browser.newContext();
  let page = await context.newPage();

  /** What a sandboxed frame of a page of another site reads there. */
  const strange = async (url: string, policy: string): Promise<string> => {
    const other = await context.newPage();
    try {
      await other.goto(elsewhere);
      return await other.evaluate(
        `new Promise((resolve) => {
          onmessage = ({ data }) => resolve(data);
          const frame = document.createElement("iframe");
          frame.sandbox = "allow-scripts";
          frame.referrerPolicy = ${JSON.stringify(policy)};
          frame.srcdoc = '<meta name="referrer" content="${policy}"><script>fetch(${
          JSON.stringify(url)
        }).then((r) => r.text()).then((t) => parent.postMessage(t, "*"), () => parent.postMessage("threw", "*"))<' + '/script>';
          document.body.append(frame);
        })`,
      ) as string;
    } finally {
      await other.close();
    }
  };

  /** The relay's cookies in this browser. */
  const cookies = async (): Promise<Array<{ name: string; value: string; path: string }>> =>
    (await context.cookies()).map(({ name, value, path }) => ({ name, value, path }));
  /** Runs in the page; gives what it returned or the name of what it threw. */
  const attempt = async (script: string): Promise<string> =>
    await page.evaluate(
      `(async () => { try { return String(await (async () => { ${script} })()); } catch (error) { return "threw " + error.name; } })()`,
    ) as string;

  await page.goto(`${origin}/admin`);
  const signedIn = await attempt(
    `return (await fetch("/api/v1/sessions", { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "admin", password: ${JSON.stringify(PASSWORD)} }) })).status`,
  );
  assert.equal(signedIn, "204");
  assert.equal(await attempt(`return (await (await fetch("/api/v1/me")).json()).name`), "admin");
  const before = await cookies();
  assert.equal(before.length, 1);
  await page.close();

  /** A step with a page of its own, which shows the hostile one. */
  const step = (claim: string, check: () => Promise<void>): Promise<boolean> =>
    t.step(claim, async () => {
      page = await context.newPage();
      try {
        await page.goto(here);
        await check();
      } finally {
        await page.close();
      }
    });

  await step("its modules, fonts, JSON, forms and PDFs work", async () => {
    await page.waitForFunction(`document.getElementById("state").textContent === "module ran"`);
    assert.equal(await attempt(`return (await (await fetch("data.json")).json()).answer`), "42");
    assert.equal(
      await attempt(
        `const font = new FontFace("besley", "url(font.woff2)"); await font.load(); return font.status`,
      ),
      "loaded",
    );
    await page.goto(`${here}form`);
    await page.click("button");
    await page.waitForSelector("#state");
    assert.equal(await page.textContent("#state"), "sent /sent?a=b");
    // The second time the browser has it already, and asks whether it changed.
    for (let i = 0; i < 2; i++) {
      const pdf = await page.goto(`${here}leaflet.pdf`);
      assert.equal(pdf!.status(), 200);
      // The viewer is a frame within.
      await eventually(
        () => page.frames().some((frame) => frame.url().startsWith("chrome-extension:")),
        {
          what: "the PDF viewer",
        },
      );
    }
  });

  await step("its scripts read its own files by HEAD, by Range and after a preflight", async () => {
    assert.match(page.url(), /\/mallory\/![\w-]{11}\/$/);
    for (
      const init of [
        `{ method: "HEAD" }`,
        `{ headers: { range: "bytes=0-1" } }`,
        `{ headers: { "x-anything": "1", range: "bytes=0-1,4-5" } }`,
      ]
    ) {
      assert.equal(await attempt(`return (await fetch("data.json", ${init})).status`), "200", init);
    }
  });

  for (const policy of REFERRER_POLICIES) {
    await step(
      `with Referrer-Policy ${policy} it reads its site, and another one does not`,
      async () => {
        await page.goto(`${here}policy?${policy}`);
        await page.waitForFunction(`document.getElementById("state").textContent === "module ran"`);
        assert.equal(
          await attempt(`return (await (await fetch("data.json")).json()).answer`),
          "42",
        );
        const key = new URL(page.url()).pathname.split("/")[2]!;
        for (const path of ["data.json", "main.js", "font.woff2", "data.json?fresh", ""]) {
          assert.equal(await strange(`${here}${path}`, policy), "threw", path);
        }
        // Who knew the key could have read it there.
        assert.equal(await strange(`${here}${key}/data.json`, policy), '{"answer":42}');
      },
    );
  }

  await step("a page of another name does not read it either", async () => {
    assert.match(await attempt(`return (await fetch("/nobody/data.json")).status`), /^threw/);
    assert.match(await attempt(`return (await fetch("/mallory/data.json")).status`), /^threw/);
  });

  await step("it cannot read or write cookies, storage or the page of the relay", async () => {
    assert.equal(await attempt("return document.cookie"), "threw SecurityError");
    assert.equal(
      await attempt(`document.cookie = "crunch_session=x; path=/"`),
      "threw SecurityError",
    );
    assert.equal(await attempt("return localStorage.length"), "threw SecurityError");
    assert.equal(await attempt("return sessionStorage.length"), "threw SecurityError");
    assert.equal(await attempt(`return indexedDB.open("x")`), "threw SecurityError");
    assert.match(await attempt("return (await caches.keys()).length"), /^threw/);
    assert.match(await attempt("return (await cookieStore.getAll()).length"), /^threw/);
    assert.equal(await attempt("return self.origin"), "null");
  });

  await step("its answers cannot set or clear a cookie of the relay's host", async () => {
    await page.goto(`${here}clear`);
    const after = await cookies();
    assert.deepEqual(after.filter(({ name }) => name !== "ordinary"), before);
    assert.deepEqual(after.find(({ name }) => name === "ordinary"), {
      name: "ordinary",
      value: "1",
      path: "/mallory/",
    });
  });

  await t.step("it never sees the administrator's cookie", () => {
    assert(hostile.seen.length > 5);
    for (const head of hostile.seen) assert(!head.includes(before[0]!.value), head);
  });

  await step("it cannot reach /api with the administrator's session", async () => {
    for (
      const script of [
        `return (await fetch("/api/v1/me", { credentials: "include" })).status`,
        `return (await fetch("/api/v1/me")).status`,
        `return (await fetch("/api/v1/sessions/current", { method: "DELETE", credentials: "include" })).status`,
        `return (await fetch("/api/v1/accounts", { method: "POST", credentials: "include",
          headers: { "content-type": "application/json" }, body: "{}" })).status`,
        `const module = await import("/api/v1/me"); return JSON.stringify(module)`,
        `return await new Promise((resolve, reject) => {
          const request = new XMLHttpRequest();
          request.open("GET", "/api/v1/me"); request.withCredentials = true;
          request.onload = () => resolve(request.responseText);
          request.onerror = () => reject(new TypeError("failed"));
          request.send();
        })`,
        `const source = new EventSource("/api/v1/events", { withCredentials: true });
         return await new Promise((resolve, reject) => {
          source.onopen = () => resolve("open");
          source.onerror = () => { source.close(); reject(new TypeError("failed")); };
        })`,
      ]
    ) assert.match(await attempt(script), /^threw TypeError/, script);
    // Without a readable answer it may still have been sent: it must not have had an effect.
    await attempt(
      `await fetch("/api/v1/accounts", { method: "POST", credentials: "include", mode: "no-cors",
        headers: { "content-type": "text/plain" },
        body: JSON.stringify({ name: "intruder", password: "intruder-1", role: "admin" }) })`,
    );
    await attempt(
      `navigator.sendBeacon("/api/v1/accounts",
        JSON.stringify({ name: "intruder2", password: "intruder-1", role: "admin" }))`,
    );
  });

  for (
    const [what, action, json] of [
      ["an account", "/api/v1/accounts", {
        name: "intruder",
        password: "intruder-1",
        role: "admin",
      }],
      ["a sign-in as somebody else", "/api/v1/sessions", { name: "admin", password: PASSWORD }],
    ] as const
  ) {
    await step(`a form cannot post ${what} either`, async () => {
      // text/plain leaves it as it stands: name, equals sign, value.
      const [name, value] = JSON.stringify({ ...json, x: "=" }).split('"="') as [string, string];
      const [response] = await Promise.all([
        page.waitForResponse((response) => response.url().endsWith(action)),
        attempt(
          `const form = document.createElement("form");
           form.method = "post"; form.enctype = "text/plain"; form.action = ${
            JSON.stringify(action)
          };
           const input = document.createElement("input");
           input.name = ${JSON.stringify(`${name}"`)}; input.value = ${JSON.stringify(`"${value}`)};
           form.append(input); document.body.append(form); form.submit();`,
        ),
      ]);
      assert.equal(response.status(), 403);
      assert.equal(response.request().headers()["origin"], "null");
    });
  }

  await step("a service worker of its own is refused", async () => {
    assert.match(await attempt(`await navigator.serviceWorker.register("worker.js")`), /^threw/);
  });

  await step("frames and windows of the dashboard are closed to it", async () => {
    assert.equal(
      await attempt(
        `const frame = document.createElement("iframe"); frame.src = "/admin";
         document.body.append(frame);
         await new Promise((resolve) => frame.onload = resolve);
         return frame.contentWindow.document.title`,
      ),
      "threw SecurityError",
    );
    const [popup] = await Promise.all([
      context.waitForEvent("page"),
      attempt(`self.opened = window.open("/admin")`),
    ]);
    await popup.waitForLoadState();
    // It is a dashboard like any other, and out of reach (Cross-Origin-Opener-Policy).
    assert.equal(await popup.evaluate("self.origin"), origin);
    assert.equal(await popup.evaluate("self.opener"), null);
    assert.equal(await attempt("return self.opened.closed"), "true");
    await popup.close();
  });

  await step("windows that it opens for itself are as shut in as it is", async () => {
    for (
      const how of [
        `window.open(location.href)`,
        `window.open("about:blank")`,
        `window.open(URL.createObjectURL(new Blob(["<p>blob"], { type: "text/html" })))`,
      ]
    ) {
      const [popup] = await Promise.all([
        context.waitForEvent("page"),
        attempt(`self.opened = ${how}`),
      ]);
      await popup.waitForLoadState();
      assert.equal(await popup.evaluate("self.origin"), "null", how);
      await popup.close();
    }
  });

  await step("a PDF that it opens in a window of its own is shown", async () => {
    const [popup] = await Promise.all([
      context.waitForEvent("page"),
      attempt(`window.open("leaflet.pdf")`),
    ]);
    await eventually(
      () => popup.frames().some((frame) => frame.url().startsWith("chrome-extension:")),
      { what: "the PDF viewer" },
    );
    await popup.close();
  });

  await step("a password that was typed for one name is sent to no other", async () => {
    const before = hostile.seen.length + neighbour.seen.length;
    await page.goto(`${here.replace("//", "//user:typed@")}locked`);
    await page.goto(`${here}other`);
    await page.goto(`${origin}/neighbour/other`);
    // It asks with the same words, and nobody answers.
    await page.goto(`${origin}/neighbour/locked`).catch(() => {});
    await eventually(() => neighbour.seen.some((head) => head.startsWith("GET /locked")), {
      what: "the neighbour's question",
    });
    assert(hostile.seen.length + neighbour.seen.length > before + 3);
    const sent = (seen: readonly string[]): number =>
      seen.filter((head) => /^authorization: basic/im.test(head)).length;
    assert(sent(hostile.seen) > 0);
    assert.equal(sent(neighbour.seen), 0);
  });

  await step("floods of cookies do not wash the administrator's session away", async () => {
    for (let i = 0; i < 12; i++) await page.goto(`${here}flood?${i}`);
    const held = await cookies();
    assert(held.length > 150, `${held.length} cookies`);
    assert.deepEqual(held.filter(({ name }) => !/^f\d|^ordinary/.test(name)), before);
  });

  await step(
    "after all that the administrator is signed in as before, and nobody came in",
    async () => {
      await page.goto(`${origin}/admin`);
      assert.equal(
        await attempt(`return (await (await fetch("/api/v1/me")).json()).name`),
        "admin",
      );
      const accounts = await attempt(
        `return (await (await fetch("/api/v1/accounts")).json()).items.map(({ name }) => name).sort()`,
      );
      assert.equal(accounts, "admin,local,mallory,neighbour");
      assert.deepEqual(
        (await cookies()).filter(({ name }) => !/^f\d|^ordinary/.test(name)),
        before,
      );
    },
  );

  await step("on a subdomain it has an origin, cookies and storage of its own", async () => {
    const own = `http://mallory.localhost:${relay.http.split(":")[1]}/`;
    await page.goto(own);
    await eventually(async () => (await page.textContent("#state")) === "module ran");
    assert.equal(await attempt(`document.cookie = "a=1"; return document.cookie`), "a=1");
    assert.equal(await attempt(`localStorage.x = 1; return localStorage.x`), "1");
    assert.match(
      await attempt(
        `return (await fetch(${
          JSON.stringify(`${origin}/api/v1/me`)
        }, { credentials: "include" })).status`,
      ),
      /^threw TypeError/,
    );
  });
});
