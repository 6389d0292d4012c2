/** Roles, scopes and states of accounts, in words. @module */
// @ts-check

import { html } from "htm/preact";
import { Badge } from "../parts/status.js";

/** @import { AccountView } from "../../relay/api/mod.ts" */

export const ROLES = { member: "Member", viewer: "Viewer", admin: "Administrator" };

/** What each may. */
export const POWERS = {
  member: "sees and changes what is its own",
  viewer: "sees everything, changes nothing",
  admin: "sees and changes everything",
};

/** What tokens are made for, each by the words of its scope. @type {Readonly<Record<string, string>>} */
export const SCOPES = {
  agent: "Agents only: connects them",
  read: "Reading only: the API without changes",
  full: "The API as far as the account may",
  "full agent": "The API and agents",
  "full credentials": "The API, making tokens and setting passwords as well",
  metrics: "/metrics only",
};

/** What a trusted account may. */
export const TRUST =
  "Pages of agents are kept in a sandbox, as all of them share this relay's address. Those of a trusted account are not: " +
  "their scripts can read what other pages keep in a visitor's browser, and act here as whoever is signed in. " +
  "Only for pages that you trust like the relay itself.";

/** Of this machine's own agents. */
export const LOCAL = "local";

/** @param {Pick<AccountView, "disabled">} account */
export function StateOf({ disabled }) {
  return disabled
    ? html`<${Badge} kind="off">disabled</${Badge}>`
    : html`<${Badge} kind="good">active</${Badge}>`;
}

/** A choice of `words`. @param {{ name: string, words: Record<string, string>, value?: string, [attribute: string]: any }} props */
export function Select({ words, ...attributes }) {
  return html`<select ...${attributes}>${
    Object.entries(words).map(([key, text]) =>
      html`<option key=${key} value=${key}>${text}</option>`
    )
  }</select>`;
}
