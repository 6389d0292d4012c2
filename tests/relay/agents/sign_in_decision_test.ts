/** Claims about who is let in as an agent: a table of what is known, and what is said. @module */

import assert from "node:assert/strict";
import { decide, type Evidence } from "../../../relay/agents/sign_in_decision.ts";
import type { Account, Token, Verifier } from "../../../relay/store/mod.ts";

const account = { id: 7, name: "alice", disabled: false } as Account;
const disabled = { ...account, disabled: true };
const storedKey = Uint8Array.of(1);
const verifier = (more: Partial<Verifier> = {}): Verifier => ({
  salt: Uint8Array.of(2),
  ...{ N: 1, r: 1, p: 1 },
  storedKey,
  serverKey: Uint8Array.of(3),
  account,
  token: undefined,
  refusal: undefined,
  ...more,
});
const token = (scope: string) => verifier({ token: { id: "t1", scope } as Token });
const good: Evidence = {
  verifier: verifier(),
  proved: true,
  account,
  isCurrent: true,
  isLocal: false,
};

const ADMITTED: ReadonlyArray<readonly [string, Partial<Evidence>, unknown]> = [
  ["a password", {}, { kind: "password", key: storedKey }],
  ["a token for agents", { verifier: token("full agent") }, { kind: "token", id: "t1" }],
  ["this machine's token", { verifier: token("local"), isLocal: true }, { kind: "local" }],
];

for (const [what, more, via] of ADMITTED) {
  Deno.test(`sign-in decision: ${what} that is right is let in, by that`, () => {
    const decision = decide({ ...good, ...more });
    assert.deepEqual(decision, { account, grant: { account: 7, via } });
  });
}

const REFUSED: ReadonlyArray<readonly [string, Partial<Evidence>, string, boolean]> = [
  ["a wrong proof", { proved: false }, "bad-credentials", true],
  [
    "an account that is none",
    { verifier: verifier({ account: undefined }) },
    "bad-credentials",
    true,
  ],
  [
    "a wrong proof of a disabled account",
    { proved: false, account: disabled },
    "bad-credentials",
    true,
  ],
  ["an account that is gone since", { account: undefined }, "bad-credentials", false],
  ["a password that was changed since", { isCurrent: false }, "bad-credentials", false],
  ["an account that was disabled since", { account: disabled }, "disabled", false],
  [
    "a disabled account's token",
    { verifier: { ...token("agent"), refusal: "disabled" } },
    "disabled",
    false,
  ],
  ["an expired token", { verifier: { ...token("agent"), refusal: "expired" } }, "expired", false],
  ["a token for the API only", { verifier: token("full") }, "wrong-scope", false],
  ["a token for metrics only", { verifier: token("metrics") }, "wrong-scope", false],
  ["this machine's token from elsewhere", { verifier: token("local") }, "bad-credentials", false],
];

for (const [what, more, code, isGuess] of REFUSED) {
  Deno.test(`sign-in decision: ${what} is ${code}`, () => {
    const decision = decide({ ...good, ...more });
    assert.ok("refusal" in decision);
    assert.deepEqual([decision.refusal.code, decision.isGuess], [code, isGuess]);
  });
}
