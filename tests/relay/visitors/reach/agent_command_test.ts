/** Claims about the line that connects an agent. @module */

import assert from "node:assert/strict";
import { agentCommand } from "../../../../relay/visitors/reach/agent_command.ts";
import type { Listening } from "../../../../relay/visitors/reach/reach.ts";

function command(listening: Partial<Listening>, host = "relay.example"): string | null {
  const none = { http: [], https: [], tunnel: [], tunnelTls: [], publicUrl: undefined };
  return agentCommand({ ...none, ...listening }, { host, user: "alice" });
}

const line = (relay: string) => `crunch agent --relay ${relay} --user alice --dir ./site`;

Deno.test("agent command: dials the host by which the relay was reached", () => {
  assert.equal(command({ tunnel: ["[::]:8021"] }), line("relay.example:8021"));
  assert.equal(command({ tunnel: ["0.0.0.0:8021"] }, "[2001:db8::1]"), line("[2001:db8::1]:8021"));
  assert.equal(command({ tunnel: ["10.0.0.1:21"] }), line("relay.example:21"));
  assert.equal(command({ tunnel: ["192.0.2.4:21"] }, ""), line("192.0.2.4:21"));
});

Deno.test("agent command: dials the public URL's host, whatever the relay was reached by", () => {
  const publicUrl = new URL("https://public.example");
  for (const host of ["relay.example", "127.0.0.1", "localhost", ""]) {
    assert.equal(command({ publicUrl, tunnel: ["[::]:8021"] }, host), line("public.example:8021"));
    assert.equal(command({ publicUrl, tunnel: ["127.0.0.1:8021"] }, host), null);
  }
});

Deno.test("agent command: what listens on this machine alone is for who is on it", () => {
  for (const host of ["", "localhost", "127.0.0.1", "[::1]", "alice.localhost"]) {
    assert.equal(command({ tunnel: ["127.0.0.1:8021"] }, host), line("127.0.0.1:8021"));
  }
  assert.equal(command({ tunnel: ["[::1]:8021"] }, "localhost"), line("[::1]:8021"));
  assert.equal(command({ tunnel: ["127.0.0.1:8021"] }), null);
});

Deno.test("agent command: what others can reach is not called by what only this machine can", () => {
  const others = Deno.networkInterfaces().some(({ address, family }) =>
    family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
  );
  const shown = command({ tunnel: ["0.0.0.0:8021"] }, "localhost")!;
  assert.equal(/ --relay (127\.|localhost)/.test(shown), !others, shown);
});

Deno.test("agent command: prefers TLS, and what others can reach", () => {
  const [near, far] = ["127.0.0.1:8021", "[::]:8443"];
  assert.equal(
    command({ tunnel: ["[::]:8021"], tunnelTls: [far] }),
    line(`tls://relay.example:8443`),
  );
  assert.equal(command({ tunnel: [near], tunnelTls: [far] }), line("tls://relay.example:8443"));
  assert.equal(command({ tunnel: ["[::]:21"], tunnelTls: [near] }), line("relay.example:21"));
});

Deno.test("agent command: there is none for who is not let in, and a word for who has no account", () => {
  assert.equal(command({}), null);
  assert.equal(command({ tunnel: ["unix:/run/crunch:80"] }), null);
  const text = agentCommand(
    { http: [], https: [], tunnel: ["[::]:8021"], tunnelTls: [], publicUrl: undefined },
    { host: "a.example" },
  );
  assert.equal(text, "crunch agent --relay a.example:8021 --user NAME --dir ./site");
});
