/** What a byte may be part of (RFC 9110 section 5.6, RFC 3986 section 2), one look-up for each. @module */

/** Of a token: a method, a field's name. */
export const TOKEN = 1;
/** Of a field's value; bytes over 127 may stand there, whatever they mean. */
export const VALUE = 2;
/** Of a request target: visible ASCII, and no fragment. */
export const TARGET = 4;

/** The bits above, by byte. */
export const classes: Uint8Array = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const char = String.fromCharCode(byte);
  if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) classes[byte]! |= TOKEN;
  if (byte === 9 || (byte >= 32 && byte !== 127)) classes[byte]! |= VALUE;
  if (byte > 32 && byte < 127 && char !== "#") classes[byte]! |= TARGET;
}
