/** States as a colour and a second sign, for who sees no colours. @module */
// @ts-check

import { html } from "htm/preact";

/** The class of a status's colour. @param {number} status */
export function kindOf(status) {
  return status === 0 ? "s0" : `s${Math.floor(status / 100)}`;
}

/** An answer's status; 0 where the visitor went before. @param {{ status: number }} props */
export function Status({ status }) {
  return html`
    <span class=${`status ${kindOf(status)}`}
      title=${status === 0 ? "The visitor went before there was an answer" : null}>${status === 0
        ? "gone"
        : status}</span>
  `;
}

/** Whether something is there. @param {{ kind: "good" | "bad" | "warn" | "off", children: any }} props */
export function Badge({ kind, children }) {
  return html`<span class=${`badge ${kind}`}>${children}</span>`;
}
