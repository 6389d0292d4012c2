/** The dialog that makes a token, and shows it this once with the command that uses it. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { post, relayNow, withQuery } from "../api.js";
import { CopyLine } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Field, useForm } from "../parts/field.js";
import { commandFor, NoWay } from "../parts/publish.js";
import { Loading } from "../parts/states.js";
import { useResource } from "../resource.js";
import { isAdmin } from "../session.js";
import { OwnPassword } from "./password.js";
import { SCOPES, Select } from "./words.js";

/** @import { ListView, MadeTokenView, NameView, StatusView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

const DAY = 86_400_000;
/** By days. */
const ENDS = { "": "Never", 7: "In a week", 30: "In 30 days", 90: "In 90 days", 365: "In a year" };

/** @param {{ account: string, path: string, onclose: () => void }} props */
export function NewToken({ account, path, onclose }) {
  const made = useSignal(/** @type {MadeTokenView | null} */ (null));
  const { onsubmit, busy, errors, general } = useForm(
    async ({ name, scope, days, current_password }) => {
      const expires = days ? new Date(relayNow() + Number(days) * DAY).toISOString() : null;
      made.value = await post(path, { name, scope, expires, current_password });
    },
  );
  const { metrics: _, ...others } = SCOPES;
  return html`
    <${Dialog} title=${made.value ? "The new token" : `Make a token for ${account}`}
      onclose=${onclose} wide=${made.value !== null}>
      ${made.value ? html`<${Made} token=${made.value} onclose=${onclose} />` : html`
        <form onSubmit=${onsubmit}>
          <${Field} label="Name" name="name" required maxlength="64" autocomplete="off"
            hint="What it is for: laptop, backup, deploy" errors=${errors} />
          <${Field} label="Scope" name="scope" errors=${errors}>
            <${Select} name="scope"
              words=${isAdmin.value ? SCOPES : others} />
            </${Field}>
            <${Field} label="Ends" name="expires" errors=${errors}>
              <${Select} name="days"
                words=${ENDS} />
              </${Field}>
              <${OwnPassword} errors=${errors} />
              <p class="wrong" role="alert">${general}</p>
              <footer><button type="button" onClick=${onclose}>Cancel</button>
            <button class="primary" aria-disabled=${busy}>Make</button></footer>
              </form>
      `}
    </${Dialog}>
  `;
}

/** @param {{ token: MadeTokenView, onclose: () => void }} props */
function Made({ token: { token, account, scope }, onclose }) {
  const isForAgents = scope.split(" ").includes("agent");
  const place = scope === "metrics" ? "/metrics" : "/api/v1/status";
  return html`
    <p>It is shown this once: the relay keeps only what it can check it with.</p>
    <${CopyLine} text=${token} label="Copy the token" />
    ${isForAgents && html`<${AgentCommand} token=${token} account=${account} />`}
    ${scope !== "agent" && html`
      <div class="field">
        <h3>Ask the relay with it</h3>
        <${CopyLine} label="Copy the command" text=${`curl -H "Authorization: Bearer ${token}" ${location.origin}${place}`} />
      </div>
    `}
    <footer><button type="button" class="primary" onClick=${onclose}>Done</button></footer>
  `;
}

/** @param {{ token: string, account: string }} props */
function AgentCommand({ token, account }) {
  /** @type {Resource<StatusView>} */
  const { data: status } = useResource("/status");
  /** @type {Resource<ListView<NameView>>} */
  const { data: names } = useResource(withQuery("/names", { account }));
  if (!status || !names) return html`<${Loading} rows=${1} />`;
  const [first] = names.items;
  if (!status.agent_command || !first) {
    return first
      ? html`<${NoWay} />`
      : html`<p class="soft">Give the account a name before an agent signs in with it.</p>`;
  }
  // An account without a name of its own has to say by which it publishes.
  const published = names.items.find(({ own }) => own) ?? first;
  const command = commandFor(status.agent_command, published, { user: false });
  return html`
    <div class="field">
      <h3>Connect an agent with it</h3>
      <${CopyLine} text=${`CRUNCH_TOKEN=${token} ${command}`} label="Copy the command" />
    </div>
  `;
}
