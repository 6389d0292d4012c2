/** A name's addresses with their codes, and the form that gives a name to an account. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useResource } from "../resource.js";
import { isAdmin } from "../session.js";
import { CopyButton, CopyLine } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Field, useForm } from "../parts/field.js";
import { Icon } from "../parts/icon.js";

/** @import { AccountView, ListView } from "../../relay/api/mod.ts" */

/** @param {{ name: string, urls: readonly string[] }} props */
export function Addresses({ name, urls }) {
  const shown = useSignal(-1);
  const url = urls[shown.value];
  return html`
    <ul class="addresses">${urls.map((url, at) =>
      html`
        <li key=${url} class="copy-line">
          <a class="grow" href=${url} target="_blank"
            rel="noreferrer">${url} <${Icon} name="open" /></a>
          <${CopyButton} text=${url} label=${`Copy ${url}`} />
          <button type="button" class="quiet" onClick=${() => shown.value = at}
            title=${`Code of ${url}`}>QR</button>
        </li>
      `
    )}</ul>
    ${url && html`
      <${Dialog} title="Open on a phone" onclose=${() => shown.value = -1}>
        <img class="code" width="280" height="280" alt=${`QR code of ${url}`}
          src=${`/api/v1/names/${encodeURIComponent(name)}/qr.svg?url=${shown.value}`} />
        <${CopyLine} text=${url} />
        </${Dialog}>
    `}
  `;
}

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.text what it does
 * @param {string} props.action what the button says
 * @param {boolean} [props.wantsName]
 * @param {(values: Record<string, string>) => Promise<unknown>} props.send
 * @param {() => void} props.onclose
 */
export function ToAccount({ title, text, action, wantsName = false, send, onclose }) {
  /** @type {{ data?: ListView<AccountView> | undefined }} */
  const { data: accounts } = useResource(isAdmin.value ? "/accounts?limit=1000" : null);
  const { onsubmit, busy, errors, general } = useForm(async (values) => {
    await send(values);
    onclose();
  });
  const plain = { autocomplete: "off", autocapitalize: "none", spellcheck: false, required: true };
  return html`
    <${Dialog} title=${title} onclose=${onclose}>
      <form onSubmit=${onsubmit}>
        <p>${text}</p>
        ${wantsName && html`
          <${Field} label="Name" name="name" hint="1 to 63 of a-z 0-9 _ -"
            errors=${errors} ...${plain} />
        `}
        ${isAdmin.value && html`
          <${Field} label=${wantsName ? "Account" : "New owner"} name="account" list="accounts"
            errors=${errors} ...${plain} />
          <datalist id="accounts">${accounts?.items.map(({ name }) =>
            html`<option key=${name} value=${name} />`
          )}</datalist>
        `}
        <p class="wrong" role="alert">${general}</p>
        <footer><button type="button" onClick=${onclose}>Cancel</button>
          <button class=${wantsName
            ? "primary"
            : "danger"} aria-disabled=${busy}>${action}</button></footer>
      </form>
      </${Dialog}>
  `;
}
