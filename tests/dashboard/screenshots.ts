/** `deno task screenshots`: draws the pages for docs/screenshots, of a relay with a believable day behind it. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { Dashboard } from "../support/dashboard.ts";
import { pause } from "../support/deadline.ts";
import { randomFrom } from "../support/random.ts";

const FOLDER = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const SITE = fileURLToPath(new URL("../../examples/site/", import.meta.url));

/** Who publishes, how busy that is, and by which agent. */
const TENANTS = [
  { account: "mara", names: ["mara", "mara-photos"], share: 1 },
  { account: "jonas", names: ["jonas"], share: 0.35 },
  { account: "orchard-docs", names: ["orchard-docs"], share: 0.6 },
] as const;
const VISITORS = ["203.0.113.7", "203.0.113.21", "198.51.100.4", "198.51.100.88", "192.0.2.60"];
const PATHS = [
  "/",
  "/style.css",
  "/story.html",
  "/visit.html",
  "/archive/",
  "/archive/minutes-1962.txt",
  "/quillet-leaflet.pdf",
  "/wp-login.php",
  "/fonts/besley.woff2",
  "/search?q=pears&page=2",
];

/** Rows of usage as if the relay had run for weeks. */
function inventPast(data: string, random: () => number): void {
  using db = new DatabaseSync(`${data}/log.db`);
  db.exec("PRAGMA busy_timeout = 5000");
  const columns = db.prepare("PRAGMA table_info(usage_minute)").all().map(({ name }) =>
    String(name)
  );
  const now = Date.now();
  const invent = (
    table: string,
    { step, span, base }: Record<"step" | "span" | "base", number>,
  ) => {
    const insert = db.prepare(
      `INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${
        columns.map(() => "?").join(", ")
      })`,
    );
    for (let start = Math.floor((now - span) / step) * step; start < now - step; start += step) {
      const wave = 1 + 0.6 * Math.sin(start / 86_400_000 * 2 * Math.PI) +
        0.25 * Math.sin(start / 400_000);
      for (const { account, share } of TENANTS) {
        const requests = Math.round(base * share * wave * (0.6 + 0.8 * random()));
        const failed = random() < 0.04 ? Math.round(requests * 0.08) : 0;
        const missed = Math.round(requests * 0.05 * random());
        const moved = Math.round(requests * 0.12);
        const quick = Math.round(requests * 0.6);
        const slow = Math.round(requests * 0.06);
        const row: Record<string, number | string> = {
          ...{ start, account, name: account, requests },
          ...{ bytes_in: requests * 420, bytes_out: requests * 18_500 },
          ...{ s5: failed, s4: missed, s3: moved, s2: requests - failed - missed - moved },
          ...{ h2: quick, h7: slow, h4: requests - quick - slow },
        };
        insert.run(...columns.map((name) => row[name] ?? 0));
      }
    }
  };
  db.exec("BEGIN");
  invent("usage_second", { step: 1_000, span: 900_000, base: 9 });
  invent("usage_minute", { step: 60_000, span: 86_400_000, base: 420 });
  invent("usage_hour", { step: 3_600_000, span: 90 * 86_400_000, base: 22_000 });
  db.exec("COMMIT");
}

class Visitors {
  readonly #origin: string;
  readonly #random: () => number;
  #running = true;

  constructor(origin: string, random: () => number) {
    this.#origin = origin;
    this.#random = random;
  }

