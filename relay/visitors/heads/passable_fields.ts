/** Says which fields of an agent's answer pass on a path address: those that act on nothing but this answer. @module */

// Browsers let newer and newer fields act on a whole origin, which there is everybody's: a list of bad ones ages.

/** Of the answer itself, and of caches. */
const ANSWER = [
  ...["accept", "accept-encoding", "accept-patch", "accept-post", "accept-query", "accept-ranges"],
  ...["age", "allow", "cache-control", "cache-status", "cdn-cache-control", "content-digest"],
  ...["content-disposition", "content-encoding", "content-language", "content-length"],
  ...["content-location", "content-md5", "content-range", "content-type", "date", "deprecation"],
  ...["digest", "etag", "expires", "last-modified", "link", "location", "memento-datetime"],
  ...["mime-version", "pragma", "preference-applied", "priority", "proxy-status", "refresh"],
  ...["repr-digest", "retry-after", "server", "server-timing", "signature", "signature-input"],
  ...["sourcemap", "status", "sunset", "surrogate-control", "surrogate-key", "trailer", "vary"],
  ...["via", "want-content-digest", "want-repr-digest", "warning"],
];
/** Of the document that shows the answer, which has an origin of its own. */
const DOCUMENT = [
  ...["content-security-policy", "content-security-policy-report-only", "document-policy"],
  ...["cross-origin-embedder-policy", "cross-origin-embedder-policy-report-only"],
  ...["cross-origin-opener-policy", "cross-origin-opener-policy-report-only"],
  ...["cross-origin-resource-policy", "document-isolation-policy", "feature-policy"],
  ...["integrity-policy", "integrity-policy-report-only", "permissions-policy"],
  ...["permissions-policy-report-only", "referrer-policy", "timing-allow-origin"],
];
/** Changed on their way: see answer_head.ts. */
const CHANGED = ["authentication-info", "set-cookie", "www-authenticate"];
/** Of protocols above HTTP, which browsers leave to scripts. */
const OTHERS = [
  ...["correlation-id", "dav", "lock-token", "ms-author-via", "ratelimit", "request-id"],
  ...["total-count", "traceparent", "tracestate", "trace-id"],
];
const PREFIXES = [
  ...["access-control-", "docker-", "grpc-", "hx-", "mcp-", "odata-", "ratelimit-", "tus-"],
  ...["turbo-", "upload-"],
  // Nothing that begins so ever acted on an origin, and since RFC 6648 (2012) nothing new does.
  "x-",
];

const PASSABLE: ReadonlySet<string> = new Set([...ANSWER, ...DOCUMENT, ...CHANGED, ...OTHERS]);

/** @param name in lower case. */
export function isPassable(name: string): boolean {
  return PASSABLE.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}
