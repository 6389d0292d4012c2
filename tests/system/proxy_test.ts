/** Web applications published with `crunch agent --proxy`: what they see, and what visitors get of them. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";
import { head, origin } from "../http/client/origin.ts";

/** An application that answers each request with what it was asked, byte for byte, and further lines by its path. */
function echo(lines: Readonly<Record<string, string>> = {}) {
  return origin(async (connection) => {
    for (;;) {
      let asked: string;
      try {
        asked = await head(connection);
      } catch {
        return;
      }
      const length = Number(/^content-length: (\d+)/im.exec(asked)?.[1] ?? 0);
      asked += await connection.take(length).then((bytes) => String.fromCharCode(...bytes));
      const target = asked.split(" ")[1]!;
      await connection.send(
        `HTTP/1.1 200 Just Fine\r\n${lines[target] ?? ""}Content-Type: text/plain\r\n` +
          `Content-Length: ${asked.length}\r\n\r\n${asked}`,
      );
    }
  });
}

Deno.test("proxy: an application gets what was asked, byte for byte, and the fields that PROTOCOL.md names", async (t) => {
  await using household = new Household();
  await using app = echo({
    "/in": "Location: /login\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n",
  });
  const relay = await household.relay();
  const url = `http://localhost:${app.port}`;
  const agent = await household.agent(["--proxy", url]);
  assert.equal(agent.urls[0], `http://${relay.http}/local/`);

  await t.step("the target, names of fields and the Host that the visitor asked", async () => {
    const answer = await ask(relay.http, "/local/%2F//a;b?x=%zz&y", {
      fields: ["x-ODD: 1", "A: 2", "a: 3"],
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.head.reason, "Just Fine");
    const [line, ...lines] = answer.text.trimEnd().split("\r\n");
    assert.equal(line, "GET /%2F//a;b?x=%zz&y HTTP/1.1");
    assert.deepEqual(lines.slice(0, 4), [`Host: ${relay.http}`, "x-ODD: 1", "A: 2", "a: 3"]);
    assert.ok(lines.includes("X-Forwarded-Prefix: /local"), answer.text);
    assert.ok(lines.includes("X-Forwarded-Proto: http"), answer.text);
    assert.ok(lines.includes("Via: 1.1 crunch"), answer.text);
    assert.ok(!lines.some((one) => /^(connection|transfer-encoding|upgrade):/i.test(one)));
  });

  await t.step(
    "redirects and cookies are brought below the prefix, on a subdomain they stay",
    async () => {
      const onPath = await ask(relay.http, "/local/in");
      assert.equal(onPath.get("location"), "/local/login");
      assert.deepEqual(onPath.getAll("set-cookie").map((one) => one.split(";")[0]), ["a=1", "b=2"]);
      assert.match(onPath.getAll("set-cookie")[0]!, /Path=\/local\//);
      const host = `local.localhost:${relay.http.split(":")[1]}`;
      const onHost = await ask(relay.http, "/in", { host });
      assert.equal(onHost.get("location"), "/login");
      assert.deepEqual(onHost.getAll("set-cookie"), ["a=1; Path=/", "b=2"]);
    },
  );

  await t.step("a body by length", async () => {
    const answer = await ask(relay.http, "/local/", { method: "POST", body: "some body" });
    assert.match(answer.text, /\r\nContent-Length: 9\r\n/);
    assert.match(answer.text, /\r\n\r\nsome body$/);
  });

  await t.step("connections are kept", () => assert.ok(app.connections.length < 4));
});

Deno.test("proxy: several applications and directories by their mounts, with a Host of their own", async () => {
  await using household = new Household();
  household.write("site/page.txt", "a page");
  await using api = echo();
  const relay = await household.relay();
  const url = `http://127.0.0.1:${api.port}`;
  await household.agent(["--dir", "site", "--proxy", `/api=${url}`, "--host-header", "origin"]);
  assert.equal((await ask(relay.http, "/local/page.txt")).text, "a page");
  const { text } = await ask(relay.http, "/local/api/v1?x");
  assert.match(text, /^GET \/v1\?x HTTP/);
  assert.match(text, new RegExp(`\r\nHost: 127\\.0\\.0\\.1:${api.port}\r\n`));
  assert.match(text, /\r\nX-Forwarded-Prefix: \/local\/api\r\n/);
  assert.equal((await ask(relay.http, "/local/api")).get("location"), "/local/api/");
});

Deno.test("proxy: an application that is not there is named to who is near, and works as soon as it is", async () => {
  await using household = new Household();
  const relay = await household.relay(["--trusted-proxy", "127.0.0.1/32"]);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const agent = await household.agent(["--proxy", `http://localhost:${port}`]);
  await agent.process.said(new RegExp(`nothing listens on localhost:${port}`));
  const near = await ask(relay.http, "/local/");
  assert.equal(near.status, 502);
  assert.match(near.text, new RegExp(`Nothing listens on localhost:${port}`));
  const far = await ask(relay.http, "/local/", { fields: ["X-Forwarded-For: 203.0.113.7"] });
  assert.equal(far.status, 502);
  assert.doesNotMatch(far.text, /localhost/);
  assert.equal(agent.process.all.match(/nothing listens/g)?.length, 1, "it is said once");
  const again = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = (async () => {
    for await (const conn of again) {
      using connection = new Visitor(conn);
      await head(connection);
      await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
    }
  })();
  assert.equal((await ask(relay.http, "/local/")).text, "there");
  await agent.process.said(/answers again/);
  again.close();
  await serving;
});

Deno.test("proxy: bodies stream both ways, and what breaks is felt on the other side", async (t) => {
  await using household = new Household();
  const gone: string[] = [];
  await using app = origin(async (connection) => {
    const asked = await head(connection).catch(() => "");
    if (asked.includes("/events")) {
      await connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
      );
      await connection.rest();
      gone.push("events");
    } else if (asked.includes("/breaks")) {
      await connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
      connection.close();
    } else if (asked.includes("/upload")) {
      await connection.until("begin");
      await connection.send(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n",
      );
      await connection.until("0\r\n\r\n");
      await connection.send("4\r\nlate\r\n0\r\nSum: 9\r\n\r\n");
    } else if (asked.includes("/silent")) {
      await connection.rest();
      gone.push("silent");
    } else if (asked.includes("/malformed")) {
      await connection.send(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      );
    }
  });
  const relay = await household.relay();
  await household.agent(["--proxy", `http://127.0.0.1:${app.port}`]);

  await t.step(
    "events arrive as they are sent, and a visitor that leaves is felt by the application",
    async () => {
      for (const what of ["events", "silent"]) {
        using visitor = await Visitor.connect(relay.http);
        await visitor.request(`/local/${what}`);
        if (what === "events") await visitor.until("data: 1\n\n");
        else await eventually(() => app.connections.length === 2);
        visitor.close();
        await eventually(() => gone.includes(what), { ms: 5_000 });
      }
    },
  );

  await t.step(
    "an application that dies amid its answer breaks the visitor's connection",
    async () => {
      using visitor = await Visitor.connect(relay.http);
      await visitor.request("/local/breaks");
      await visitor.until("half\r\n");
      assert.equal((await visitor.rest()).length, 0, "no last chunk");
    },
  );

  await t.step("an early answer flows while the upload does", async () => {
    using visitor = await Visitor.connect(relay.http);
    await visitor.request("/local/upload", {
      method: "POST",
      fields: ["Transfer-Encoding: chunked"],
    });
    await visitor.send("5\r\nbegin\r\n");
    await visitor.until("early\r\n");
    await visitor.send("3\r\nend\r\n0\r\n\r\n");
    await visitor.until("4\r\nlate\r\n0\r\nSum: 9\r\n\r\n");
  });

  await t.step("what is no answer is 502", async () => {
    assert.equal((await ask(relay.http, "/local/malformed")).status, 502);
  });
});

Deno.test("proxy: wrong options are said with what to type", async () => {
  await using household = new Household();
  for (
    const [args, says] of [
      [["--proxy", "localhost:3000"], /--proxy must be a URL like http:\/\/localhost:3000/],
      [["--proxy", "http://localhost:3000/app"], /--proxy must end after the host/],
      [["--proxy", "http://a:b@localhost"], /--proxy must not hold a user/],
      [["--proxy", "http://localhost", "--rewrite-prefix", "maybe"], /must be one of on, off/],
      [["--proxy", "http://localhost", "--dir", "."], /mounts two things at \//],
    ] as const
  ) {
    const process = household.crunch(["agent", ...args]);
    assert.equal(await process.exit, 2);
    assert.match(process.stderr, says);
  }
});

Deno.test("proxy: fields that options give, by flags, variables and the file", async (t) => {
  await using household = new Household();
  await using app = echo({ "/in": "Server: s\r\nSet-Cookie: a=1\r\n" });
  const relay = await household.relay();
  const url = `http://127.0.0.1:${app.port}`;
  const check = async (): Promise<void> => {
    const answer = await ask(relay.http, "/local/in", {
      fields: ["x-from: evil", "A: 1", "X-From: evil", "cookie: secret", "X-B: 1"],
    });
    const lines = answer.text.trimEnd().split("\r\n");
    assert.deepEqual(lines.filter((line) => /^x-from/i.test(line)), [
      "X-From: crunch",
      "X-From: 2",
    ]);
    assert.ok(lines.includes("A: 1"));
    assert.ok(!lines.some((line) => /^(cookie|x-b):/i.test(line)), answer.text);
    assert.equal(answer.get("server"), "mine");
    assert.equal(answer.get("x-empty"), "");
    assert.equal(answer.getAll("set-cookie").length, 1);
  };
  await t.step("flags and a variable", async () => {
    const agent = await household.agent(
      [
        ...["--proxy", url, "--header", "X-From: crunch", "--header", "X-From:2"],
        ...["--response-header", "Server: mine", "--response-header", "X-Empty:"],
      ],
      { env: { CRUNCH_REMOVE_HEADER: "Cookie\nX-B" } },
    );
    await using _process = agent.process;
    await check();
  });
  await t.step("[[agent.publish]]", async () => {
    household.write(
      "fields.toml",
      `[[agent.publish]]\nproxy = "${url}"\nheader = ["X-From: crunch", "X-From: 2"]\n` +
        'remove-header = ["Cookie", "x-b"]\nresponse-header = ["Server: mine", "X-Empty: "]\n',
    );
    await household.agent(["--config", "fields.toml"]);
    await check();
  });
  await t.step("hostile ones are refused with the option's name", async () => {
    for (
      const [args, says] of [
        [["--header", "A: b\r\nC: d"], /--header holds a control character in the value of A/],
        [["--header", "Content-Length: 5"], /--header cannot change Content-Length/],
        [["--header", "Host: a"], /--header cannot change Host, .*--host-header/],
        [["--remove-header", "transfer-encoding"], /--remove-header cannot change transfer-enc/],
        [["--response-header", "Connection: close"], /--response-header cannot change Connection/],
        [["--response-header", "nothing"], /--response-header must be a field and its value/],
      ] as const
    ) {
      const process = household.crunch(["agent", "--proxy", url, ...args]);
      assert.equal(await process.exit, 2);
      assert.match(process.stderr, says);
    }
    household.write("bad.toml", `[agent]\nproxy = ["${url}"]\nheader = ["A: b\\u0000c"]\n`);
    const process = household.crunch(["agent", "--config", "bad.toml"]);
    assert.equal(await process.exit, 2);
    assert.match(process.stderr, /bad\.toml, line 3: agent\.header holds a NUL/);
  });
});

Deno.test("proxy: upgrades carry plain bytes both ways, and each half ends by itself", async (t) => {
  await using household = new Household();
  const heard: string[] = [];
  await using app = origin(async (connection) => {
    const asked = await head(connection).catch(() => "");
    heard.push(asked);
    if (asked.includes("/declined")) {
      return await connection.send(
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
      );
    }
    await connection.send(
      "HTTP/1.1 101 Go On\r\nConnection: upgrade\r\nUpgrade: chat\r\nSec-WebSocket-Accept: x\r\n" +
        "Set-Cookie: a=1; Path=/\r\n\r\nwelcome",
    );
    if (asked.includes("/first")) await connection.closeWrite();
    const got = (await connection.rest()).length;
    heard.push(`${got}`);
    if (asked.includes("/last")) await connection.send(`got ${got}`);
    connection.close();
  });
  const relay = await household.relay();
  await household.agent(["--proxy", `http://127.0.0.1:${app.port}`]);
  const upgrade = {
    fields: ["Connection: keep-alive, Upgrade", "Upgrade: chat", "Sec-WebSocket-Key: k"],
  };
  const begin = async (target: string): Promise<Visitor> => {
    const visitor = await Visitor.connect(relay.http);
    await visitor.request(`/local/${target}`, upgrade);
    return visitor;
  };

  await t.step("the visitor ends first and hears the rest", async () => {
    using visitor = await begin("last");
    const { text } = await visitor.head();
    assert.match(text, /^HTTP\/1\.1 101 Go On\r\n/);
    for (const line of ["Upgrade: chat", "Connection: Upgrade", "Sec-WebSocket-Accept: x"]) {
      assert.ok(text.includes(`\r\n${line}\r\n`), text);
    }
    assert.match(text, /\r\nSet-Cookie: a=1;.*Path=\/local\/\r\n/);
    assert.match(heard[0]!, /\r\nUpgrade: chat\r\n/);
    assert.match(heard[0]!, /\r\nSec-WebSocket-Key: k\r\n/);
    const sent = visitor.send(new Uint8Array(5_000_000)).then(() => visitor.closeWrite());
    await visitor.until("welcomegot 5000000");
    await sent;
    await visitor.ends();
  });

  await t.step("the application ends first and hears the rest", async () => {
    using visitor = await begin("first");
    await visitor.until("welcome");
    await visitor.ends();
    await visitor.send("still here");
    await visitor.closeWrite();
    await eventually(() => heard.includes("10"));
  });

  await t.step("a visitor that leaves is felt", async () => {
    const visitor = await begin("left");
    await visitor.until("welcome");
    await visitor.send("abc");
    visitor.close();
    await eventually(() => heard.includes("3"), { ms: 5_000 });
  });

  await t.step(
    "one that is declined is an answer like any other, and the connection lives on",
    async () => {
      using visitor = await begin("declined");
      const answer = await visitor.answer();
      assert.deepEqual([answer.status, answer.text], [403, "no"]);
      await visitor.request("/local/declined", upgrade);
      assert.equal((await visitor.answer()).status, 403);
    },
  );

  await t.step("bytes before the 101 are refused readably", async () => {
    using visitor = await Visitor.connect(relay.http);
    const lines = [
      "GET /local/early HTTP/1.1",
      `Host: ${relay.http}`,
      ...upgrade.fields,
      "",
      "early",
    ];
    await visitor.send(lines.join("\r\n"));
    assert.equal((await visitor.answer()).status, 400);
    await visitor.ends();
  });
});

Deno.test("proxy: WebSocket of a browser's kind, in path mode", async () => {
  await using household = new Household();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echo" });
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  try {
    const relay = await household.relay();
    await household.agent(["--proxy", `http://127.0.0.1:${server.addr.port}`]);
    {
      const socket = new WebSocket(`ws://${relay.http}/local/chat`, ["other", "echo"]);
      const got: string[] = [];
      const closed = Promise.withResolvers<CloseEvent>();
      socket.onclose = closed.resolve;
      socket.onmessage = ({ data }) => {
        got.push(data);
        if (got.length === 100) socket.close(4000, "enough");
      };
      socket.onopen = () => {
        for (let i = 0; i < 100; i++) socket.send(`${i}`.repeat(i * 10));
      };
      const { code } = await closed.promise;
      assert.equal(socket.protocol, "echo");
      assert.equal(got.length, 100);
      assert.equal(got[99], "99".repeat(990));
      assert.equal(code, 4000);
    }
  } finally {
    await server.shutdown();
  }
});

Deno.test("proxy: an application that refuses the host is told of with what mends it, once", async () => {
  await using household = new Household();
  await using app = origin(async (connection) => {
    for (;;) {
      const asked = await head(connection).catch(() => "");
      if (asked === "") return;
      const body = /\nHost: 127/.test(asked) && !asked.includes("/refuse")
        ? "welcome"
        : "Invalid HTTP_HOST header";
      const line = body === "welcome" ? "200 OK" : "400 Bad Request";
      await connection.send(`HTTP/1.1 ${line}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  });
  const relay = await household.relay();
  const agent = await household.agent(["--proxy", `http://127.0.0.1:${app.port}`]);
  for (let i = 0; i < 2; i++) assert.equal((await ask(relay.http, "/local/refuse")).status, 400);
  await agent.process.said(/add --host-header origin/);
  assert.equal(agent.process.all.match(/--host-header/g)?.length, 1);
});
