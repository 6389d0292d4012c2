/** Where the reader is: the address below `/admin`, its parameters, and how to go elsewhere. @module */
// @ts-check

import { computed, signal } from "@preact/signals";

const BASE = "/admin";
const here = signal(location.pathname + location.search);

/** The address below `/admin`, in decoded segments: `["agents", "a1b2"]`. */
export const segments = computed(() => {
  const { pathname } = new URL(here.value, location.origin);
  return pathname.slice(BASE.length).split("/").filter((part) => part !== "").map(decode);
});

/** The parameters. */
export const query = computed(() => new URL(here.value, location.origin).searchParams);

/**
 * The link to a place: `href("agents", id)`.
 * @param {...string} parts
 */
export function href(...parts) {
  return [BASE, ...parts.map(encodeURIComponent)].join("/");
}

/**
 * The link to a place with parameters; empty ones are left out.
 * @param {string[]} parts
 * @param {Record<string, string | undefined | null>} parameters
 */
export function hrefWith(parts, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value);
  const text = new URLSearchParams(/** @type {[string, string][]} */ (given)).toString();
  return href(...parts) + (text === "" ? "" : `?${text}`);
}

/**
 * Goes to an address of the dashboard.
 * @param {string} address
 * @param {{ replace?: boolean }} [how] `replace` leaves no trace in the history
 */
export function go(address, { replace = false } = {}) {
  if (address === here.peek()) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  here.value = address;
}

/**
 * Changes parameters of this address; null or "" takes one away.
 * @param {Record<string, string | null>} parameters
 * @param {{ replace?: boolean }} [how]
 */
export function setQuery(parameters, how) {
  const url = new URL(here.peek(), location.origin);
  for (const [key, value] of Object.entries(parameters)) {
    if (value === null || value === "") url.searchParams.delete(key);
    else url.searchParams.set(key, value);
  }
  go(url.pathname + url.search, how);
}

/** Follows links within the dashboard without loading it again. */
export function startRoutes() {
  addEventListener("popstate", () => {
    here.value = location.pathname + location.search;
  });
  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey &&
      !event.altKey;
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    if (!isPlain || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    if (link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) {
      return;
    }
    if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
