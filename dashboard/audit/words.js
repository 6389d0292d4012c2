/** What the audit log's entries say, in words, and what was one way before and is another now. @module */
// @ts-check

import { html } from "htm/preact";
import { browserName } from "../browser_name.js";
import { timeOf } from "../format.js";
import { href } from "../route.js";

/** @import { AuditView } from "../../relay/api/mod.ts" */

/** Who is no account, but a part of the program. */
const PARTS = {
  system: "the relay itself",
  shell: "whoever has the relay's files: crunch account",
};

/** @param {{ name: string }} props */
export function Who({ name }) {
  return Object.hasOwn(PARTS, name)
    ? html`<span class="soft" title=${
      PARTS[/** @type {keyof typeof PARTS} */ (name)]
    }>${name}</span>`
    : html`<a href=${href("accounts", name)}>${name}</a>`;
}

/** "alice was disabled", with links to what is meant. @param {{ entry: AuditView }} props */
export function What({ entry: { action, account, object, before, after } }) {
  const who = html`<a href=${href("accounts", account)}>${account}</a>`;
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  const name = html`<a href=${href("names", object)}>${object}</a>`;
  const token = html`<b>${String(was.name ?? is.name ?? object)}</b>`;
  const agent = html`<b>${Array.isArray(was.names) ? was.names.join(", ") : object}</b>`;
  switch (action) {
    case "account.add":
      return html`${who} was added`;
    case "account.remove":
      return html`${who} was removed`;
    case "account.password":
      return html`${who} got a new password`;
    case "account.update":
      return html`${who} ${Object.entries(is).map(become).join(", ")}`;
    case "name.add":
      return html`${name} was given to ${who}`;
    case "name.remove":
      return html`${name} was taken from ${who}`;
    case "name.transfer":
      return html`${name} went from ${String(was.account)} to ${String(is.account)}`;
    case "token.create":
      return html`${who} got the token ${token}`;
    case "token.revoke":
      return html`the token ${token} of ${who} was revoked`;
    case "session.start":
      return html`${who} signed in`;
    case "session.end":
      return object === "all"
        ? html`other sessions of ${who} ended`
        : html`a session of ${who} ended`;
    case "agent.disconnect":
      return html`the agent ${agent} of ${who} was disconnected`;
    case "agent.drain":
      return html`the agent ${agent} of ${who} was drained`;
    case "setting.set":
      return html`<a href=${`${href("settings")}?q=${encodeURIComponent(object)}`}>${object}</a> ${
        after === undefined ? "went back to its default" : "was set"
      }`;
    default:
      return `${action} ${object}`;
  }
}

/** @param {[string, unknown]} field */
function become([key, value]) {
  if (key === "disabled") return value ? "was disabled" : "was enabled";
  if (key === "trusted") return value ? "is trusted now" : "is not trusted any more";
  if (key === "role") return `became ${value}`;
  return `has another ${key}`;
}

/** What {@linkcode What} and the entry's address say already. */
const SAID = /** @type {Record<string, string>} */ ({
  "session.start": "address",
  "token.create": "name",
  "token.revoke": "name",
  "name.add": "account",
  "name.remove": "account",
  "name.transfer": "account",
  "agent.disconnect": "names",
  "agent.drain": "names",
});

/**
 * Each field with what it was and what it is; undefined where it was not, or is not any more.
 * @param {AuditView} entry
 * @returns {readonly (readonly [key: string, was: string | undefined, is: string | undefined])[]}
 */
export function differences({ action, before, after }) {
  if (action === "setting.set") return [["", textOf("", before), textOf("", after)]];
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((key) => key !== SAID[action])
    .map((key) => {
      const title = key === "parent" ? "made with" : key.replaceAll("_", " ");
      return /** @type {const} */ ([title, textOf(key, was[key]), textOf(key, is[key])]);
    })
    .filter(([, was, is]) => was !== is);
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function textOf(key, value) {
  if (value === undefined) return undefined;
  if (key === "browser") return browserName(String(value));
  if (key === "parent") return parentOf(String(value));
  if (key === "expires" || key === "created") {
    return value === null ? "never" : timeOf(/** @type {string | number} */ (value));
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A token's id has 16 characters, a session's 32: that one is of no use to a reader. @param {string} id */
function parentOf(id) {
  return id.length === 16 ? `the token ${id}` : "a browser's session";
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function fieldsOf(value) {
  return typeof value === "object" && value !== null
    ? /** @type {Record<string, unknown>} */ (value)
    : {};
}
