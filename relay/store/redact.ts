/** Takes secrets out of request targets before they are kept. @module */

/** In a key's letters and digits, wherever they stand: `client_secret`, `X-Amz-Security-Token`, `userPassword`. */
const ANYWHERE = [
  ...["passw", "passphrase", "passcode", "passkey", "pwd", "kennwort", "motdepasse", "contrasen"],
  ...["secret", "token", "credential", "apikey", "accesskey", "privatekey", "authkey"],
  ...["signature", "hmac", "jwt", "bearer", "authorization", "authenticat", "authcode"],
  ...["session", "sessid", "cookie", "csrf", "xsrf", "nonce", "verifier", "assertion"],
  ...["samlart", "samlre", "wresult"],
];
/** As a word of the key only, with or without a number behind it: `api_key`, `keyId`, `key2`, but no `monkey`. */
const WORDS: ReadonlySet<string> = new Set([
  ...["key", "keys", "sig", "sign", "code", "share", "auth", "oauth", "pass", "pin", "otp", "totp"],
  ...["mfa", "sid", "sess", "ticket", "invite", "invitation", "hash", "cred", "creds", "pw", "psw"],
]);
/** Without any of these there is no secret, whatever the separators. */
const TRIGGER =
  /pass|pwd|kennw|mot|contra|secret|token|cred|key|sig|hmac|jwt|bearer|auth|sess|cookie|[cx]srf|nonce|verif|assert|saml|wresult|code|share|pin|otp|mfa|sid|ticket|invit|hash|pw|psw/i;
/** Letters that are percent-encoded may be any, and some values are secrets by themselves. */
const UNUSUAL = /%(?:25|4[0-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])|@|eyj|crunch_/i;
/** JSON web tokens, our own tokens, and a password within a URL: under whatever key. */
const SECRET_VALUE = /eyJ[\w-]{12}|crunch_[0-9a-z]{20}|:\/\/[^:/?#@\s]*:[^/?#@\s]*@/i;
/** A query within a value: `redirect_uri=https%3A%2F%2Fa.example%2F%3Fcode%3D…`. */
const INNER_KEY = /[?&;#]([^=;?&#]{0,100})=/g;

/** Takes the secrets out of a target. */
export type Redactor = (target: string) => string;

/**
 * What replaces the values of secret query keys by `***`: keys in any case, percent-encoded, with the secret word as a
 * part of them; and of parameters in the path (`;jsessionid=`), and a password before the host. Everything else stays
 * byte for byte.
 * @param words further ones that make a key secret, wherever in it they stand
 */
export function redactor(words: readonly string[] = []): Redactor {
  const own = words.map(squeezed).filter((word) => word !== "");
  const anywhere = new RegExp([...ANYWHERE, ...own].join("|"));
  const isSecret = (key: string): boolean => {
    const text = decode(key);
    return anywhere.test(squeezed(text)) || wordsOf(text).some((word) => WORDS.has(word));
  };
  return (target) => {
    const start = target.indexOf("?");
    const path = start < 0 ? target : target.slice(0, start);
    const shownPath = /[;@]/.test(path) ? redactPath(path, isSecret) : path;
    if (start < 0) return shownPath;
    const query = target.slice(start);
    const isPlain = own.length === 0 && !TRIGGER.test(query) && !UNUSUAL.test(query);
    const shown = isPlain
      ? query
      : query.split("&").map((part) => redactPart(part, isSecret)).join("&");
    return shownPath + shown;
  };
}

/** That with the words that are known to everybody. */
export const redactTarget: Redactor = redactor();

type IsSecret = (key: string) => boolean;

/** Semicolons and further question marks may begin a key, but never end a secret. */
function redactPart(part: string, isSecret: IsSecret): string {
  for (const found of part.matchAll(/((?:^|[?;])([^=;?]*)=)([^;?]*)/g)) {
    const [, begin = "", key = "", value = ""] = found;
    if (!isSecret(key) && !holdsSecret(value, isSecret)) continue;
    return part.slice(0, found.index + begin.length) + "***";
  }
  return part;
}

/** Whether a value is a secret by its looks, or a query that has one. */
function holdsSecret(value: string, isSecret: IsSecret): boolean {
  const text = decode(value);
  if (SECRET_VALUE.test(text)) return true;
  if (!/%(?:3d|253d)/i.test(value)) return false;
  const inner = text.includes("%") ? decode(text) : text;
  return [...inner.matchAll(INNER_KEY)].some(([, key = ""]) => isSecret(key));
}

function redactPath(path: string, isSecret: IsSecret): string {
  return path
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1***@")
    .replace(/;([^=;/]*)=([^;/]*)/g, (found, key) => isSecret(key) ? `;${key}=***` : found);
}

/** Percent signs that encode nothing stay, so that no spelling gets by with an error. */
function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  return text.replaceAll("+", " ")
    .replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

/** Its letters and digits, small. */
function squeezed(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

/** `SAMLArt`, `keyId`, `api_key2` → saml, art; key, id; api, key. */
function wordsOf(text: string): string[] {
  return text.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
}
