/** Who is signed in, and how to change that. @module */
// @ts-check

import { computed, effect, signal } from "@preact/signals";
import { ApiError, ask, get, turnedAway } from "./api.js";

/** @import { MeView } from "../relay/api/mod.ts" */

/** Undefined until it is known, null without a sign-in. @type {import("@preact/signals").Signal<MeView | null | undefined>} */
export const me = signal(undefined);

/** Why it is not known. @type {import("@preact/signals").Signal<string>} */
export const trouble = signal("");

export const isAdmin = computed(() => me.value?.role === "admin" && !me.value.read_only);
/** Sees everybody's things. */
export const seesAll = computed(() => me.value?.role !== "member");
/** May change what is its own. */
export const isWriter = computed(() => me.value?.role !== "viewer" && !me.value?.read_only);

let seen = 0;
effect(() => {
  if (turnedAway.value === seen) return;
  seen = turnedAway.value;
  me.value = null;
});

/** All windows of the browser have the same session. */
const others = "BroadcastChannel" in globalThis ? new BroadcastChannel("crunch-session") : null;
if (others) others.onmessage = () => findSession();

/** Asks the relay who this browser is signed in as. */
export async function findSession() {
  try {
    me.value = await get("/me");
    trouble.value = "";
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return;
    trouble.value = /** @type {Error} */ (error).message;
    setTimeout(findSession, 2_000);
  }
}

/** The password is right, but the browser did not keep the session's cookie. */
export class NoCookie extends Error {
  /** @param {string | undefined} home where the dashboard is at home */
  constructor(home) {
    const isElsewhere = home !== undefined && new URL(home).origin !== location.origin;
    super(
      isElsewhere
        ? "The password is right, but this browser drops the relay's cookie here: it is for another address. Sign in there:"
        : "The password is right, but this browser drops the relay's cookie: allow cookies for this address.",
    );
    this.home = isElsewhere ? home : undefined;
  }
}

/**
 * @param {string} name
 * @param {string} password
 * @throws {ApiError | NoCookie}
 */
export async function signIn(name, password) {
  const { home } = await ask("POST", "/sessions", { body: { name, password } });
  await findSession();
  if (!me.value && trouble.value === "") throw new NoCookie(home);
  others?.postMessage("signed in");
}

/** Ends the session; where the relay does not answer it goes on there until it expires. */
export async function signOut() {
  try {
    await ask("DELETE", "/sessions/current");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 401) throw error;
  }
  me.value = null;
  others?.postMessage("signed out");
}
