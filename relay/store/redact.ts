/** Takes secrets out of request targets before they are kept. @module */

const SECRET_KEYS: ReadonlySet<string> = new Set([
  ...["token", "key", "secret", "password", "sig", "code", "share", "access_token"],
]);

/** Without a percent sign, plus or bracket a secret's key can only be spelt plainly. */
const PLAIN = /[?&;](?:token|key|secret|password|sig|code|share|access_token)=/i;
const UNUSUAL = /[%+[]/;

/**
 * `target` with the values of secret query keys replaced by `***`: keys in any case, percent-encoded, or as a
 * part of `user[password]`. Everything else stays byte for byte.
 */
export function redactTarget(target: string): string {
  const start = target.indexOf("?");
  if (start < 0) return target;
  const query = target.slice(start);
  if (!UNUSUAL.test(query) && !PLAIN.test(query)) return target;
  return target.slice(0, start) + query.split("&").map(redactPart).join("&");
}

/** Semicolons and further question marks may begin a key, but never end a secret. */
function redactPart(part: string): string {
  for (const { 0: found, 1: key = "", index } of part.matchAll(/(?:^|[?;])([^=;?]*)=/g)) {
    if (isSecret(key)) return part.slice(0, index + found.length) + "***";
  }
  return part;
}

function isSecret(key: string): boolean {
  return decode(key).split(/[[\]]/).some((part) => SECRET_KEYS.has(part.trim().toLowerCase()));
}

/** Percent signs that encode nothing stay, so that no spelling gets by with an error. */
function decode(text: string): string {
  return text.replaceAll("+", " ")
    .replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}
