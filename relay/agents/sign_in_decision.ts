/** Decides whether an agent that has sent its proof is let in. @module */

import type { SessionEnd } from "../../tunnel/mod.ts";
import { type Account, allows, type Grant, type Verifier } from "../store/mod.ts";

/** What is known when a proof has come. */
export interface Evidence {
  readonly verifier: Verifier;
  /** The proof fits the verifier. */
  readonly proved: boolean;
  /** The verifier's account as it is now; undefined where it is gone. */
  readonly account: Account | undefined;
  /** What the verifier was made of is unchanged since the challenge. */
  readonly isCurrent: boolean;
  /** The agent runs on this machine. */
  readonly isLocal: boolean;
}

/** Either what a session is here by from now on, or why there is none. */
export type Decision =
  | { readonly account: Account; readonly grant: Grant }
  | { readonly refusal: SessionEnd; readonly isGuess: boolean };

/** What a wrong sign-in is told, whatever was wrong. */
const BAD_CREDENTIALS: SessionEnd = {
  code: "bad-credentials",
  message: "unknown account or token, or wrong password",
};

/** Decides by `evidence` alone. Only who has proved something is told more than that it was wrong. */
export function decide({ verifier, proved, account, isCurrent, isLocal }: Evidence): Decision {
  const { token, refusal } = verifier;
  if (!proved || verifier.account === undefined) {
    return { refusal: BAD_CREDENTIALS, isGuess: true };
  }
  if (account === undefined || !isCurrent) return refuse(BAD_CREDENTIALS);
  if (account.disabled || refusal === "disabled") {
    return refuse({ code: "disabled", message: `the account ${account.name} is disabled` });
  }
  if (refusal === "expired") return refuse({ code: refusal, message: "the token has expired" });
  if (token === undefined) {
    return {
      account,
      grant: { account: account.id, via: { kind: "password", key: verifier.storedKey } },
    };
  }
  if (token.scope === "local") {
    // Elsewhere it is no better than a wrong one.
    if (!isLocal) return refuse(BAD_CREDENTIALS);
    return { account, grant: { account: account.id, via: { kind: "local" } } };
  }
  if (!allows(token.scope, "agent")) {
    return refuse({
      code: "wrong-scope",
      message: `the token's scope is ${token.scope}; an agent needs one with agent`,
    });
  }
  return { account, grant: { account: account.id, via: { kind: "token", id: token.id } } };
}

function refuse(refusal: SessionEnd): Decision {
  return { refusal, isGuess: false };
}
