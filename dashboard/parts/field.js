/** Forms: a labelled field with what is wrong with it, and what sends all of them. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "../api.js";

/**
 * A labelled control; `errors` are those of the API's answer.
 * @param {{ label: string, name: string, hint?: any, errors?: readonly { field: string, message: string }[], children?: any,
 *   [attribute: string]: any }} props `children` instead of an input: a select, say
 */
export function Field({ label, name, hint, errors = [], children, ...attributes }) {
  const wrong = errors.find(({ field }) => field === name)?.message;
  const id = `field-${name}`;
  return html`<label class="field"><span>${label}</span>
    ${
    children ?? html`
      <input name=${name} aria-invalid=${wrong ? "true" : null}
        aria-describedby=${wrong || hint ? id : null} ...${attributes} />
    `
  }
    ${
    (wrong || hint) &&
    html`<small id=${id} class=${wrong ? "wrong" : "soft"}>${wrong ?? hint}</small>`
  }
  </label>`;
}

/**
 * Sends a form: `send` gets its values by name, and what it throws is shown.
 * @param {(values: Record<string, string>, form: HTMLFormElement) => Promise<unknown>} send
 */
export function useForm(send) {
  const busy = useSignal(false);
  const error = useSignal(/** @type {Error | null} */ (null));
  const sent = useRef(/** @type {HTMLFormElement | null} */ (null));
  /** @param {SubmitEvent} event */
  const onsubmit = async (event) => {
    event.preventDefault();
    if (busy.value) return;
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    sent.current = form;
    busy.value = true;
    error.value = null;
    try {
      await send(Object.fromEntries(/** @type {any} */ (new FormData(form))), form);
    } catch (problem) {
      error.value = /** @type {Error} */ (problem);
    }
    busy.value = false;
  };
  // What is wrong is where the reader goes on.
  useEffect(() => {
    const wrong = sent.current?.querySelector('[aria-invalid="true"]');
    if (error.value !== null && wrong instanceof HTMLElement) wrong.focus();
  }, [error.value]);
  const errors = error.value instanceof ApiError ? error.value.errors : [];
  // What no field says is said for the whole form.
  const general = error.value !== null && errors.length === 0 ? error.value.message : "";
  return { onsubmit, busy: busy.value, errors, general };
}
