/** One of a few, as buttons in a row. @module */
// @ts-check

import { html } from "htm/preact";

/**
 * @param {{ label: string, chosen: string, choices: Record<string, string>, onchoice: (key: string) => void }} props
 *   `choices`: titles by key
 */
export function Choice({ label, chosen, choices, onchoice }) {
  return html`<div class="choice" role="group" aria-label=${label}>${
    Object.entries(choices).map(([key, title]) =>
      html`
        <button type="button" key=${key} aria-pressed=${key === chosen}
          onClick=${() => onchoice(key)}>${title}</button>
      `
    )
  }</div>`;
}
