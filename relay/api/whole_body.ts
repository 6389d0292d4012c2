/** Reads a call's body before anything of the call is judged: what a caller may is asked when it is known what is wanted. @module */

import { Problem } from "./problem.ts";

/** The longest body of a call, bytes. */
const MOST = 64 << 10;
/** For all of it, however it comes, ms. */
const DEADLINE = 10_000;

/**
 * The same request with all of its body.
 * @throws {Problem} 413 for a longer one, 408 where it takes too long.
 */
export async function withWholeBody(
  request: Request,
  { deadline = DEADLINE }: { readonly deadline?: number } = {},
): Promise<Request> {
  const { body, url, method, headers, signal } = request;
  if (body === null) return request;
  const reader = body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {}); // ends the read that waits
  }, deadline);
  const bytes = new Uint8Array(MOST);
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) {
        throw new Problem(408, "too-slow", `A body has to come within ${deadline / 1000} s`);
      }
      if (done) break;
      if (length + value.length > MOST) {
        reader.cancel().catch(() => {});
        throw new Problem(413, "too-large", `A body has at most ${MOST} bytes`);
      }
      bytes.set(value, length);
      length += value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  return new Request(url, { method, headers, signal, body: bytes.subarray(0, length) });
}
