/** Short words of what was done, with a way back where there is one. @module */
// @ts-check

import { signal } from "@preact/signals";
import { html } from "htm/preact";

/**
 * @typedef {object} Toast
 * @property {number} id
 * @property {string} text
 * @property {"good" | "bad"} kind
 * @property {(() => void) | undefined} undo
 */

/** At most so many at once; the oldest goes. */
const MOST = 3;
const SHOWN = 6_000;
let next = 1;
/** @type {import("@preact/signals").Signal<Toast[]>} */
const toasts = signal([]);

/**
 * Says something for a few seconds.
 * @param {{ text: string, kind?: "good" | "bad", undo?: () => void }} what
 */
export function say({ text, kind = "good", undo }) {
  const toast = { id: next++, text, kind, undo };
  toasts.value = [...toasts.value, toast].slice(-MOST);
  setTimeout(() => drop(toast.id), undo || kind === "bad" ? SHOWN * 2 : SHOWN);
}

/**
 * Does something, and says what became of it.
 * @param {() => Promise<unknown>} work
 * @param {{ done?: string, undo?: () => void }} [words]
 * @returns {Promise<boolean>}
 */
export async function attempt(work, { done, undo } = {}) {
  try {
    await work();
  } catch (error) {
    say({ text: /** @type {Error} */ (error).message, kind: "bad" });
    return false;
  }
  if (done) say({ text: done, ...(undo ? { undo } : {}) });
  return true;
}

/** @param {number} id */
function drop(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Where they appear. */
export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${
    toasts.value.map(({ id, text, kind, undo }) =>
      html`<div key=${id} class=${`toast ${kind}`}>
        <span>${text}</span>
        ${undo && html`<button type="button" onClick=${() => (drop(id), undo())}>Undo</button>`}
        <button type="button" class="quiet square" aria-label="Dismiss" onClick=${() =>
        drop(id)}>×</button>
      </div>`
    )
  }
  </div>`;
}
