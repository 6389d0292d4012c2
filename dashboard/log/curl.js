/** A request as a line for the shell. @module */
// @ts-check

/**
 * The command that asks the same again, as far as the log knows it.
 * @param {{ method: string, target: string }} request
 * @param {readonly string[]} urls of its name
 * @param {string} origin where there are none
 */
export function curlLine({ method, target }, urls, origin) {
  const words = ["curl"];
  // With -X HEAD it would wait for a body.
  if (method === "HEAD") words.push("--head");
  else words.push("--include", ...(method === "GET" ? [] : ["--request", quoted(method)]));
  const base = originOf(target, urls) ?? origin;
  // What curl would take for a pattern, tidy up, or leave out.
  if (/[[\]{}]/.test(target)) words.push("--globoff");
  if (/\/\.|%2e/i.test(target)) words.push("--path-as-is");
  if (/^\/[!-~]*$/.test(target) && !target.includes("#")) words.push(quoted(base + target));
  else words.push("--request-target", quoted(target), quoted(base));
  return words.join(" ");
}

/**
 * Targets are logged as they came: below a path, where the name has one, or at a host of its own.
 * @param {string} target
 * @param {readonly string[]} urls
 */
function originOf(target, urls) {
  const places = urls.map((url) => new URL(url));
  const isBelow = (/** @type {URL} */ { pathname }) =>
    pathname !== "/" && `${target}/`.toLowerCase().startsWith(pathname);
  return (places.find(isBelow) ?? places.find(({ pathname }) => pathname === "/"))?.origin;
}

/** As one word, whatever is in it. @param {string} text */
function quoted(text) {
  return /^[\w/:.=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
