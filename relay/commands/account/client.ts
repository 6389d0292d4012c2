/** The ways to the API for `crunch account`: a relay's control socket, a relay elsewhere, or the store itself. @module */

import { CommandFailure, printable } from "../../../cli/mod.ts";

/** Sends a request to the API, and gives its answer. */
export type Transport = (request: Request) => Promise<Response>;

/** A list's page as the API sends it. */
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Calls the API. */
export class ApiClient implements AsyncDisposable {
  readonly #origin: string;
  readonly #send: Transport;
  readonly #close: () => void | Promise<void>;

  constructor(
    origin: string,
    send: Transport,
    close: () => void | Promise<void> = () => {},
  ) {
    this.#origin = origin;
    this.#send = send;
    this.#close = close;
  }

  /**
   * One call; undefined for an answer without a body.
   * @param path below `/api/v1`, escaped
   * @throws {CommandFailure} for a refusal, with its reason
   */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const request = new Request(`${this.#origin}/api/v1${path}`, {
      method,
      redirect: "manual",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await this.#send(request);
    const text = await response.text();
    if (response.status === 204) return undefined as T;
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer as T;
    throw new CommandFailure(reason(response, { text, answer, origin: this.#origin }));
  }

  /** All pages of a list. @throws {CommandFailure} */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor = "";
    for (;;) {
      const page: Page<T> = await this.call("GET", `${path}?limit=1000${cursor}`);
      items.push(...page.items);
      if (page.next === null) return items;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reason(
  response: Response,
  { text, answer, origin }: {
    readonly text: string;
    readonly answer: unknown;
    readonly origin: string;
  },
): string {
  const detail = (answer as { readonly detail?: unknown } | null | undefined)?.detail;
  // On one line: what stands on lines of its own is ours, and there to be typed.
  if (typeof detail === "string" && detail !== "") return printable(detail.replace(/\s+/g, " "));
  const location = response.headers.get("location");
  if (location !== null && URL.canParse(location, origin)) {
    return `${origin} sends us on; type: --relay ${new URL(location, origin).origin}`;
  }
  // Our words and those of other servers on a TLS port name it.
  if (response.status === 400 && origin.startsWith("http:") && /\bHTTPS\b/.test(text)) {
    const secure = origin.replace("http:", "https:");
    return `${new URL(origin).host} speaks TLS only; type: --relay ${secure}`;
  }
  return `${origin} does not answer like a crunch relay (status ${response.status}): ` +
    "--relay takes the address of its dashboard";
}
