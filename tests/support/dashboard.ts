/** A relay, its dashboard in a real browser, and somebody who is signed in to it. @module */

import assert from "node:assert/strict";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { openBrowser } from "./browser.ts";
import { Household, type RelayProcessOptions, type RunningRelay } from "./crunch.ts";
import { DEADLINE } from "./deadline.ts";

/** Of the first administrator, and of accounts that `account` makes. */
export const PASSWORD = "correct horse battery";

/** What a call of the API answered. */
export interface ApiAnswer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- whatever the API says
  readonly body: any;
}

/** A relay with a browser before it. Disposing it ends both, and fails if a page reported an error meanwhile. */
export class Dashboard implements AsyncDisposable {
  readonly household: Household;
  readonly relay: RunningRelay;
  readonly browser: Browser;
  /** Errors that pages threw, or that the browser wrote in its console; a test that provokes some takes them out. */
  readonly complaints: string[] = [];
  #cookie = "";

  private constructor(household: Household, relay: RunningRelay, browser: Browser) {
    this.household = household;
    this.relay = relay;
    this.browser = browser;
  }

  /** Starts relay and browser; undefined, having said so, where there is no browser. */
  static async open(
    args: readonly string[] = [],
    { prepare, ...options }: RelayProcessOptions & {
      /** Does something before the relay starts. */
      readonly prepare?: (household: Household) => void;
    } = {},
  ): Promise<Dashboard | undefined> {
    const browser = await openBrowser();
    if (browser === undefined) return undefined;
    const household = new Household();
    try {
      prepare?.(household);
      const env = { CRUNCH_ADMIN_PASSWORD: PASSWORD, ...options.env };
      const relay = await household.relay(args, { ...options, env });
      return new Dashboard(household, relay, browser);
    } catch (error) {
      await household[Symbol.asyncDispose]();
      await browser[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `http://127.0.0.1:…` */
  get origin(): string {
    return `http://${this.relay.admin}`;
  }

  /** The address of a place in the dashboard: `at("/log")`. */
  at(place: string): string {
    return `${this.origin}/admin${place}`;
  }

  /** Signs in, and returns the cookie's name and value. */
  async #signIn(name: string, password: string, agent?: string): Promise<[string, string]> {
    const response = await fetch(`${this.origin}/api/v1/sessions`, {
      method: "POST",
      headers: {
        origin: this.origin,
        "content-type": "application/json",
        ...(agent === undefined ? {} : { "user-agent": agent }),
      },
      body: JSON.stringify({ name, password }),
    });
    assert.equal(response.status, 204, await response.text());
    const [, key, value] = /^(.*?)=(.*?);/.exec(response.headers.getSetCookie()[0]!)!;
    return [key!, value!];
  }

  /** Calls the API as the first administrator. @param path below `/api/v1` */
  async api(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    if (this.#cookie === "") this.#cookie = (await this.#signIn("admin", PASSWORD)).join("=");
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: {
        origin: this.origin,
        cookie: this.#cookie,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  /** Makes an account, and returns a token of it with which agents sign in. */
  async account(name: string, role: "admin" | "member" | "viewer" = "member"): Promise<string> {
    const made = await this.api("POST", "/accounts", { name, role, password: PASSWORD });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const token = await this.api("POST", `/accounts/${name}/tokens`, { name: "test" });
    return token.body.token;
  }

  /** A new window of a browser that nobody is signed in with. */
  async window(
    { width = 1440, height = 900, ...options }: BrowserContextOptions & {
      readonly width?: number;
      readonly height?: number;
    } = {},
  ): Promise<Page> {
    const context: BrowserContext = await this.browser.newContext({
      viewport: { width, height },
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    page.on("pageerror", (error) => this.complaints.push(String(error.stack ?? error)));
    page.on("console", (message) => {
      // That nobody is signed in yet is found out by asking.
      const isKnown = /401 \(Unauthorized\)|status of 40[0-9]|status of 4[12][0-9]/.test(
        message.text(),
      );
      if (message.type() === "error" && !isKnown) this.complaints.push(message.text());
    });
    return page;
  }

  /**
   * A window in which somebody has a session of their own, at `place`. It begins without the form, which has its own
   * tests; `clock` lets a test turn the page's clock on (`page.clock`).
   */
  async signedIn(
    place = "",
    { name = "admin", password = PASSWORD, clock = false, ...options }:
      & Parameters<Dashboard["window"]>[0]
      & { readonly name?: string; readonly password?: string; readonly clock?: boolean } = {},
  ): Promise<Page> {
    const page = await this.window(options);
    const agent = await page.evaluate("navigator.userAgent") as string;
    const [key, value] = await this.#signIn(name, password, agent);
    await page.context().addCookies([{ name: key, value, url: this.origin, httpOnly: true }]);
    if (clock) await page.clock.install();
    await page.goto(this.at(place));
    await page.waitForSelector("nav.rail");
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.household[Symbol.asyncDispose]();
    assert.deepEqual(this.complaints, [], "pages complained");
  }
}
