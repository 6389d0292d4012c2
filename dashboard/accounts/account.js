/** One account: what it is and may, its names, tokens and sessions. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { ApiError, patch } from "../api.js";
import { bytes } from "../format.js";
import { confirm } from "../parts/dialog.js";
import { Facts } from "../parts/drawer.js";
import { Icon } from "../parts/icon.js";
import { Empty, Loaded } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { attempt } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { go, href, hrefWith } from "../route.js";
import { isAdmin, me, seesAll } from "../session.js";
import { MakeAdmin } from "./make_admin.js";
import { Names } from "./names.js";
import { SetPassword } from "./password.js";
import { Sessions } from "./sessions.js";
import { Tokens } from "./tokens.js";
import { LOCAL, POWERS, ROLES, Select, StateOf, TRUST } from "./words.js";

/** @import { AccountView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

/** @param {{ name: string }} props */
export function Account({ name }) {
  /** @type {Resource<AccountView>} */
  const found = useResource(pathOf(name), { on: ["account"] });
  const isGone = found.error instanceof ApiError && found.error.status === 404;
  return html`
    ${seesAll.value && html`
      <p class="tools"><a class="row" href=${href(
        "accounts",
      )}><${Icon} name="back" /> Accounts</a></p>
    `}
    ${isGone
      ? html`
        <${Empty} title="There is no such account">
          ${seesAll.value &&
            html`<a href=${
              hrefWith(["audit"], { account: name })
            }>What the audit log says of ${name}</a>`}</${Empty}>
      `
      : html`<${Loaded} ...${found}>${(/** @type {AccountView} */ account) =>
        html`
          <div class="account">
            <${About} account=${account} change=${found.change} />
            <div class="stack">
              <${Names} account=${account.name} />
              <${Tokens} account=${account.name} />
              <${Sessions} account=${account.name} />
            </div>
          </div>
        `}</${Loaded}>`}
  `;
}

/** @param {{ account: AccountView, change: Resource<AccountView>["change"] }} props */
function About({ account, change }) {
  const { name, role, disabled, trusted, created } = account;
  const settingPassword = useSignal(false);
  const promoting = useSignal(false);
  const isOwn = name === me.value?.name;
  // An administrator who shuts out themselves cannot undo it.
  const mayShutOut = isAdmin.value && !isOwn;
  /**
   * @param {Partial<AccountView>} fields
   * @param {string} done
   */
  const set = (fields, done) => {
    const key = /** @type {keyof AccountView} */ (Object.keys(fields)[0]);
    const undo = () => {
      attempt(() => patch(pathOf(name), { [key]: account[key] }), { done: "Undone" });
    };
    // The way back to an administrator asks for a password.
    const isEasy = key !== "role" || role !== "admin";
    return attempt(() => change(fields), { done, ...(isEasy ? { undo } : {}) });
  };
  /** @param {Event} event */
  const chooseRole = async (event) => {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    const chosen = /** @type {AccountView["role"]} */ (select.value);
    if (chosen === "admin") {
      select.value = role;
      promoting.value = true;
      return;
    }
    const isDone = await set({ role: chosen }, `${name} is ${chosen} now`);
    if (!isDone) select.value = role;
  };
  const turnTrust = async () => {
    const isSure = trusted ||
      await confirm({ title: `Trust ${name}?`, text: TRUST, action: "Trust" });
    if (!isSure) return;
    await set({ trusted: !trusted }, `${name} is ${trusted ? "not trusted any more" : "trusted"}`);
  };
  const erase = async () => {
    const isSure = await confirm({
      title: `Remove the account ${name}?`,
      text:
        "Its agents and sessions go at once, its tokens end, and its names are free for others. " +
        "What it has served and changed stays in log, usage and audit, where it is called “removed”: " +
        "another account of this name begins with nothing. This cannot be undone.",
      action: "Remove",
      name,
    });
    const isDone = isSure && await attempt(() => change(undefined, { method: "DELETE" }), {
      done: `${name} is removed`,
    });
    if (isDone) go(href("accounts"));
  };
  /** @type {[string, any][]} */
  const facts = [
    [
      "State",
      html`<span class="row"><${StateOf} disabled=${disabled} />${
        mayShutOut && html`
          <button type="button" onClick=${() =>
            set(
              { disabled: !disabled },
              `${name} is ${disabled ? "enabled" : "disabled"}`,
            )}>${disabled ? "Enable" : "Disable"}</button>
        `
      }</span>`,
    ],
    [
      "Role",
      html`${
        mayShutOut
          ? html`
            <${Select} name="role" aria-label="Role" words=${ROLES} value=${role}
              onChange=${chooseRole} />
          `
          : ROLES[role]
      }<small class="soft">${POWERS[role]}</small>`,
    ],
    [
      "Trusted",
      html`
        <span class="row" title=${TRUST}>${trusted
          ? html`<${Badge} kind="warn">trusted</${Badge}>`
          : "no"}${isAdmin.value && html`
          <button type="button" onClick=${turnTrust}>${trusted ? "Trust no more" : "Trust"}</button>
        `}</span><small
          class="soft">${trusted
            ? "its pages may do what this page may"
            : "its pages are in a sandbox"}</small>
      `,
    ],
    ...(name === LOCAL || !(isOwn || isAdmin.value) ? [] : [
      /** @type {[string, any]} */ ([
        "Password",
        html`
          <button type="button" onClick=${() => settingPassword.value = true}>${isOwn
            ? "Change my password"
            : "Set a password"}</button>
        `,
      ]),
    ]),
    ["Since", html`<${Time} value=${created} />`],
    ["Bytes in", figure(account.bytes_in)],
    ["Bytes out", figure(account.bytes_out)],
    [
      "More",
      html`<span class="links"><a href=${hrefWith(["usage"], { account: name })}>Usage</a>
        <a href=${hrefWith(["log"], { filter: `account:${name}` })}>Log</a>
        <a href=${hrefWith(["audit"], { account: name })}>Audit</a></span>`,
    ],
  ];
  return html`
    <section class="card" aria-label=${`Account ${name}`}>
      <h2>${name}</h2>
      ${name === LOCAL && html`
        <p class="soft small">Agents that this machine's users start beside the relay sign in with
          it, without any password.</p>
      `}
      <${Facts} facts=${facts} />
      ${mayShutOut && html`
        <p class="foot"><button type="button" class="danger" onClick=${erase}>Remove</button></p>
      `}
      ${settingPassword.value && html`
        <${SetPassword} account=${account} change=${change} onclose=${() =>
          settingPassword.value = false} />
      `}
      ${promoting.value && html`
        <${MakeAdmin} name=${name} change=${change} onclose=${() => promoting.value = false} />
      `}
    </section>
  `;
}

/** @param {number | null} value */
function figure(value) {
  return value === null ? "the log cannot be read" : bytes(value);
}

/** @param {string} name */
function pathOf(name) {
  return `/accounts/${encodeURIComponent(name)}`;
}
