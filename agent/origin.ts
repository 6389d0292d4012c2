/** What answers the requests below a mount: the door to every kind of origin. @module */

import type { Exchange } from "../http/mod.ts";

/** Something that answers the requests below a mount. */
export interface Origin extends Disposable {
  /**
   * Answers one exchange. `path` is the part of the target below the mount: as it came (percent-encoded), with its
   * leading slash, without the query. `base` is the public path in front of it (`/alice`, or ""), for
   * redirects and pages. Never throws.
   */
  handle(exchange: Exchange, path: string, base: string): void;
}
