/** Passwords: the field for a new one, which can make one, and the dialog that sets it. @module */
// @ts-check

import { signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { CopyLine } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Field, useForm } from "../parts/field.js";
import { say } from "../parts/toast.js";
import { me } from "../session.js";

/** @import { AccountView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

/** 32 signs that are not taken for one another: a byte's low bits choose among them evenly. */
const SIGNS = "abcdefghijkmnpqrstuvwxyz23456789";

/** 120 random bits: "k3f9ax-…", four groups of six. */
function generate() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const text = Array.from(bytes, (byte) => SIGNS[byte & 31]).join("");
  return text.replace(/.{6}(?!$)/g, "$&-");
}

/** What was generated last, so that it is shown once more when it has been set. */
const generated = signal("");

/** @param {string | undefined} password */
export function wasGenerated(password) {
  return password !== undefined && password === generated.peek();
}

/** @param {{ label?: string, errors: readonly { field: string, message: string }[] }} props */
export function NewPassword({ label = "Password", errors }) {
  const text = useSignal("");
  const isShown = useSignal(false);
  return html`
    <div class="with-buttons">
      <${Field} label=${label} name="password" type=${isShown.value ? "text" : "password"}
        autocomplete="new-password" autocapitalize="none" spellcheck=${false} required
        hint="8 characters or more" errors=${errors} value=${text.value}
        onInput=${(/** @type {any} */ event) => text.value = event.target.value} />
      <button type="button" onClick=${() => isShown.value = !isShown.value}>${isShown.value
        ? "Hide"
        : "Show"}</button>
      <button type="button" onClick=${() => {
        text.value = generated.value = generate();
        isShown.value = true;
      }}>Generate</button>
    </div>
  `;
}

/** A change that outlives the session needs the password once more. @param {{ errors: readonly { field: string, message: string }[] }} props */
export function OwnPassword({ errors }) {
  return html`
    <${Field} label="Your present password" name="current_password" type="password"
      autocomplete="current-password" required errors=${errors} />
  `;
}

/** A generated password, this once. @param {{ account: string, password: string, onclose: () => void }} props */
export function Handover({ account, password, onclose }) {
  return html`
    <p>The password of <b>${account}</b>. It is shown this once: the relay itself keeps only what
      it can check it with.</p>
    <${CopyLine} text=${password} label="Copy the password" />
    <footer><button type="button" class="primary" onClick=${onclose}>Done</button></footer>
  `;
}

/** @param {{ account: AccountView, change: Resource<AccountView>["change"], onclose: () => void }} props */
export function SetPassword({ account: { name }, change, onclose }) {
  const made = useSignal("");
  const isOwn = name === me.value?.name;
  const { onsubmit, busy, errors, general } = useForm(async ({ password, current_password }) => {
    await change({ password, current_password });
    if (wasGenerated(password)) return void (made.value = password ?? "");
    say({ text: `${isOwn ? "You have" : `${name} has`} a new password` });
    onclose();
  });
  return html`
    <${Dialog} title=${isOwn ? "New password" : `New password for ${name}`} onclose=${onclose}>
      ${made.value !== ""
        ? html`<${Handover} account=${name} password=${made.value} onclose=${onclose} />`
        : html`
          <form onSubmit=${onsubmit}>
            <p>${isOwn
              ? "Your other sessions end, and agents that signed in with the old password go. This session and your tokens stay."
              : "All sessions of the account end, and agents that signed in with the old password go. Its tokens stay."}</p>
            <input type="text" name="username" autocomplete="username" value=${name} hidden />
            <${OwnPassword} errors=${errors} />
            <${NewPassword} label="New password" errors=${errors} />
            <p class="wrong" role="alert">${general}</p>
            <footer><button type="button" onClick=${onclose}>Cancel</button>
              <button class="primary" aria-disabled=${busy}>Set the password</button></footer>
          </form>
        `}
    </${Dialog}>
  `;
}
