/** Texts to take along: a line of text with a button that copies it. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { say } from "./toast.js";
import { Icon } from "./icon.js";

/** How long the button says that it has copied, ms. */
const SAID = 1_500;

/**
 * Puts text on the clipboard. Browsers have one on secure pages only; elsewhere the old way is left.
 * @param {string} text
 * @returns {Promise<boolean>}
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    // Within an open dialog nothing outside of it can be selected.
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}

/** @param {{ text: string, label: string, children?: any }} props */
export function CopyButton({ text, label, children }) {
  const isCopied = useSignal(false);
  useEffect(() => {
    if (!isCopied.value) return;
    const timer = setTimeout(() => isCopied.value = false, SAID);
    return () => clearTimeout(timer);
  }, [isCopied.value]);
  const take = async () => {
    isCopied.value = await copy(text);
    if (!isCopied.value) say({ text: "The browser did not let us copy", kind: "bad" });
  };
  return html`
    <button type="button" class=${children ? "" : "quiet square"} onClick=${take}
      aria-label=${children ? null : label} title=${label}>
        <${Icon} name=${isCopied.value ? "check" : "copy"} /> ${children}
        <span class="unseen" aria-live="polite">${isCopied.value ? "Copied" : ""}</span>
      </button>
  `;
}

/** A command or an address as a line of its own. @param {{ text: string, label?: string }} props */
export function CopyLine({ text, label = "Copy" }) {
  return html`
    <div
      class="copy-line"><code>${text}</code><${CopyButton} text=${text} label=${label} /></div>
  `;
}
