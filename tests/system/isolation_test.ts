/** What no agent's answer may do to the relay's origin and to other names on it: decision 7 of the architecture, field by field. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { type Answer, Visitor } from "../support/visitor.ts";
import type { Request } from "../support/visitor.ts";

const SANDBOX =
  "sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads";

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
  // Later ones, and some that nobody has thought of yet.
  "Accept-CH: Sec-CH-UA-Model",
  "Critical-CH: Sec-CH-UA-Model",
  "Origin-Agent-Cluster: ?1",
  'Use-As-Dictionary: match="/*"',
  "Set-Login: logged-in",
  'Speculation-Rules: "/rules.json"',
  "No-Vary-Search: params",
  'Cache-Group-Invalidation: "all"',
  "Origin-Trial: x",
  "Public-Key-Pins: max-age=9",
  "Expect-CT: max-age=9, enforce",
  'Secure-Session-Registration: (ES256);path="/x"',
  "Proxy-Authenticate: Basic",
  "Whole-Origin-Policy: everything",
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

  await t.step("fields that act on one answer pass, those of applications too", async () => {
    const lines = [
      "X-Total: 3",
      "X-Frame-Options: DENY",
      'HX-Trigger: {"a":1}',
      "Upload-Offset: 3",
      "Grpc-Status: 0",
      "RateLimit-Remaining: 3",
      "Link: <style.css>; rel=preload; as=style",
      "Refresh: 3",
      "Content-Language: de",
      "Permissions-Policy: camera=()",
      "Referrer-Policy: no-referrer",
      "Cross-Origin-Resource-Policy: cross-origin",
      "Access-Control-Allow-Methods: PUT",
      "Server-Timing: a;dur=3",
      "Content-Digest: sha-256=:AA==:",
    ];
    const got = await answer(lines);
    for (const line of lines) {
      const [name, value] = line.split(/: (.*)/) as [string, string];
      assert.equal(got.get(name), value);
    }
  });

  await t.step("nobody orders a server in front of the relay to send files", async () => {
    const names = [
      ...["X-Accel-Redirect", "X-Sendfile", "X-SENDFILE2", "X-Sendfile-Temporary"],
      ...["X-LIGHTTPD-send-file", "X-LiteSpeed-Location", "X-Reproxy-URL", "X-Reproxy-File"],
    ];
    for (const name of names) {
      assert.equal((await answer([`${name}: /etc/passwd`])).get(name), null);
    }
  });

  await t.step("a 304 says the rights that hold now, except for a PDF", async () => {
    // RFC 9111 section 4.3.4: its fields replace those of the kept answer.
    const got = await answer(
      ["Content-Type: text/plain", "Content-Security-Policy: default-src *", 'ETag: "x"'],
      { fields: ["X-Status: 304 Not Modified"] },
    );
    assert.equal(got.status, 304);
    assert.equal(got.get("etag"), '"x"');
    assert.equal(got.get("content-type"), null);
    assert.equal(got.get("content-security-policy"), SANDBOX);
    const pdf = await answer(['ETag: "x"', "Content-Type: application/pdf"]);
    const kept = await answer(['ETag: "x"'], {
      fields: ["X-Status: 304 Not Modified", `If-None-Match: ${pdf.get("etag")}`],
    });
    assert.match(place.last(), /^If-None-Match: "x"\r$/m);
    assert.equal(kept.get("etag"), pdf.get("etag"));
    assert.equal(kept.get("content-security-policy"), null);
  });

  await t.step("a page's own policy outlives its 304s, which carry none", async () => {
    const own = "default-src 'self'";
    const page = await answer([
      'ETag: W/"x"',
      "Content-Type: text/html",
      `Content-Security-Policy: ${own}`,
    ]);
    assert.deepEqual(page.getAll("content-security-policy"), [own, SANDBOX]);
    const kept = await answer(['ETag: W/"x"'], {
      fields: ["X-Status: 304 Not Modified", `If-None-Match: ${page.get("etag")}`],
    });
    assert.equal(kept.get("content-security-policy"), null);
    assert.equal(kept.get("etag"), page.get("etag"));
  });

  await t.step("the tag of a page works in every condition", async () => {
    const page = await answer(['ETag: "x"', "Content-Type: text/html"]);
    const tag = page.get("etag")!;
    for (const name of ["If-None-Match", "If-Match", "If-Range"]) {
      await answer([], { fields: [`${name}: ${tag}`, "Range: bytes=0-1"] });
      assert.match(place.last(), new RegExp(`^${name}: "x"\r$`, "m"));
      assert.match(place.last(), /^Range: bytes=0-1\r$/m);
    }
    await answer([], { fields: [`If-None-Match: "a", ${tag}`, 'If-None-Match: W/"b"'] });
    assert.match(place.last(), /^If-None-Match: "a", "x", W\/"b"\r$/m);
    assert.equal(place.last().match(/^If-None-Match/gm)!.length, 1);
  });

  await t.step("a page is asked about each time, whatever its agent says", async () => {
    const cases: Record<string, string> = {
      "Cache-Control: public, max-age=9": "public, max-age=9, no-cache",
      "Cache-Control: no-store": "no-store",
      "Cache-Control: max-age=0, no-cache": "max-age=0, no-cache",
      "X-None: 1": "no-cache",
    };
    for (const [line, value] of Object.entries(cases)) {
      const page = await answer(["Content-Type: text/html", line]);
      assert.equal(page.get("cache-control"), value);
      const image = await answer(["Content-Type: image/png", line]);
      assert.equal(image.get("cache-control"), line.startsWith("C") ? line.slice(15) : null);
    }
  });

  await t.step("service workers are refused before the agent sees anything", async () => {
    await answer([], { path: "/alice/before" });
    const got = await answer(["Content-Type: text/javascript"], {
      path: "/alice/worker.js",
      fields: ["Service-Worker: script"],
    });
    assert.equal(got.status, 403);
    assert(!place.last().includes("worker.js"));
  });

  await t.step("no page of another site reads anything by an origin that is null", async () => {
    const lines = ["Content-Type: application/json"];
    const host = place.http;
    const strange = [
      "X-Nothing: 1",
      "Referer: https://evil.test/alice/",
      `Referer: http://${host}/`,
      `Referer: http://${host}/bob/`,
      `Referer: http://${host}/alicex/`,
      `Referer: http://${host}.evil.test/alice/`,
      `Referer: http://evil.test/?http://${host}/alice/`,
      "Sec-Fetch-Dest: empty",
      "Sec-Fetch-Dest: image",
    ];
    for (const field of strange) {
      for (const method of ["GET", "HEAD"]) {
        const got = await answer(lines, { method, host, fields: ["Origin: null", field] });
        assert.equal(got.status, 200);
        assert.equal(got.get("access-control-allow-origin"), null, field);
      }
      const leave = await answer(lines, {
        method: "OPTIONS",
        host,
        fields: ["Origin: null", field, "Access-Control-Request-Method: GET"],
      });
      assert.equal(leave.get("access-control-allow-origin"), null, field);
    }
  });

  await t.step("its own pages read it, with HEAD, Range and after a preflight too", async () => {
    const lines = ["Content-Type: application/json"];
    const host = place.http;
    const from = (fields: string[], request: Where = {}): Promise<Answer> =>
      answer(lines, { host, ...request, fields: ["Origin: null", ...fields] });
    const own = `Referer: http://${host}/alice/js/main.js`;
    for (const fields of [[own], [own, "Range: bytes=0-1"]]) {
      for (const method of ["GET", "HEAD"]) {
        const got = await from(fields, { method });
        assert.equal(got.get("access-control-allow-origin"), "null");
        assert.equal(got.get("access-control-expose-headers"), "*");
        assert.equal(got.get("access-control-allow-credentials"), null);
      }
    }
    const leave = await from([
      own,
      "Access-Control-Request-Method: GET",
      "Access-Control-Request-Headers: range, x-a, authorization",
    ], { method: "OPTIONS" });
    assert.equal(leave.status, 204);
    assert.equal(leave.get("access-control-allow-origin"), "null");
    assert.equal(leave.get("access-control-allow-methods"), "GET, HEAD");
    assert.equal(leave.get("access-control-allow-headers"), "range, x-a");
    // What changes something is the agent's to allow.
    const change = await from([own, "Access-Control-Request-Method: PUT"], { method: "OPTIONS" });
    assert.equal(change.get("access-control-allow-origin"), null);
    for (const fields of [["Cookie: a=1"], ["Authorization: Bearer x"]]) {
      assert.equal((await from([own, ...fields])).get("access-control-allow-origin"), null);
    }
    for (const method of ["POST", "PUT"]) {
      assert.equal((await from([own], { method })).get("access-control-allow-origin"), null);
    }
    // Modules run for whoever loads them, as scripts always did, and fonts are drawn with.
    for (const kind of ["script", "font"]) {
      const got = await from([`Sec-Fetch-Dest: ${kind}`]);
      assert.equal(got.get("access-control-allow-origin"), "null");
    }
    // The agent's own word stands, once.
    const said = await answer([...lines, "Access-Control-Allow-Origin: *"], {
      host,
      fields: ["Origin: null", own],
    });
    assert.deepEqual(said.getAll("access-control-allow-origin"), ["*"]);
    // Anybody on the Internet may ask a relay there himself.
    assert.equal((await answer(lines)).get("access-control-allow-origin"), null);
  });

  await t.step(
    "a browser's page has a key in its address, by which it reads its site",
    async () => {
      const host = place.http;
      const page = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
      const html = ["Content-Type: text/html"];
      const sent = await answer(html, { host, path: "/alice/a/b?c=1", fields: page });
      assert.equal(sent.status, 307);
      assert.equal(sent.get("cache-control"), "no-store");
      const location = sent.get("location")!;
      assert.match(location, /^\/alice\/![\w-]{11}\/a\/b\?c=1$/);
      const there = await answer(html, { host, path: location, fields: page });
      assert.equal(there.status, 200);
      assert.match(place.last(), /^GET \/a\/b\?c=1 HTTP/);
      const key = location.split("/")[2]!;
      const read = (path: string): Promise<string | null> =>
        answer(["Content-Type: application/json"], { host, path, fields: ["Origin: null"] })
          .then((got) => got.get("access-control-allow-origin"));
      assert.equal(await read(`/alice/${key}/data.json`), "null");
      assert.equal(await read("/alice/data.json"), null);
      assert.equal(await read("/alice/!AAAAAAAAAAA/data.json"), null);
      assert.equal(await read(`/admin2/${key}/data.json`), null);
      // Over plain HTTP a browser says less; one that is no browser is never sent on, and an old key leads to the new one.
      const plain = { host, path: "/alice/", fields: ["Upgrade-Insecure-Requests: 1"] };
      assert.equal((await answer(html, plain)).get("location"), `/alice/${key}/`);
      assert.equal((await answer(html, { host, path: "/alice/" })).status, 200);
      const old = { host, path: "/alice/!AAAAAAAAAAA/x", fields: page };
      assert.equal((await answer(html, old)).get("location"), `/alice/${key}/x`);
      // An agent hears nothing of it, and its redirects stay with it.
      const referer = `Referer: http://${host}/alice/${key}/main.js`;
      const on = await answer(["Location: /alice/sub/", "Location: https://other.test/"], {
        host,
        path: `/alice/${key}/sub`,
        fields: [referer, "X-Status: 308 Permanent Redirect"],
      });
      assert.deepEqual(on.getAll("location"), [`/alice/${key}/sub/`, "https://other.test/"]);
      assert(!place.last().includes(key), place.last());
      assert.match(place.last(), /^Referer: http:\/\/[\d.:]+\/alice\/main\.js\r$/m);
      // What a style sheet or a module loads by an absolute path has no key, and may be another name's.
      await answer([], { host, path: "/alice/font.woff2", fields: [referer] });
      assert.match(place.last(), /^Referer: http:\/\/[\d.:]+\/alice\/main\.js\r$/m);
    },
  );

  await t.step("each answer tells caches what its readers hang on", async () => {
    const vary = async (fields: string[], lines: string[] = []): Promise<string[]> =>
      (await answer(lines, { fields })).getAll("vary");
    assert.deepEqual(await vary([]), ["Origin"]);
    assert.deepEqual(await vary(["Origin: https://a.test"]), ["Origin"]);
    assert.deepEqual(await vary(["Origin: null"]), ["Origin, Referer, Sec-Fetch-Dest, Cookie"]);
    assert.deepEqual(await vary([], ["Vary: Accept", "Vary: Cookie"]), ["Accept, Cookie, Origin"]);
    assert.deepEqual(await vary(["X-Status: 304 Not Modified"]), ["Origin"]);
  });

  await t.step(
    "passwords are asked for in the name's own words, and never for the host",
    async () => {
      const ask = async (...values: string[]): Promise<string[]> =>
        (await answer(values.map((value) => `WWW-Authenticate: ${value}`), {
          fields: ["X-Status: 401 Unauthorized"],
        })).getAll("www-authenticate");
      assert.deepEqual(await ask('Basic realm="files"'), ['Basic realm="alice: files"']);
      assert.deepEqual(await ask("basic REALM=files, charset=UTF-8"), [
        'basic realm="alice: files", charset=UTF-8',
      ]);
      assert.deepEqual(await ask("Basic"), ['Basic realm="alice"']);
      assert.deepEqual(await ask('Basic charset="UTF-8"'), [
        'Basic realm="alice", charset="UTF-8"',
      ]);
      assert.deepEqual(await ask('Bearer realm="a \\"b, c", error="x"'), [
        'Bearer realm="alice: a \\"b, c", error="x"',
      ]);
      assert.deepEqual(
        await ask('Negotiate, NTLM, Basic realm="a", Digest realm="b", nonce="x"', "NTLM TlRM=="),
        ['Basic realm="alice: a"'],
      );
      assert.deepEqual(await ask("negotiate"), []);
      assert.deepEqual(await ask('="x"'), []);
    },
  );

  await t.step("one answer sets twenty cookies, and one name has fifty in a browser", async () => {
    const many = Array.from({ length: 60 }, (_, i) => `Set-Cookie: c${i}=1`);
    assert.equal((await answer(many)).getAll("set-cookie").length, 20);
    const held = (count: number): string =>
      `Cookie: ${Array.from({ length: count }, (_, i) => `c${i}=1`).join("; ")}`;
    const fresh = many.slice(45);
    assert.equal((await answer(fresh, { fields: [held(45)] })).getAll("set-cookie").length, 5);
    // What is there already may change, or go.
    assert.equal((await answer(many, { fields: [held(60)] })).getAll("set-cookie").length, 20);
  });

  await t.step("no cookie is dearer to a browser than ours", async () => {
    const [cookie] = await cookies("a=1; Priority=High; Secure");
    assert.doesNotMatch(cookie!, /priority/i);
    assert.match(cookie!, /; Secure/);
  });

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

  await t.step(
    "there too, names of ours, Priority and floods of cookies go no further",
    async () => {
      assert.deepEqual((await on(["Set-Cookie: crunch=1; Path=/"])).getAll("set-cookie"), []);
      assert.deepEqual(
        (await on(["Set-Cookie: a=1; Priority=High; Path=/"])).getAll("set-cookie"),
        [
          "a=1; Path=/",
        ],
      );
      const many = Array.from({ length: 60 }, (_, i) => `Set-Cookie: c${i}=1`);
      assert.equal((await on(many)).getAll("set-cookie").length, 20);
    },
  );

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

Deno.test("isolation: a dashboard on a listener of its own lifts nothing, as cookies know no ports", async () => {
  await using place = await meet({ alice: { trusted: false }, bob: { trusted: true } }, [
    ...["--admin", "127.0.0.1:0"],
  ]);
  const lines = [
    "Content-Type: text/html",
    "Set-Cookie: a=1; Path=/",
    "Set-Cookie: crunch=x; Path=/",
    'Clear-Site-Data: "*"',
  ];
  const got = await place.answer(lines);
  assert.equal(got.get("content-security-policy"), SANDBOX);
  assert.equal(got.get("set-cookie"), "a=1; Path=/alice/");
  assert.equal(got.get("clear-site-data"), null);
  const trusted = await place.answer(lines, { path: "/bob/" });
  assert.equal(trusted.get("content-security-policy"), null);
  assert.equal(trusted.get("set-cookie"), "a=1; Path=/");
});

Deno.test("isolation: what does not pass is counted, for the name's owner to see", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  const relay = await household.relay();
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: (request) =>
      request.respond("ok", {
        fields: ["Accept-CH: a", "X-Fine: 1", "Set-Cookie: crunch=1", "Origin-Agent-Cluster: ?1"],
      }),
  });
  for (let i = 0; i < 2; i++) {
    using visitor = await Visitor.connect(relay.http);
    assert.equal((await visitor.ask("/alice/")).text, "ok");
  }
  using visitor = await Visitor.connect(relay.http);
  const answer = await visitor.ask("/api/v1/names/alice/dropped-fields", {
    fields: [`Authorization: Bearer ${token}`],
  });
  const items = answer.json().items as { field: string; count: number; last: string }[];
  assert.deepEqual(items.map(({ field, count }) => `${field} ${count}`).sort(), [
    "accept-ch 2",
    "origin-agent-cluster 2",
    "set-cookie 2",
  ]);
  assert(Date.parse(items[0]!.last) > 0);
});

Deno.test("isolation: what was kept with other rights is never said to be unchanged", async () => {
  await using place = await meet({ alice: { trusted: false }, bob: { trusted: true } });
  const lines = [
    'ETag: "x"',
    "Content-Type: text/html",
    "Last-Modified: Tue, 15 Nov 1994 08:12:31 GMT",
  ];
  const since = "If-Modified-Since: Tue, 15 Nov 1994 08:12:31 GMT";
  const tags = new Map<string, string>();
  for (const name of ["alice", "bob"]) {
    const { get } = await place.answer(lines, { path: `/${name}/` });
    tags.set(name, get("etag")!);
    assert.equal(get("last-modified"), "Tue, 15 Nov 1994 08:12:31 GMT");
  }
  for (const name of ["alice", "bob"]) {
    const other = tags.get(name === "alice" ? "bob" : "alice")!;
    const path = `/${name}/`;
    const fields = [`If-None-Match: ${other}`, since, `If-Range: ${other}`, "Range: bytes=0-1"];
    await place.answer(lines, { path, fields });
    assert.doesNotMatch(place.last(), /^(?:If-|Range)/m, name);
    await place.answer(lines, { path, fields: [`If-None-Match: ${tags.get(name)}`, since] });
    assert.match(place.last(), /^If-None-Match: "x"\r$/m);
    // Only a tag tells which copy it is.
    const dated = await place.answer(lines.slice(1), { path });
    assert.equal(dated.get("last-modified"), null);
    const image = await place.answer(["Content-Type: image/png", lines[2]!], { path });
    assert.equal(image.get("last-modified"), "Tue, 15 Nov 1994 08:12:31 GMT");
  }
  // Bytes that act nowhere by themselves have the tags that their agent gives them.
  const image = await place.answer(['ETag: "x"', "Content-Type: image/png"]);
  assert.equal(image.get("etag"), '"x"');
});
