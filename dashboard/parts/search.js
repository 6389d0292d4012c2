/** A field that narrows a list down to what contains its text; `/` leads to it. @module */
// @ts-check

import { html } from "htm/preact";
import { query, setQuery } from "../route.js";
import { Icon } from "./icon.js";

/** What is searched for on this page: in its address, so that a link has it. */
export function searched() {
  return (query.value.get("q") ?? "").toLowerCase();
}

/** @param {{ label: string }} props */
export function Search({ label }) {
  return html`<label class="search"><${Icon} name="search" /><span class="unseen">${label}</span>
    <input type="search" data-search placeholder=${label} value=${query.value.get("q") ?? ""}
      autocomplete="off" autocapitalize="none" spellcheck=${false}
      onInput=${(/** @type {any} */ event) =>
    setQuery({ q: event.target.value }, { replace: true })} /></label>`;
}
