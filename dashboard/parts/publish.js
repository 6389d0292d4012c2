/** How to publish by a name: the line that connects an agent, as its reader can type it. @module */
// @ts-check

import { html } from "htm/preact";
import { useResource } from "../resource.js";
import { CopyLine } from "./copy.js";

/** @import { NameView, StatusView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

/** Of the relay's own machine: its agents need neither account nor address. */
const LOCAL = "local";

/**
 * The relay's line for an agent of `account`. With a token instead of its password `user` is false.
 * @param {string} line
 * @param {Pick<NameView, "name" | "account" | "own">} published
 * @param {{ user?: boolean }} [options]
 */
export function commandFor(line, { name, account, own }, { user = true } = {}) {
  const named = own ? "" : ` --name ${name}`;
  if (account === LOCAL) return `crunch agent${named} --dir ./site`;
  return line.replace(/ --user \S+/, () => `${user ? ` --user ${account}` : ""}${named}`);
}

/** @param {{ published: Pick<NameView, "name" | "account" | "own"> }} props */
export function HowToPublish({ published }) {
  /** @type {Resource<StatusView>} */
  const { data } = useResource("/status");
  if (!data) return null;
  const line = data.agent_command;
  return html`
    <div>
      <h3>To publish it${published.account === LOCAL && " from the relay's own machine"}</h3>
      ${line || published.account === LOCAL
        ? html`<${CopyLine} text=${commandFor(line ?? "", published)} label="Copy the command" />`
        : html`<${NoWay} />`}
    </div>
  `;
}

/** Agents cannot dial the relay from where this page is read. */
export function NoWay() {
  return html`
    <p
      class="wrong">Agents cannot reach this relay from here: start it with <code>--tunnel :8021</code>.</p>
  `;
}
