/** The list of keys. @module */
// @ts-check

import { html } from "htm/preact";
import { helpOpen, PLACES } from "../keys.js";
import { Dialog } from "./dialog.js";

const KEYS = [
  ["/", "Search this page, or the log"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
  ["↑ ↓", "From row to row"],
  ["Enter", "Open the row"],
  ["p", "Pause and resume the log"],
];

export function Help() {
  const places = Object.entries(PLACES).map(([key, [title]]) => [`g ${key}`, title]);
  return html`
    <${Dialog} title="Keys" onclose=${() => helpOpen.value = false}>
      <dl class="keys">${[...KEYS, ...places].map(([keys, text]) =>
        html`
          <div key=${keys}>
            <dt>${String(keys).split(" ").map((key) =>
              html`
                <kbd>${key}</kbd>
              `
            )}</dt>
            <dd>${text}</dd>
          </div>
        `
      )}</dl>
      </${Dialog}>
  `;
}
