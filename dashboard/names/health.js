/** Whether a name works: what came of asking its agent, on request. @module */
// @ts-check

import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { ApiError, get } from "../api.js";
import { duration } from "../format.js";
import { Badge } from "../parts/status.js";
import { Time } from "../parts/time.js";

/** @typedef {{ ok: boolean, status: number, ms: number, checked: string, detail: string }} Health */

/** The relay asks no more than a few at once. */
const TOGETHER = 4;
const TRIES = 4;

/** @typedef {{ health?: Health, error?: Error, isAsking?: boolean }} Known */

/** By name; while it is asked again, what was known stays. @type {import("@preact/signals").Signal<ReadonlyMap<string, Known>>} */
const known = signal(new Map());

/** @param {string} name @param {Known} what */
function learn(name, what) {
  known.value = new Map([...known.value, [name, what]]);
}

/** @param {string} name */
async function check(name) {
  const before = known.value.get(name);
  if (before?.isAsking) return;
  learn(name, { ...before, isAsking: true });
  for (let tries = 1;; tries++) {
    try {
      return learn(name, { health: await get(`/names/${encodeURIComponent(name)}/health`) });
    } catch (error) {
      const isBusy = error instanceof ApiError && error.status === 429 && tries < TRIES;
      if (!isBusy) return learn(name, { error: /** @type {Error} */ (error) });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/** Checks the names whose rows can be seen: those that `data-health` tells. */
export async function checkInView() {
  const names = [...document.querySelectorAll("[data-health]")].filter((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }).map((element) => element.getAttribute("data-health") ?? "");
  const next = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) await check(name);
  };
  await Promise.all(Array.from({ length: TOGETHER }, next));
}

/** @param {{ name: string, atOnce?: boolean }} props `atOnce` asks when it is shown, and says all of it */
export function HealthOf({ name, atOnce = false }) {
  useEffect(() => void (atOnce && check(name)), []);
  const now = known.value.get(name) ?? {};
  if (!atOnce) return html`<${Short} ...${now} />`;
  return html`
    <div class="health" role="status">
      <p><${Short} ...${now} /></p>
      <button type="button" disabled=${now.isAsking} onClick=${() =>
        check(name)}>Check again</button>
      ${now.health && html`<p class="soft">${now.health.detail}</p>`}
    </div>
  `;
}

/** @param {Known} props */
function Short({ health, error, isAsking }) {
  if (error) return html`<span class="wrong">${error.message}</span>`;
  if (!health) return isAsking ? html`<span class="soft">asking …</span>` : null;
  const { ok, status, ms, checked, detail } = health;
  const kind = !ok ? "bad" : status < 400 ? "good" : "warn";
  const took = ms > 0 ? ` · ${duration(ms)}` : "";
  return html`
    <span class="whole"
      title=${detail}><${Badge} kind=${kind}>${ok ? "works" : "down"}</${Badge}> ${status}${took}
      <span class="soft small"> · <${Time} value=${checked} /></span></span>
  `;
}
