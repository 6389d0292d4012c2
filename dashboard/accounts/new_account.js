/** The dialog that makes an account. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { post } from "../api.js";
import { Dialog } from "../parts/dialog.js";
import { Field, useForm } from "../parts/field.js";
import { say } from "../parts/toast.js";
import { go, href } from "../route.js";
import { Handover, NewPassword, OwnPassword, wasGenerated } from "./password.js";
import { POWERS, ROLES, Select, TRUST } from "./words.js";

const CHOICES = Object.fromEntries(
  Object.entries(POWERS).map((
    [role, power],
  ) => [role, `${ROLES[/** @type {keyof typeof ROLES} */ (role)]}: ${power}`]),
);

/** @param {{ onclose: () => void }} props */
export function NewAccount({ onclose }) {
  const made = useSignal(/** @type {{ name: string, password: string } | null} */ (null));
  const role = useSignal("member");
  /** @param {string} name */
  const show = (name) => {
    onclose();
    go(href("accounts", name));
  };
  const { onsubmit, busy, errors, general } = useForm(async (values) => {
    const { name = "", password = "", role, trusted, current_password } = values;
    const account = await post("/accounts", {
      ...{ name, password, role, trusted: trusted === "on" },
      ...(current_password === undefined ? {} : { current_password }),
    });
    say({ text: `${account.name} is there` });
    if (wasGenerated(password)) made.value = { name: account.name, password };
    else show(account.name);
  });
  if (made.value) {
    const { name, password } = made.value;
    return html`
      <${Dialog} title=${`${name} is there`} onclose=${() => show(name)}>
        <${Handover} account=${name} password=${password} onclose=${() => show(name)} />
        </${Dialog}>
    `;
  }
  return html`
    <${Dialog} title="Add an account" onclose=${onclose}>
      <form onSubmit=${onsubmit} autocomplete="off">
        <${Field} label="Name" name="name" required maxlength="63" autocomplete="off"
          autocapitalize="none" spellcheck=${false} errors=${errors}
          hint="It is the account's public name, too: its pages are at this address" />
        <${NewPassword} errors=${errors} />
        <${Field} label="Role">
          <${Select} name="role" words=${CHOICES} value=${role.value}
            onChange=${(/** @type {any} */ event) => role.value = event.target.value} />
          </${Field}>
          ${role.value === "admin" && html`<${OwnPassword} errors=${errors} />`}
          <label class="check"><input type="checkbox" name="trusted" />
          <span><b>Trusted</b><small class="soft">${TRUST}</small></span></label>
          <p class="wrong" role="alert">${general}</p>
          <footer><button type="button" onClick=${onclose}>Cancel</button>
          <button class="primary" aria-disabled=${busy}>Add</button></footer>
          </form>
          </${Dialog}>
  `;
}
