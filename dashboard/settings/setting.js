/** One setting: what it is, where that was said, and the control that changes it. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ApiError } from "../api.js";
import { useForm } from "../parts/field.js";
import { attempt, say } from "../parts/toast.js";
import { isAdmin } from "../session.js";

/** @import { SettingView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */
/** @typedef {Resource<unknown>["change"]} Change */

const HINTS = /** @type {Record<string, string>} */ ({
  duration: "such as 500ms, 30s, 5m, 7d; ",
  size: "such as 64KiB, 1GB; ",
});

/** @param {{ setting: SettingView, tag: string | null, change: Change }} props */
export function Setting({ setting, tag, change }) {
  const { key, value, default: usual, source, changeable, help } = setting;
  // With the tag of what was seen when the reader began to edit.
  const editing = useSignal(/** @type {{ tag?: string | null } | null} */ (null));
  const isOurs = source === "default" || source === "dashboard";
  const mayEdit = isAdmin.value && changeable && isOurs;
  const obstacle = !changeable ? "changes at a restart" : isOurs ? "" : "to be changed there";
  const before = source === "dashboard" ? value : null;
  /** @param {SettingView["value"]} next */
  const undoTo = (next) => () => {
    attempt(() => change({ [key]: next }, { tag: null }), { done: "Undone" });
  };
  /** @param {SettingView["value"]} next */
  const save = async (next) => {
    try {
      await change({ [key]: next }, editing.value ?? { tag });
    } catch (problem) {
      // It was another by then, and the reader has been told.
      if (editing.value && !(problem instanceof ApiError)) editing.value = {};
      throw problem;
    }
    say({
      text: next === null ? `${key} is at its default` : `${key} is changed`,
      undo: undoTo(before),
    });
    editing.value = null;
  };
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  const isOpen = editing.value !== null;
  useEffect(() => () => {
    if (!isOpen || document.activeElement !== document.body) return;
    // Closed: on with the keyboard where it was before.
    /** @type {HTMLElement | null | undefined} */ (row.current?.querySelector("button:last-child"))
      ?.focus();
  }, [isOpen]);
  return html`
    <li class="setting" id=${key} ref=${row}>
      <div>
        <h3><code>${key}</code></h3>
        <p class="soft small">${help}</p>
      </div>
      ${editing.value
        ? html`
          <${Editor} setting=${setting} onclose=${() => editing.value = null}
            save=${save} />
        `
        : html`
          <div class="value">
            <code>${shown(value)}</code>
            <small class="soft">${placeOf(setting)}${shown(value) !== shown(usual) &&
              html`; default <code>${shown(usual)}</code>`}</small>
          </div>
          <div class="row">${mayEdit
            ? html`
              ${source === "dashboard" && html`
                <button type="button" aria-label=${`Reset ${key}`} onClick=${() =>
                  attempt(() => save(null))}>Reset</button>
              `}
              <button type="button" aria-label=${`Change ${key}`} onClick=${() =>
                editing.value = { tag }}>Change</button>
            `
            : html`<small class="soft">${obstacle}</small>`}</div>
        `}
    </li>
  `;
}

/**
 * @param {{ setting: SettingView, save: (next: SettingView["value"]) => Promise<void>, onclose: () => void }} props
 */
function Editor({ setting: { key, type, list, choices, value }, save, onclose }) {
  const { onsubmit, busy, general, errors } = useForm(({ value: text = "" }) => {
    if (list) {
      return save(text.split("\n").map((line) => line.trim()).filter((line) => line !== ""));
    }
    if (type === "switch") return save(text === "on");
    return save(type === "number" && /^-?\d+$/.test(text.trim()) ? Number(text) : text.trim());
  });
  const control = useRef(/** @type {any} */ (null));
  // At first, and again when it was not taken.
  useLayoutEffect(() => busy || control.current?.focus(), [busy]);
  useLayoutEffect(() => control.current?.select?.(), []);
  const wrong = errors.find(({ field }) => field === key)?.message;
  const common = {
    name: "value",
    "aria-label": key,
    "aria-invalid": wrong ? "true" : null,
    ref: control,
  };
  const text = Array.isArray(value) ? value.join("\n") : String(value ?? "");
  const hint = list ? "one on each line; " : HINTS[type] ?? "";
  return html`
    <form class="editor" onSubmit=${onsubmit} onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      onclose();
    }}>
      ${list
        ? html`<textarea rows="3" ...${common}>${text}</textarea>`
        : type === "switch"
        ? html`<input type="checkbox" role="switch" defaultChecked=${
          value === true
        } ...${common} />`
        : type === "choice"
        ? html`<select ...${common}>${
          choices.map((one) => html`<option key=${one} selected=${one === value}>${one}</option>`)
        }</select>`
        : html`
          <input defaultValue=${text} inputmode=${type === "number" ? "numeric" : null}
            autocomplete="off" spellcheck=${false} ...${common} />
        `}
      <button class="primary" aria-disabled=${busy}>Save</button>
      <button type="button" onClick=${onclose}>Cancel</button>
      <small class=${wrong || general ? "wrong" : "soft"} role=${wrong || general
        ? "alert"
        : null}>${wrong ? `It ${wrong}` : general || `${hint}now ${shown(value)}`}${general &&
        `; it is ${shown(value)}`}</small>
    </form>
  `;
}

/** @param {SettingView["value"]} value */
function shown(value) {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** @param {SettingView} setting */
function placeOf({ source, where, flag, type }) {
  switch (source) {
    case "dashboard":
      return "set here";
    case "file":
      return `from ${where.replace(/:(\d+)$/, ", line $1")}`;
    case "environment":
      return `from ${where}`;
    case "flag":
      return `from ${flag}`;
    case "program":
      return "from the program that runs the relay";
    default:
      return type === "secret" ? "not shown" : "default";
  }
}
