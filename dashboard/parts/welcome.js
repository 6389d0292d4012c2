/** What to do first: shown instead of numbers until there are any. @module */
// @ts-check

import { html } from "htm/preact";
import { useResource } from "../resource.js";
import { href } from "../route.js";
import { isAdmin, me } from "../session.js";
import { CopyLine } from "./copy.js";
import { Icon } from "./icon.js";
import { NoWay } from "./publish.js";

/** @import { ListView, NameView, StatusView } from "../../relay/api/mod.ts" */

/** @param {{ status: StatusView }} props */
export function Welcome({ status: { agents, agent_command: command, download } }) {
  /** @type {{ data?: ListView<NameView> | undefined }} */
  const { data: names } = useResource("/names", { on: ["agent", "name"] });
  const urls = names?.items.flatMap((name) => name.online ? name.urls : []) ?? [];
  const isOn = agents > 0;
  const hasAccount = isOn || !isAdmin.value || !command?.includes(" NAME ");
  return html`
    <section class="card welcome" aria-labelledby="welcome">
      <h2 id="welcome">Publish your first folder</h2>
      <p class="soft">Three steps, then this page shows who visits it.</p>
      <ol>
        <${Step} isDone=${hasAccount} title="An account for the agent">
          ${hasAccount
            ? html`
              <p>Agents sign in with an account's password, or with a <a href=${href(
                "accounts",
                me.value?.name ?? "",
              )}>token</a>.</p>
            `
            : html`<p><a href=${
              href("accounts")
            }>Add an account</a>, or say <code>crunch account add NAME</code> where the relay runs: its name becomes
              the address, and takes the place of <code>NAME</code> below.</p>`}
        </${Step}>
        <${Step} isDone=${isOn} title="Connect the machine that has the folder">
          ${download
            ? html`<p>Get crunch there from <a href=${download}>the download page</a>, then:</p>`
            : html`<p>Bring crunch there, the one file or a checkout of it, then:</p>`}
          ${command
            ? html`<${CopyLine} text=${command} label="Copy the command" />`
            : html`<${NoWay} />`}
          ${!isOn && html`<p class="soft small" role="status">Waiting for an agent …</p>`}
        </${Step}>
        <${Step} isDone=${false} title="Open your page">
          ${urls.length === 0
            ? html`<p>Its address appears here as soon as the agent is connected.</p>`
            : urls.slice(0, 4).map((url) =>
              html`
                <p
                  key=${url}><a href=${url} target="_blank" rel="noreferrer">${url} <${Icon} name="open" /></a></p>
              `
            )}
        </${Step}>
      </ol>
    </section>
  `;
}

/** @param {{ isDone: boolean, title: string, children: any }} props */
function Step({ isDone, title, children }) {
  return html`<li class=${isDone ? "done" : ""}><h3>${title}${
    isDone && html`<${Icon} name="check" /><span class="unseen">done</span>`
  }</h3>${children}</li>`;
}
