/** Dialogs: one at a time over the page, closed by Esc, with the focus back where it was. @module */
// @ts-check

import { signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * @param {{ title: string, onclose: () => void, wide?: boolean, children: any }} props
 */
export function Dialog({ title, onclose, wide = false, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    element.current?.showModal();
    const first = element.current?.querySelector("[autofocus], input, select, textarea");
    if (first instanceof HTMLElement) first.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  /** @param {MouseEvent} event */
  const onclick = (event) => event.target === element.current && onclose();
  /** @param {Event} event */
  const oncancel = (event) => (event.preventDefault(), onclose());
  return html`
    <dialog ref=${element} class=${wide ? "wide" : ""} aria-label=${title}
      onClick=${onclick} onCancel=${oncancel}>
      <div class="dialog-body">
          <header><h2>${title}</h2>
            <button type="button" class="quiet square" aria-label="Close" onClick=${onclose}>×</button>
          </header>
          ${children}
        </div>
    </dialog>
  `;
}

/**
 * @typedef {object} Question
 * @property {string} title "Remove the account alice?"
 * @property {any} [text] what that does
 * @property {string} action what the button says: "Remove"
 * @property {string} [name] has to be typed, where it cannot be undone
 * @property {(yes: boolean) => void} answer
 */

/** @type {import("@preact/signals").Signal<Question | null>} */
const question = signal(null);

/**
 * Asks before something is destroyed.
 * @param {Omit<Question, "answer">} what
 * @returns {Promise<boolean>}
 */
export function confirm(what) {
  question.value?.answer(false);
  return new Promise((resolve) => {
    question.value = {
      ...what,
      answer: (yes) => {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

/** Where questions appear. */
export function Questions() {
  return question.value && html`<${Asked} key=${question.value.title} ...${question.value} />`;
}

/** @param {Question} props */
function Asked({ title, text, action, name, answer }) {
  const typed = useSignal("");
  const isSure = name === undefined || typed.value.trim() === name;
  /** @param {Event} event */
  const onsubmit = (event) => {
    event.preventDefault();
    if (isSure) answer(true);
  };
  return html`
    <${Dialog} title=${title} onclose=${() => answer(false)}>
      <form onSubmit=${onsubmit}>
          ${text && html`<p>${text}</p>`}
          ${name !== undefined && html`
            <label class="field">
              <span>Type <code>${name}</code> to go on</span>
              <input autocomplete="off" autocapitalize="none" spellcheck=${false} value=${typed
                .value}
                onInput=${(/** @type {any} */ event) => typed.value = event.target.value} />
            </label>
          `}
          <footer>
            <button type="button" onClick=${() =>
              answer(false)} autofocus=${name === undefined}>Cancel</button>
            <button class="danger" disabled=${!isSure}>${action}</button>
          </footer>
        </form>
      </${Dialog}>
  `;
}
