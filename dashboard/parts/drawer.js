/** Details of one thing, beside the list that it comes from; Esc closes it. @module */
// @ts-check

import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";

/** @param {{ title: any, label: string, onclose: () => void, children: any }} props */
export function Drawer({ title, label, onclose, children }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const close = useRef(onclose);
  close.current = onclose;
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    heading.current?.focus();
    /** @param {KeyboardEvent} event */
    const onkey = (event) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      close.current();
    };
    addEventListener("keydown", onkey);
    return () => {
      removeEventListener("keydown", onkey);
      if (before?.isConnected) before.focus();
    };
  }, []);
  return html`
    <aside class="drawer" aria-label=${label}>
      <header>
        <h2 tabindex="-1" ref=${heading}>${title}</h2>
        <button type="button" class="quiet square" aria-label="Close" onClick=${onclose}>×</button>
      </header>
      <div class="drawer-body">${children}</div>
    </aside>
  `;
}

/** Facts as a list of terms. @param {{ facts: readonly (readonly [string, any])[] }} props */
export function Facts({ facts }) {
  return html`<dl class="facts">
    ${
    facts.map(([term, value]) =>
      html`
        <div key=${term}>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }
  </dl>`;
}
