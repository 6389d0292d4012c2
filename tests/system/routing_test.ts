/** Who answers a path or a host: the relay's own pages, a name's agent, or nobody. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { type Answer, ask, type Request } from "../support/visitor.ts";

/** No agent saw the request. */
function assertNoAgent(answer: Answer, what: string): void {
  assert(!answer.text.includes("prefix="), `${what} reached an agent: ${answer.text}`);
}

Deno.test("routing", async (t) => {
  await using household = new Household();
  await household.account("alice");
  const token = await household.account("bob", { names: ["under_score"] });
  const relay = await household.relay();
  // It says what it got, and where.
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    names: ["bob", "under_score"],
    answer: (request) =>
      request.respond(
        `${request.method} ${request.target} prefix=${request.getAll("x-forwarded-prefix")}`,
        { fields: ["Content-Type: text/plain"] },
      ),
  });

  const get = (target: string, request?: Request): Promise<Answer> =>
    ask(relay.http, target, request);

  await t.step("paths: <prefix><name>/a/b reaches the agent as /a/b with its prefix", async () => {
    assert.equal((await get("/bob/a/b?q=%2F;&x")).text, "GET /a/b?q=%2F;&x prefix=/bob");
    assert.equal((await get("/bob/")).text, "GET / prefix=/bob");
  });

  await t.step("paths: bytes after the name stay as they came", async () => {
    for (
      const path of [
        "/a%2Fb",
        "//a///b",
        "/a;b=c",
        "/%zz%",
        "/a%2ehtml",
        "/caf%C3%A9",
        "/x?a=/../b",
        "/a?b?c",
        "/?",
        "/%00",
        "/a|b^c`{}",
      ]
    ) {
      assert.equal((await get(`/bob${path}`)).text, `GET ${path} prefix=/bob`, path);
    }
  });

  await t.step("paths: bytes over 127 must come as escapes, which stay as they came", async () => {
    for (const path of ["/bob/\xe9", "/bob/?\xff", "/\x80"]) {
      const answer = await get(path);
      assert.equal(answer.status, 400, path);
      assert.equal(answer.get("connection"), "close");
    }
    assert.equal((await get("/bob/%E9?%ff")).text, "GET /%E9?%ff prefix=/bob");
  });

  await t.step("paths: names in upper case are the same names", async () => {
    assert.equal((await get("/BoB/x")).text, "GET /x prefix=/bob");
  });

  await t.step(
    "paths: <prefix><name> without its slash is sent on with 308, the query kept",
    async () => {
      const plain = await get("/bob");
      assert.equal(plain.status, 308);
      assert.equal(plain.get("location"), "/bob/");
      const query = await get("/bob?a=1&b=%20");
      assert.equal(query.status, 308);
      assert.equal(query.get("location"), "/bob/?a=1&b=%20");
      // A POST keeps its method by 308, and its body is nobody's.
      const post = await get("/bob", { method: "POST", body: "x" });
      assert.equal(post.status, 308);
    },
  );

  await t.step(
    "subdomains: <name>.<domain> reaches the agent unchanged, without a prefix",
    async () => {
      for (
        const host of [
          "bob.localhost",
          "BOB.LocalHost",
          "bob.localhost:8080",
          "bob.localhost.",
          "bob.localhost.:80",
        ]
      ) {
        assert.equal((await get("/a/b?c", { host })).text, "GET /a/b?c prefix=", host);
      }
    },
  );

  await t.step("subdomains: paths that are ours elsewhere are the name's there", async () => {
    for (
      const path of ["/", "/admin", "/api/v1/me", "/healthz", "/bob/x", "/favicon.ico", "/%61dmin"]
    ) {
      assert.equal((await get(path, { host: "bob.localhost" })).text, `GET ${path} prefix=`, path);
    }
  });

  await t.step(
    "subdomains: /.well-known/acme-challenge/ is ours even there, however it is written",
    async () => {
      for (
        const path of [
          "/.well-known/acme-challenge/x",
          "/.well-known/%61cme-challenge/x",
          "//.well-known//acme-challenge/x",
          "/x/../.well-known/acme-challenge/x",
        ]
      ) {
        const answer = await get(path, { host: "bob.localhost" });
        assert.equal(answer.status, 404, path);
        assertNoAgent(answer, path);
      }
      const other = await get("/.well-known/security.txt", { host: "bob.localhost" });
      assert.equal(other.text, "GET /.well-known/security.txt prefix=");
    },
  );

  await t.step(
    "subdomains: names with _ have none, and an unknown label never falls to another name",
    async () => {
      assert.equal((await get("/under_score/x")).text, "GET /x prefix=/under_score");
      for (
        const host of [
          "under_score.localhost",
          "nobody.localhost",
          "a.bob.localhost",
          "bob.bob.localhost",
          ".localhost",
          "bob..localhost",
          "xn--bob.localhost",
          "-bob.localhost",
        ]
      ) {
        for (const path of ["/", "/bob/", "/admin"]) {
          const answer = await get(path, { host });
          assert([404, 400].includes(answer.status), `${host}${path}: ${answer.status}`);
          assertNoAgent(answer, host + path);
        }
      }
    },
  );

  await t.step("hosts: an own host without a name is path routing", async () => {
    for (
      const host of [
        "127.0.0.1:8080",
        "[::1]:8080",
        "localhost",
      ]
    ) {
      assert.equal((await get("/bob/x", { host })).text, "GET /x prefix=/bob", host);
    }
  });

  await t.step("own pages: a landing page without any name on it, and health", async () => {
    const landing = await get("/", { fields: ["Accept: text/html"] });
    assert.equal(landing.status, 200);
    assert.match(landing.get("content-type")!, /^text\/html/);
    assert.match(landing.text, /href="\/admin"/);
    assert(!/alice|bob/.test(landing.text));
    assert.equal((await get("/healthz")).text, "ok\n");
    assert.equal((await get("/readyz")).status, 200);
  });

  await t.step("own pages: reserved first segments never reach an agent", async () => {
    for (
      const segment of [
        "admin",
        "api",
        "metrics",
        "healthz",
        "readyz",
        "download",
        "install.sh",
        "install.ps1",
        "static",
        ".well-known",
        "favicon.ico",
        "robots.txt",
      ]
    ) {
      for (const tail of ["", "/", "/x", "?bob", "/../bob/x", "/..%2fbob/x"]) {
        assertNoAgent(await get(`/${segment}${tail}`), segment + tail);
      }
    }
  });

  await t.step("own pages: odd spellings of them reach neither an agent nor the page", async () => {
    const admin = await get("/admin");
    assert.equal(admin.status, 200);
    for (
      const path of [
        "/%61dmin",
        "/%61%64%6d%69%6e",
        "/%2561dmin",
        "//admin",
        "///admin",
        "/./admin",
        "/.//admin",
        "/x/../admin",
        "/bob/../admin",
        "/bob/..%2fadmin",
        "/bob/%2e%2e/admin",
        "/bob/%2e%2e%2fadmin",
        "/bob/%252e%252e/admin",
        "/bob/..%5cadmin",
        "/bob/..\\admin",
        "/bob/x/../../admin",
        "/bob/..;/admin",
        "/%2fadmin",
        "/\\admin",
        "/%5cadmin",
        "/ADMIN",
        "/Admin/",
        "/admin%2f",
        "/admin%00",
        "/%2e/admin",
        "/bob/../api/v1/me",
        "/bob/../healthz",
      ]
    ) {
      // What a browser would make of it is another page than the one it asked for.
      if (path === "/bob/..;/admin") {
        assert.equal((await get(path)).text, "GET /..;/admin prefix=/bob");
        continue;
      }
      const answer = await get(path);
      assert(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
      assertNoAgent(answer, path);
      assert.notEqual(answer.text, admin.text, path);
      assert(!answer.text.includes("ok\n"), path);
    }
  });

  await t.step("dot segments: may wander below a name, never out of it into another", async () => {
    assert.equal((await get("/bob/a/../b")).text, "GET /a/../b prefix=/bob");
    for (
      const path of ["/bob/../alice/", "/bob/..%2falice/x", "/alice/%2e%2e/bob/x", "/bob/../bob/x"]
    ) {
      const answer = await get(path);
      assert.equal(answer.status, 404, path);
      assertNoAgent(answer, path);
    }
  });

  await t.step("errors: 404 unknown-name, 503 agent-offline with Retry-After", async () => {
    const json = ["Accept: application/json"];
    const unknown = await get("/nobody/x", { fields: json });
    assert.equal(unknown.status, 404);
    assert.equal(unknown.json().code, "unknown-name");
    const offline = await get("/alice/x", { fields: json });
    assert.equal(offline.status, 503);
    assert.equal(offline.json().code, "agent-offline");
    assert.match(offline.get("retry-after")!, /^\d+$/);
    const host = await get("/", { host: "alice.localhost", fields: json });
    assert.equal(host.json().code, "agent-offline");
  });

  await t.step(
    "errors: HTML for browsers, problem+json for programs, else text, each with the id",
    async () => {
      const form = async (accept: string[]): Promise<[string, Answer]> => {
        const answer = await get("/nobody/", { fields: accept.map((value) => `Accept: ${value}`) });
        assert.equal(answer.status, 404);
        assert.equal(answer.get("x-content-type-options"), "nosniff");
        assert.equal(answer.get("cache-control"), "no-store");
        return [answer.get("content-type")!.split(";")[0]!, answer];
      };
      const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
      const [html, page] = await form([browser]);
      assert.equal(html, "text/html");
      assert(page.text.includes(page.get("x-request-id")!));
      const [type, problem] = await form(["application/json"]);
      assert.equal(type, "application/problem+json");
      assert.equal(problem.json().request_id, problem.get("x-request-id"));
      assert.equal(problem.json().status, 404);
      assert.equal(typeof problem.json().title, "string");
      assert.equal((await form(["application/problem+json"]))[0], "application/problem+json");
      for (const accept of [[], ["*/*"], ["image/png"]]) {
        const [plain, text] = await form(accept);
        assert.equal(plain, "text/plain");
        assert(text.text.includes(text.get("x-request-id")!));
      }
    },
  );

  await t.step("errors: a HEAD gets the head of the same answer and no body", async () => {
    const head = await get("/nobody/", { method: "HEAD" });
    const whole = await get("/nobody/");
    assert.equal(head.status, 404);
    assert.equal(head.get("content-length"), whole.get("content-length"));
  });

  await t.step("errors: what was asked for is text in the page, never markup", async () => {
    const answer = await get("/%3Cscript%3Ealert(1)%3C/script%3E/<img>", {
      fields: ["Accept: text/html"],
    });
    assert(!/<script|<img/i.test(answer.text));
  });

  await t.step(
    "request ids: no two answers have the same one, and a visitor cannot choose it",
    async () => {
      const ids = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const answer = await get("/bob/", { fields: ["X-Request-Id: mine"] });
        const id = answer.get("x-request-id")!;
        assert.notEqual(id, "mine");
        ids.add(id);
      }
      assert.equal(ids.size, 20);
      // Nor do they count: of two neighbours' digits two are alike by chance.
      const all = [...ids];
      const alike = all.slice(1).map((id, i) =>
        [...id].filter((digit, at) => digit === all[i]![at])
      );
      assert(alike.every(({ length }) => length < 15), all.join(" "));
    },
  );
});

