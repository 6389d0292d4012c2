/** Which methods an address takes, for 405. @module */

/** A route as Hono lists it. */
interface Route {
  readonly method: string;
  /** `/api/v1/accounts/:name` */
  readonly path: string;
}

/** Answers for all routes of an application. */
export class AllowedMethods {
  readonly #routes: ReadonlyArray<{ readonly method: string; readonly pattern: RegExp }>;

  constructor(routes: readonly Route[]) {
    this.#routes = routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+")}$`),
    }));
  }

  /** `GET, HEAD, POST`; empty where there is nothing at all. */
  of(path: string): string {
    const methods = new Set<string>();
    for (const { method, pattern } of this.#routes) {
      if (!pattern.test(path)) continue;
      methods.add(method);
      if (method === "GET") methods.add("HEAD");
    }
    return [...methods].join(", ");
  }
}
