/** Claims about the line that connects an agent. @module */

import assert from "node:assert/strict";
import { agentCommand } from "../../relay/agent_command.ts";

function command(
  listening: { tunnel?: string[]; tunnelTls?: string[] },
  host = "relay.example",
): string | null {
  const { tunnel = [], tunnelTls = [] } = listening;
  return agentCommand({ tunnel, tunnelTls }, { host, user: "alice" });
}

const line = (relay: string) => `crunch agent --relay ${relay} --user alice --dir ./site`;

Deno.test("agent command: dials the host by which the relay was reached", () => {
  assert.equal(command({ tunnel: ["[::]:8021"] }), line("relay.example:8021"));
  assert.equal(command({ tunnel: ["0.0.0.0:8021"] }, "[2001:db8::1]"), line("[2001:db8::1]:8021"));
  assert.equal(command({ tunnel: ["192.0.2.4:21"] }), line("192.0.2.4:21"));
});

Deno.test("agent command: says so where only this machine can dial", () => {
  assert.equal(command({ tunnel: ["127.0.0.1:8021"] }), line("127.0.0.1:8021"));
  assert.equal(command({ tunnel: ["[::1]:8021"] }), line("[::1]:8021"));
  assert.equal(command({ tunnel: ["0.0.0.0:8021"] }, ""), line("127.0.0.1:8021"));
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
  assert.equal(command({ tunnel: ["unix:/run/crunch"] }), null);
  const text = agentCommand({ tunnel: ["[::]:8021"], tunnelTls: [] }, {
    host: "a.example",
    user: undefined,
  });
  assert.equal(text, "crunch agent --relay a.example:8021 --user NAME --dir ./site");
});
