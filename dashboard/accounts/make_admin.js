/** The dialog that makes somebody an administrator, which outlives the session and so needs the password once more. @module */
// @ts-check

import { html } from "htm/preact";
import { Dialog } from "../parts/dialog.js";
import { useForm } from "../parts/field.js";
import { say } from "../parts/toast.js";
import { OwnPassword } from "./password.js";
import { POWERS } from "./words.js";

/** @import { AccountView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

/** @param {{ name: string, change: Resource<AccountView>["change"], onclose: () => void }} props */
export function MakeAdmin({ name, change, onclose }) {
  const { onsubmit, busy, errors, general } = useForm(async ({ current_password }) => {
    await change({ role: "admin", current_password });
    say({ text: `${name} is admin now` });
    onclose();
  });
  return html`
    <${Dialog} title=${`Make ${name} an administrator?`} onclose=${onclose}>
      <form onSubmit=${onsubmit}>
        <p>An administrator ${POWERS.admin}.</p>
        <${OwnPassword} errors=${errors} />
        <p class="wrong" role="alert">${general}</p>
        <footer><button type="button" onClick=${onclose}>Cancel</button>
          <button class="primary" aria-disabled=${busy}>Make an administrator</button></footer>
      </form>
      </${Dialog}>
  `;
}
