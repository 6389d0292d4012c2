/** What keys do on every page: `/` searches, `?` helps, `g` and a letter goes to a page. @module */
// @ts-check

import { signal } from "@preact/signals";
import { go, href } from "./route.js";

/** Whether the list of keys is shown. */
export const helpOpen = signal(false);

/** Pages by the letter that follows `g`. */
export const PLACES = /** @type {Record<string, [string, string[]]>} */ ({
  o: ["Overview", []],
  l: ["Log", ["log"]],
  a: ["Agents", ["agents"]],
  n: ["Names", ["names"]],
  c: ["Accounts", ["accounts"]],
  u: ["Usage", ["usage"]],
  d: ["Audit", ["audit"]],
  s: ["Settings", ["settings"]],
});

/** How long `g` waits for its letter, ms. */
const PATIENCE = 1_200;
let went = 0;

/** Listens to the keyboard. */
export function startKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
    if (document.querySelector("nav") === null) return;
    const isLate = event.timeStamp - went > PATIENCE;
    went = 0;
    const place = isLate ? undefined : PLACES[event.key];
    if (place !== undefined) go(href(...place[1]));
    else if (event.key === "g") went = event.timeStamp;
    else if (event.key === "?") helpOpen.value = true;
    else if (event.key === "/") search();
    else return;
    event.preventDefault();
  });
}

/** To the page's own search, else to the log's. */
function search() {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-search]"));
  if (field === null) return go(`${href("log")}?search=1`);
  field.focus();
  field.select();
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
