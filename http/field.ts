/** The field names this program acts on, each with a small number, so that a parser compares a name once. @module */

/** Names by number. Order is free; 0 means "a name we do not act on". */
const NAMES = [
  "",
  "accept",
  "accept-encoding",
  "access-control-allow-origin",
  "access-control-request-headers",
  "access-control-request-method",
  "alt-svc",
  "authorization",
  "cache-control",
  "clear-site-data",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-security-policy",
  "content-type",
  "cookie",
  "date",
  "etag",
  "expect",
  "forwarded",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "keep-alive",
  "last-event-id",
  "last-modified",
  "location",
  "max-forwards",
  "nel",
  "origin",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "referer",
  "report-to",
  "reporting-endpoints",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "service-worker",
  "service-worker-allowed",
  "set-cookie",
  "strict-transport-security",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "upgrade-insecure-requests",
  "user-agent",
  "vary",
  "via",
  "www-authenticate",
  "x-accel-redirect",
  "x-content-type-options",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-proto",
  "x-lighttpd-send-file",
  "x-litespeed-location",
  "x-real-ip",
  "x-reproxy-file",
  "x-reproxy-url",
  "x-request-id",
  "x-sendfile",
  "x-sendfile-temporary",
  "x-sendfile2",
] as const;

type KnownName = Exclude<(typeof NAMES)[number], "">;

/** `Field["content-length"]`: the number of a field name. */
export const Field: { readonly [name in KnownName]: number } = Object.fromEntries(
  NAMES.map((name, number) => [name, number]).slice(1),
) as { [name in KnownName]: number };

/** Number 0: a name that nothing here acts on. */
export const OTHER_FIELD = 0;

// A perfect-enough hash: length and three letters pick a bucket, the bucket's names are compared in full.
const BUCKETS = 1024;
const buckets: Array<readonly number[] | undefined> = new Array(BUCKETS).fill(undefined);
const lower: Uint8Array[] = NAMES.map((name) => new TextEncoder().encode(name));

function bucketOf(first: number, middle: number, last: number, length: number): number {
  return ((first | 32) * 7 + (middle | 32) * 31 + (last | 32) * 131 + length * 17) & (BUCKETS - 1);
}

for (let number = 1; number < NAMES.length; number++) {
  const name = lower[number]!;
  const bucket = bucketOf(name[0]!, name[name.length >> 1]!, name[name.length - 1]!, name.length);
  buckets[bucket] = [...(buckets[bucket] ?? []), number];
}

/** The number of the name in `bytes[start, end)`, in any case; 0 for one that is not in the table. */
export function fieldNumber(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return OTHER_FIELD;
  const bucket = buckets[
    bucketOf(bytes[start]!, bytes[start + (length >> 1)]!, bytes[end - 1]!, length)
  ];
  if (bucket === undefined) return OTHER_FIELD;
  for (let i = 0; i < bucket.length; i++) {
    const number = bucket[i]!;
    const name = lower[number]!;
    if (name.length !== length) continue;
    let at = 0;
    while (at < length) {
      const byte = bytes[start + at]!;
      const folded = byte >= 65 && byte <= 90 ? byte | 32 : byte;
      if (folded !== name[at]) break;
      at++;
    }
    if (at === length) return number;
  }
  return OTHER_FIELD;
}
