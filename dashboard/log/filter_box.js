/** The field in which the log is filtered; it knows the words. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../parts/icon.js";
import { complete } from "./terms.js";

/**
 * @param {object} props
 * @param {string} props.filter as it holds
 * @param {string} props.complaint what is wrong with it
 * @param {Record<string, string[]>} props.known values by key
 * @param {(filter: string) => void} props.onfilter
 */
export function FilterBox({ filter, complaint, known, onfilter }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const text = useSignal(filter);
  const found = useSignal(complete("", 0, {}));
  const isOpen = useSignal(false);
  const chosen = useSignal(-1);
  useEffect(() => {
    text.value = filter;
  }, [filter]);
  const { choices, from } = found.value;
  const isShown = isOpen.value && choices.length > 0;
  const close = () => isOpen.value = false;

  const look = () => {
    found.value = complete(text.value, field.current?.selectionStart ?? text.value.length, known);
    chosen.value = -1;
    isOpen.value = true;
  };
  const apply = () => {
    close();
    onfilter(text.value.trim());
  };

  /** @param {number} at */
  const take = (at) => {
    const choice = choices[at]?.text ?? "";
    const isKey = choice.endsWith(":");
    const caret = field.current?.selectionStart ?? text.value.length;
    const head = text.value.slice(0, from) + choice + (isKey ? "" : " ");
    text.value = head + text.value.slice(caret).trimStart();
    if (field.current) field.current.value = text.value;
    field.current?.setSelectionRange(head.length, head.length);
    if (isKey) look();
    else apply();
  };

  /** @param {KeyboardEvent} event */
  const onkey = (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      if (!isShown) look();
      else {
        const { length } = choices;
        chosen.value = (chosen.value + step + (chosen.value < 0 && step < 0 ? 1 : 0) + length) %
          length;
      }
    } else if (event.key === "Enter") {
      if (isShown && chosen.value >= 0) take(chosen.value);
      else apply();
    } else if (event.key === "Escape" && isShown) close();
    else return;
    event.preventDefault();
  };

  return html`
    <div class="filter">
      <label class="search"><${Icon} name="search" /><span class="unseen">Filter</span>
        <input type="search" data-search ref=${field} value=${text.value} role="combobox"
          placeholder="Filter: status:5xx path:*.jpg" maxlength="1000"
          autocomplete="off" autocapitalize="none" spellcheck=${false}
          aria-autocomplete="list" aria-controls="filter-choices" aria-expanded=${isShown}
          aria-activedescendant=${isShown && chosen.value >= 0 ? `choice${chosen.value}` : null}
          aria-invalid=${complaint === "" ? null : true}
          aria-describedby=${complaint === "" ? null : "filter-complaint"}
          onInput=${(/** @type {any} */ { target }) => {
            text.value = target.value;
            if (text.value === "") apply();
            else look();
          }}
          onFocus=${look} onBlur=${close} onChange=${apply} onKeyDown=${onkey} /></label>
      <ul id="filter-choices" role="listbox" aria-label="What can be said" hidden=${!isShown}
        onPointerDown=${(/** @type {Event} */ event) => event.preventDefault()}>
        ${choices.map(({ text, about }, at) =>
          html`
            <li key=${text} id=${`choice${at}`} role="option" aria-selected=${at === chosen.value}
              onClick=${() => take(at)}><code>${text}</code><span>${about}</span></li>
          `
        )}
      </ul>
      ${complaint !== "" &&
        html`<p id="filter-complaint" class="wrong" role="alert">${complaint}</p>`}
    </div>
  `;
}
