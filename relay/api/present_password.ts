/** People prove who they are once more before they make what outlives their session; tokens need a scope that says so. @module */

import { allows } from "../store/mod.ts";
import type { ApiContext, Caller } from "./context.ts";
import type { Identity } from "./identity.ts";
import { forbidden, Problem } from "./problem.ts";
import { Door } from "./sessions.ts";

/** So long after its beginning a session still stands for the password that began it, ms. */
const FRESH = 15 * 60_000;
const FIELD = "current_password";

export class PresentPassword {
  readonly #door: Door;
  readonly #ageOf: (session: string) => number;

  constructor(context: ApiContext) {
    this.#door = new Door(context);
    this.#ageOf = (session) => context.store.sessions.ageOf(session);
  }

  /**
   * For setting a password.
   * @throws {Problem} 403 for a token without the scope, or a wrong password; 422 without one; 429.
   */
  async check(me: Identity, given: string | undefined, caller: Caller): Promise<void> {
    needsCredentials(me);
    if (me.session === undefined) return;
    if (given === undefined) {
      const errors = [{ field: FIELD, message: "is missing: give your own present password" }];
      throw new Problem(422, "password-needed", `${FIELD} ${errors[0]!.message}`, { errors });
    }
    await this.#prove(me, given, caller);
  }

  /** For marking accounts as trusted or letting them see everything: what acts or sees beyond the token's life. @throws {Problem} 403 */
  checkScope(me: Identity): void {
    needsCredentials(me);
  }

  /** For making administrators: a session that has just begun will do. @throws {Problem} as `check` does. */
  async checkFresh(me: Identity, given: string | undefined, caller: Caller): Promise<void> {
    if (given === undefined && me.session !== undefined && this.#ageOf(me.session.id) < FRESH) {
      return;
    }
    await this.check(me, given, caller);
  }

  /** For tokens: whether what is made may outlive the session. @throws {Problem} as `check` does. */
  async isProved(me: Identity, given: string | undefined, caller: Caller): Promise<boolean> {
    needsCredentials(me);
    if (me.session === undefined) return me.token === undefined;
    if (given === undefined) return false;
    await this.#prove(me, given, caller);
    return true;
  }

  async #prove(me: Identity, given: string, caller: Caller): Promise<void> {
    try {
      await this.#door.enter(me.name, given, caller);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      // No 401: the session is good.
      throw new Problem(403, "wrong-password", "That is not your present password", {
        errors: [{ field: FIELD, message: "is not your present password" }],
      });
    }
  }
}

/** @throws {Problem} 403 for a token that may not make or set what signs in. */
function needsCredentials({ token }: Identity): void {
  if (token === undefined || allows(token.scope, "credentials")) return;
  throw forbidden(
    `The token's scope is ${token.scope}; making tokens, administrators and viewers, trusting accounts, and setting passwords, needs credentials in it`,
    "wrong-scope",
  );
}
