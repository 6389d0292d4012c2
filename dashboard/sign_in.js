/** Signing in; what comes after is at the address that the reader wanted. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "./api.js";
import { Field, useForm } from "./parts/field.js";
import { NoCookie, signIn } from "./session.js";

export function SignIn() {
  /** @type {import("@preact/signals").Signal<string | undefined>} */
  const home = useSignal(undefined);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => {
    document.title = "Sign in – crunch";
    const first = form.current?.elements.namedItem("name");
    if (first instanceof HTMLElement) first.focus();
  }, []);
  const { onsubmit, busy, errors, general } = useForm(
    async ({ name = "", password = "" }, form) => {
      try {
        await signIn(name.trim(), password);
      } catch (error) {
        const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("password"));
        field.value = "";
        field.focus();
        home.value = error instanceof NoCookie ? error.home : undefined;
        if (!(error instanceof ApiError) || error.status !== 429) throw error;
        const wait = error.retryAfter === undefined ? "" : ` in ${error.retryAfter} s`;
        throw new Error(`Too many tries: try again${wait || " later"}`, { cause: error });
      }
    },
  );
  return html`
    <main class="sign-in">
      <form ref=${form} onSubmit=${onsubmit} class="card">
        <div class="mark"><svg viewBox="0 0 16 16" aria-hidden="true"><path
            d="M8 1a7 7 0 1 0 7 7 2.4 2.4 0 0 1-3-2.3A2.4 2.4 0 0 1 9.3 3 2.4 2.4 0 0 1 8 1z" /></svg> crunch</div>
        <h1>Sign in to this relay</h1>
        <${Field} label="Name" name="name" errors=${errors} autocomplete="username"
          autocapitalize="none"
          spellcheck=${false} required />
        <${Field} label="Password" name="password" errors=${errors} type="password"
          autocomplete="current-password" required />
        <p class="wrong" role="alert">${general}${general && home.value && html`
          <a href=${home.value}>${home.value}</a>
        `}</p>
        <button class="primary" aria-disabled=${busy}>${busy ? "Signing in …" : "Sign in"}</button>
        <p
          class="soft small">The first time: the name is <code>admin</code>, and the password is what the relay printed
            when it first started, or what is in <code>admin-password</code> in its data directory.</p>
      </form>
    </main>
  `;
}
