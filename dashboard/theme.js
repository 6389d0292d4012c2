/** Light, dark, or as the system has it; remembered by the browser. @module */
// @ts-check

import { signal } from "@preact/signals";
import { recall, remember } from "./memory.js";

/** @typedef {"system" | "light" | "dark"} Theme */

export const THEMES = /** @type {const} */ (["system", "light", "dark"]);

/** @type {import("@preact/signals").Signal<Theme>} */
export const theme = signal(read());

function read() {
  const kept = recall("theme");
  return THEMES.find((name) => name === kept) ?? "system";
}

/** Shows the page as `theme` says. */
export function applyTheme() {
  document.documentElement.dataset.theme = theme.value;
}

/** @param {Theme} chosen */
export function setTheme(chosen) {
  theme.value = chosen;
  remember("theme", chosen);
  applyTheme();
}

/** Takes the next theme. */
export function turnTheme() {
  setTheme(THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "system");
}
