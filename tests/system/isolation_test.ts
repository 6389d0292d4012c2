/** What no agent's answer may do to the relay's origin and to other names on it: decision 7 of the architecture, field by field. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { type Answer, Visitor } from "../support/visitor.ts";
import type { Request } from "../support/visitor.ts";

const SANDBOX = "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads";

/** A relay with the agents of `accounts`, each of which answers with the lines of its `X-Answer` fields. */
async function meet(
  accounts: Readonly<Record<string, { trusted: boolean }>>,
  args: readonly string[] = [],
): Promise<
  AsyncDisposable & {
    readonly http: string;
    /** What a visitor gets when the agent says these lines. */
    answer(lines: readonly string[], where?: Where): Promise<Answer>;
    /** What the agent got last. */
    last(): string;
  }
> {
  const household = new Household();
  try {
    const tokens = new Map<string, string>();
    for (const [name, options] of Object.entries(accounts)) {
      tokens.set(name, await household.account(name, options));
    }
    const relay = await household.relay(args);
    let last = "";
    const agents: AgentDouble[] = [];
    for (const token of tokens.values()) {
      agents.push(
        await AgentDouble.connect({
          tunnel: relay.tunnel,
          token,
          answer: (request) => {
            last = request.text;
            const status = request.getAll("x-status")[0] ?? "200 OK";
            request.head(
              [`HTTP/1.1 ${status}`, ...request.getAll("x-answer"), "Content-Length: 2", "", ""]
                .join("\r\n"),
              request.method === "HEAD" || status.startsWith("304"),
            );
            if (request.method !== "HEAD" && !status.startsWith("304")) request.write("ok", true);
          },
        }),
      );
    }
    return {
      http: relay.http,
      last: () => last,
      async answer(lines, { path = "/alice/x", fields = [], ...request } = {}) {
        using visitor = await Visitor.connect(relay.http);
        return await visitor.ask(path, {
          ...request,
          fields: [...fields, ...lines.map((line) => `X-Answer: ${line}`)],
        });
      },
      async [Symbol.asyncDispose]() {
        for (const agent of agents) await agent[Symbol.asyncDispose]();
        await household[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await household[Symbol.asyncDispose]();
    throw error;
  }
}

interface Where extends Request {
  readonly path?: string;
}

/** Name, value and attributes (lower case) of a Set-Cookie field. */
function cookieOf(value: string): { pair: string; attributes: Map<string, string> } {
  const [pair = "", ...rest] = value.split(";").map((part) => part.trim());
  return {
    pair,
    attributes: new Map(
      rest.filter((part) => part !== "").map((part) => {
        const [name = "", ...text] = part.split("=");
        return [name.toLowerCase(), text.join("=")];
      }),
    ),
  };
}

const ORIGIN_WIDE = [
  'Clear-Site-Data: "*"',
  "Service-Worker-Allowed: /",
  "Strict-Transport-Security: max-age=31536000; includeSubDomains",
  'Alt-Svc: h3=":443"',
  'NEL: {"report_to":"x","max_age":9}',
  'Report-To: {"group":"x","max_age":9,"endpoints":[]}',
  'Reporting-Endpoints: x="https://evil.test/"',
];

Deno.test("isolation: on path URLs", async (t) => {
  await using place = await meet({ alice: { trusted: false }, admin2: { trusted: false } });
  const { answer } = place;
  const cookies = async (...values: string[]): Promise<string[]> =>
    (await answer(values.map((value) => `Set-Cookie: ${value}`))).getAll("set-cookie");

  await t.step("fields that act on the whole origin are dropped, in any case", async () => {
    for (const line of [...ORIGIN_WIDE, ...ORIGIN_WIDE.map((line) => line.toUpperCase())]) {
      const name = line.split(":")[0]!;
      assert.equal((await answer([line, "X-Stays: 1"])).get(name), null, name);
    }
    assert.equal((await answer(["X-Stays: 1"])).get("x-stays"), "1");
  });

  await t.step("each cookie is forced under the name's path, whatever Path it says", async () => {
    const paths: Record<string, string> = {
      "": "/alice/",
      "; Path=/": "/alice/",
      "; path=/": "/alice/",
      "; Path=/sub/": "/alice/sub/",
      "; Path=/alice": "/alice/",
      "; Path=/alice/": "/alice/",
      "; Path=/alice/deep": "/alice/deep",
      "; Path=/alicex": "/alice/alicex",
      "; Path=relative": "/alice/",
      "; Path=": "/alice/",
      "; PATH=/admin": "/alice/admin",
      "; Path=/; Path=/api": "/alice/api",
      "; Path=/alice/x; Path=/": "/alice/",
    };
    for (const [attribute, path] of Object.entries(paths)) {
      const [cookie] = await cookies(`a=1${attribute}`);
      const { pair, attributes } = cookieOf(cookie!);
      assert.equal(pair, "a=1");
      assert.equal(attributes.get("path"), path, attribute);
      assert.equal(cookie!.match(/path=/gi)!.length, 1, cookie);
    }
  });

  await t.step("a Path that a browser would take apart differently cannot lead out", async () => {
    for (const path of ["/alice/../", "/alice/%2e%2e/", "/../", "//", "/\\..\\"]) {
      const [cookie] = await cookies(`a=1; Path=${path}`);
      // Browsers compare cookie paths literally, without taking dot segments out.
      assert(cookieOf(cookie!).attributes.get("path")!.startsWith("/alice/"), cookie);
    }
  });

  await t.step("cookies lose their Domain and keep everything else", async () => {
    const [cookie] = await cookies(
      "a=b=c; Domain=relay.test; DOMAIN=.test; Expires=Tue, 15 Nov 2094 08:12:31 GMT; " +
        "Max-Age=5; Secure; HttpOnly; SameSite=None; Partitioned",
    );
    const { pair, attributes } = cookieOf(cookie!);
    assert.equal(pair, "a=b=c");
    assert.equal(attributes.get("domain"), undefined);
    assert.equal(attributes.get("expires"), "Tue, 15 Nov 2094 08:12:31 GMT");
    assert.equal(attributes.get("max-age"), "5");
    assert.equal(attributes.get("samesite"), "None");
    for (const name of ["secure", "httponly", "partitioned"]) assert(attributes.has(name), name);
  });

  await t.step(
    "cookies that are ours, or whose prefix promises too much, are dropped",
    async () => {
      for (
        const value of [
          "crunch_session=x",
          "crunch=x",
          "CRUNCH_session=x",
          " crunch_session=x",
          "__Host-crunch_session=x",
          "__Host-a=x; Secure; Path=/",
          "__Secure-a=x; Secure",
          "__host-a=x",
          "__SECURE-a=x",
          // Browsers take a cookie without a name by its value: it would pass for one of ours when sent back.
          "=crunch_session=x",
          "crunch_session",
          "=__Host-a=x",
        ]
      ) assert.deepEqual(await cookies(value), [], value);
      assert.equal((await cookies("crunch=1", "b=2", "__Host-x=3", "c=4")).length, 2);
    },
  );

  await t.step("pages get a sandbox, and keep their own policy beside it", async () => {
    const own = "default-src 'self'";
    for (
      const type of [
        "text/html",
        "text/html; charset=utf-8",
        "TEXT/HTML",
        "application/xhtml+xml",
        "image/svg+xml",
        "image/svg+xml; charset=utf-8",
        "text/xml",
        "application/xml",
        "application/rss+xml",
        "text/xsl",
        "multipart/mixed",
        "text/markdown",
        "application/octet-stream",
        "application/x-anything",
        "image/png, text/html",
        "text/plain, text/html",
        "text",
        "",
        "application/pdf+xml",
        "message/rfc822",
      ]
    ) {
      const got = await answer([`Content-Type: ${type}`, `Content-Security-Policy: ${own}`]);
      assert.deepEqual(got.getAll("content-security-policy"), [own, SANDBOX], type);
      assert.equal(got.get("x-content-type-options"), "nosniff", type);
    }
  });

  await t.step("an agent's own sandbox, or nosniff's opposite, weakens nothing", async () => {
    const weak = "sandbox allow-scripts allow-same-origin";
    const got = await answer([
      "Content-Type: text/html",
      `Content-Security-Policy: ${weak}`,
      "X-Content-Type-Options: sniff",
    ]);
    assert.deepEqual(got.getAll("content-security-policy"), [weak, SANDBOX]);
    assert.deepEqual(got.getAll("x-content-type-options"), ["nosniff"]);
  });

  await t.step("what can run nothing goes without a sandbox, with nosniff", async () => {
    for (
      const type of [
        "image/png",
        "image/webp",
        "IMAGE/GIF",
        "audio/mpeg",
        "video/mp4",
        "font/woff2",
        "application/pdf",
        "application/json",
        "application/json; charset=utf-8",
        "text/css",
        "text/javascript; charset=utf-8",
        "application/javascript",
        "text/plain",
        "text/plain; charset=utf-8",
      ]
    ) {
      const got = await answer([`Content-Type: ${type}`]);
      assert.equal(got.get("content-security-policy"), null, type);
      assert.equal(got.get("x-content-type-options"), "nosniff", type);
    }
  });

  await t.step("a missing type is octet-stream, and errors are sandboxed as well", async () => {
    const got = await answer([]);
    assert.equal(got.get("content-type"), "application/octet-stream");
    assert.equal(got.get("content-security-policy"), SANDBOX);
    const error = await answer(["Content-Type: text/html"], { fields: ["X-Status: 500 Oops"] });
    assert.equal(error.status, 500);
    assert.equal(error.get("content-security-policy"), SANDBOX);
    const head = await answer(["Content-Type: text/html"], { method: "HEAD" });
    assert.equal(head.get("content-security-policy"), SANDBOX);
    const unchanged = await answer(['ETag: "x"'], { fields: ["X-Status: 304 Not Modified"] });
    assert.equal(unchanged.status, 304);
    assert.equal(unchanged.get("content-type"), null);
    assert.equal(unchanged.get("x-content-type-options"), "nosniff");
  });

  await t.step("several Content-Type lines are no way around it", async () => {
    for (const types of [["image/png", "text/html"], ["text/html", "image/png"]]) {
      const got = await answer(types.map((type) => `Content-Type: ${type}`));
      const passed = got.getAll("content-type");
      assert(
        passed.length <= 1 && !passed.includes("text/html") ||
          got.getAll("content-security-policy").includes(SANDBOX),
        `${passed}: ${got.head.text}`,
      );
    }
  });

  await t.step(
    "a 304 cannot take the sandbox off a page that is kept, nor lock up a PDF",
    async () => {
      // RFC 9111 section 4.3.4: its fields replace those of the kept answer.
      const got = await answer(
        ["Content-Type: text/plain", "Content-Security-Policy: default-src *", 'ETag: "x"'],
        { fields: ["X-Status: 304 Not Modified"] },
      );
      assert.equal(got.status, 304);
      assert.equal(got.get("etag"), '"x"');
      assert.equal(got.get("content-type"), null);
      assert.equal(got.get("content-security-policy"), null);
    },
  );

  await t.step("service workers are refused before the agent sees anything", async () => {
    await answer([], { path: "/alice/before" });
    const got = await answer(["Content-Type: text/javascript"], {
      path: "/alice/worker.js",
      fields: ["Service-Worker: script"],
    });
    assert.equal(got.status, 403);
    assert(!place.last().includes("worker.js"));
  });

  await t.step(
    "a sandboxed page's requests for its own site may be read, those with rights not",
    async () => {
      const lines = ["Content-Type: application/json"];
      const from = (...fields: string[]): Promise<Answer> => answer(lines, { fields });
      assert.equal((await from("Origin: null")).get("access-control-allow-origin"), "null");
      assert.match((await from("Origin: null")).getAll("vary").join(), /origin/i);
      for (
        const fields of [
          [],
          ["Origin: https://evil.test"],
          ["Origin: null", "Cookie: a=1"],
          ["Origin: null", "Authorization: Bearer x"],
        ]
      ) {
        assert.equal((await from(...fields)).get("access-control-allow-origin"), null, `${fields}`);
      }
      for (const method of ["POST", "PUT"]) {
        const got = await answer(lines, { method, fields: ["Origin: null"] });
        assert.equal(got.get("access-control-allow-origin"), null, method);
      }
      // The agent's own word stands, once.
      const own = await answer([...lines, "Access-Control-Allow-Origin: *"], {
        fields: ["Origin: null"],
      });
      assert.deepEqual(own.getAll("access-control-allow-origin"), ["*"]);
      assert.equal(own.get("access-control-allow-credentials"), null);
    },
  );

  await t.step("an administrator's account is isolated like everybody's", async () => {
    const got = await answer(["Content-Type: text/html", ...ORIGIN_WIDE], { path: "/admin2/" });
    assert.equal(got.get("content-security-policy"), SANDBOX);
    assert.equal(got.get("clear-site-data"), null);
  });

  await t.step("interim answers carry nothing of the kind either", async () => {
    using visitor = await Visitor.connect(place.http);
    // A head that the double sends as its status line: 103, then the rest as a second head.
    const early = "X-Status: 103 Early Hints";
    await visitor.request("/alice/x", {
      fields: [early, ...[...ORIGIN_WIDE, "Set-Cookie: a=1; Path=/"].map((l) => `X-Answer: ${l}`)],
    });
    const head = await visitor.head();
    for (const name of [...ORIGIN_WIDE.map((line) => line.split(":")[0]!), "set-cookie"]) {
      assert.equal(head.get(name), null, name);
    }
  });
});

Deno.test("isolation: on subdomains, a host of one's own", async (t) => {
  await using place = await meet({ alice: { trusted: false } }, ["--domain", "relay.test"]);
  const on = (lines: readonly string[], fields: string[] = []): Promise<Answer> =>
    place.answer(lines, { path: "/x", host: "alice.relay.test:8080", fields });

  await t.step("fields and pages are the agent's own business", async () => {
    const got = await on([
      "Content-Type: text/html",
      "Service-Worker-Allowed: /",
      'Clear-Site-Data: "cookies"',
    ]);
    assert.equal(got.get("content-security-policy"), null);
    assert.equal(got.get("service-worker-allowed"), "/");
    assert.equal(got.get("clear-site-data"), '"cookies"');
    assert.equal((await on([], ["Service-Worker: script"])).status, 200);
  });

  await t.step("a cookie for a host above its own is dropped", async () => {
    const kept = [
      "a=1",
      "a=1; Path=/",
      "a=1; Domain=alice.relay.test",
      "a=1; Domain=.Alice.Relay.Test",
    ];
    for (const value of kept) {
      assert.deepEqual((await on([`Set-Cookie: ${value}`])).getAll("set-cookie"), [value]);
    }
    for (
      const domain of [
        "relay.test",
        ".relay.test",
        "RELAY.test",
        "test",
        "bob.relay.test",
        "xalice.relay.test",
        " relay.test ",
        "relay.test.",
      ]
    ) {
      const got = await on([`Set-Cookie: a=1; Domain=${domain}`]);
      assert.deepEqual(got.getAll("set-cookie"), [], domain);
    }
    const last = await on(["Set-Cookie: a=1; Domain=alice.relay.test; Domain=relay.test"]);
    assert.deepEqual(last.getAll("set-cookie"), []);
  });

  await t.step("the relay's own cookies never reach an agent there either", async () => {
    await on([], ["Cookie: crunch_session=secret; a=1"]);
    assert(!place.last().includes("secret"));
    assert.match(place.last(), /\r\nCookie: a=1\r\n/);
  });
});

Deno.test("isolation: the trusted mark on an account lifts it, on path URLs", async () => {
  await using place = await meet({ alice: { trusted: true }, bob: { trusted: false } });
  const lines = ["Content-Type: text/html", "Set-Cookie: a=1; Path=/", 'Clear-Site-Data: "cache"'];
  const got = await place.answer(lines);
  assert.equal(got.get("content-security-policy"), null);
  assert.equal(got.get("set-cookie"), "a=1; Path=/");
  assert.equal(got.get("clear-site-data"), '"cache"');
  assert.equal((await place.answer([], { fields: ["Service-Worker: script"] })).status, 200);
  const other = await place.answer(lines, { path: "/bob/" });
  assert.equal(other.get("content-security-policy"), SANDBOX);
  // Its rights end where the relay's begin: cookies of ours are not an agent's.
  await place.answer([], { fields: ["Cookie: crunch_session=secret"] });
  assert(!place.last().includes("secret"));
});

Deno.test("isolation: a dashboard on a listener of its own lifts it", async () => {
  await using place = await meet({ alice: { trusted: false } }, ["--admin", "127.0.0.1:0"]);
  const got = await place.answer(["Content-Type: text/html", "Set-Cookie: a=1; Path=/"]);
  assert.equal(got.get("content-security-policy"), null);
  assert.equal(got.get("set-cookie"), "a=1; Path=/");
});