Deno.test("prefix: names begin below it, and our own pages stay where they are", async () => {
  await using other = new Household();
  const token = await other.account("bob");
  const below = await other.relay(["--prefix", "/servers/"]);
  await using _agent = await AgentDouble.connect({
    tunnel: below.tunnel,
    token,
    answer: (request) =>
      request.respond(`${request.target} prefix=${request.getAll("x-forwarded-prefix")}`),
  });
  const at = (target: string, request?: Request): Promise<Answer> =>
    ask(below.http, target, request);
  assert.equal((await at("/servers/bob/a/b")).text, "/a/b prefix=/servers/bob");
  const redirect = await at("/servers/bob?x=1");
  assert.equal(redirect.status, 308);
  assert.equal(redirect.get("location"), "/servers/bob/?x=1");
  assert.equal((await at("/x", { host: "bob.localhost" })).text, "/x prefix=");
  assert.equal((await at("/healthz")).text, "ok\n");
  assert.equal((await at("/admin")).status, 200);
  for (
    const path of [
      "/bob/a",
      "/servers",
      "/serversbob/",
      "//servers/bob/",
      "/servers//bob/",
      "/servers/../admin",
      "/servers/bob/../../admin",
      "/x/../servers/bob/",
      "/%73ervers/bob/",
      "/servers/bob/../alice/",
    ]
  ) {
    const answer = await at(path);
    assert(!answer.text.includes("prefix="), `${path} reached the agent: ${answer.text}`);
  }
});

Deno.test("--admin: dashboard and API have a listener of their own, and visitors' one has them not", async () => {
  await using other = new Household();
  const token = await other.account("bob");
  const apart = await other.relay(["--admin", "127.0.0.1:0"]);
  await using _agent = await AgentDouble.connect({
    tunnel: apart.tunnel,
    token,
    answer: (request) => request.respond("from the agent"),
  });
  assert.notEqual(apart.admin, apart.http);
  assert.equal((await ask(apart.http, "/admin")).status, 404);
  assert.equal((await ask(apart.http, "/api/v1/me")).status, 404);
  assert.equal((await ask(apart.admin, "/admin")).status, 200);
  assert.equal((await ask(apart.admin, "/api/v1/me")).status, 401);
  assert.equal((await ask(apart.http, "/bob/")).text, "from the agent");
  assert.equal((await ask(apart.admin, "/bob/")).status, 404);
  assert.equal((await ask(apart.admin, "/", { host: "bob.localhost" })).status, 200);
});
