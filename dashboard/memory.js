/** What this browser remembers of its reader, such as theme and columns; without storage it forgets with the page. @module */
// @ts-check

const PREFIX = "crunch.";

/**
 * @param {string} key
 * @returns {string | null}
 */
export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Forbidden or full: then it holds until the page is closed.
  }
}