  async visit(): Promise<void> {
    const one = <T>(list: readonly T[]): T =>
      list[Math.floor(this.#random() ** 1.6 * list.length)]!;
    const { names } = one(TENANTS);
    const name = this.#random() < 0.03 ? "nobody" : one(names);
    const response = await fetch(`${this.#origin}/${name}${one(PATHS)}`, {
      method: this.#random() < 0.06 ? "HEAD" : "GET",
      redirect: "manual",
      headers: { "x-forwarded-for": one(VISITORS) },
    });
    await response.body?.cancel();
  }

  async keepComing(): Promise<void> {
    while (this.#running) {
      await Promise.all(Array.from({ length: 3 }, () => this.visit()));
      await pause(250);
    }
  }

  leave(): void {
    this.#running = false;
  }
}

async function furnish(dashboard: Dashboard): Promise<void> {
  for (const { account, names } of TENANTS) {
    const token = await dashboard.account(account);
    for (const name of names.slice(1)) await dashboard.api("POST", "/names", { name, account });
    for (const name of names) {
      await dashboard.household.agent(
        ["--relay", dashboard.relay.tunnel, "--name", name, "--dir", SITE],
        { env: { CRUNCH_TOKEN: token } },
      );
    }
  }
  await dashboard.account("lena", "viewer");
  await dashboard.account("old-server");
  await dashboard.api("PATCH", "/accounts/old-server", { disabled: true });
  await dashboard.api("POST", "/names", { name: "recipes", account: "jonas" });
}

async function draw(dashboard: Dashboard): Promise<void> {
  const { body } = await dashboard.api("GET", "/requests?filter=path:*/archive/*&limit=1");
  const agents = await dashboard.api("GET", "/agents");
  const wide: Array<[string, string]> = [
    ["overview", ""],
    ["log", "/log"],
    ["log-details", `/log?open=${encodeURIComponent(body.items[0].id)}`],
    ["agents", "/agents"],
    ["agent", `/agents/${agents.body.items[0].id}`],
    ["names", "/names"],
    ["accounts", "/accounts"],
    ["account", "/accounts/mara"],
    ["usage", "/usage"],
    ["audit", "/audit"],
    ["settings", "/settings"],
  ];
  const narrow = wide.filter(([name]) => ["overview", "log", "names"].includes(name));
  for (const colorScheme of ["light", "dark"] as const) {
    const shapes = [
      { suffix: "", width: 1440, height: 900, places: wide },
      { suffix: "-phone", width: 360, height: 740, places: narrow },
    ];
    for (const { suffix, width, height, places } of shapes) {
      const page = await dashboard.window({ width, height, colorScheme });
      const shoot = async (name: string): Promise<void> => {
        const path = `${FOLDER}${name}${suffix}-${colorScheme}.png`;
        await page.screenshot({ path });
        console.log(path.slice(FOLDER.length), Deno.statSync(path).size);
      };
      await page.goto(dashboard.at(""));
      await page.waitForSelector("form");
      if (suffix === "") await shoot("sign-in");
      await page.fill("input[name=name]", "admin");
      await page.fill("input[name=password]", "correct horse battery");
      await page.keyboard.press("Enter");
      await page.waitForSelector("nav.rail");
      for (const [name, place] of places) {
        await page.goto(dashboard.at(place));
        await page.waitForSelector("main > :not(.loading)");
        await pause(1_500);
        await shoot(name);
      }
      await page.context().close();
    }
  }
}

async function drawWelcome(): Promise<void> {
  await using dashboard = await Dashboard.open();
  assert.ok(dashboard, "there is no Chromium here");
  const page = await dashboard.signedIn("", { height: 700 });
  await pause(1_000);
  await page.screenshot({ path: `${FOLDER}welcome-light.png` });
}

if (import.meta.main) {
  Deno.mkdirSync(FOLDER, { recursive: true });
  const random = randomFrom(7);
  await using dashboard = await Dashboard.open(["--trusted-proxy", "127.0.0.1/32"]);
  assert.ok(dashboard, "there is no Chromium here");
  await furnish(dashboard);
  const visitors = new Visitors(dashboard.origin, random);
  for (let i = 0; i < 150; i++) await visitors.visit();
  await pause(1_500);
  inventPast(dashboard.household.data, random);
  const coming = visitors.keepComing();
  try {
    await draw(dashboard);
    await drawWelcome();
  } finally {
    visitors.leave();
    await coming;
  }
}
