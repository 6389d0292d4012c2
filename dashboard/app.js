/** The frame around every page: the rail, the bar above, and which page belongs to the address. @module */
// @ts-check

import { computed } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { timeOf } from "./format.js";
import { helpOpen } from "./keys.js";
import { heard, line, startLive } from "./live.js";
import { Help } from "./parts/help.js";
import { Icon } from "./parts/icon.js";
import { Questions } from "./parts/dialog.js";
import { Later } from "./parts/later.js";
import { Loading } from "./parts/states.js";
import { attempt, Toasts } from "./parts/toast.js";
import { useResource } from "./resource.js";
import { href, segments } from "./route.js";
import { me, seesAll, signOut, trouble } from "./session.js";
import { SignIn } from "./sign_in.js";
import { theme, turnTheme } from "./theme.js";

/** @import { StatusView } from "../relay/api/mod.ts" */
/** @import { IconName } from "./parts/icon.js" */

/**
 * A page: its place in the rail, and the module that shows it.
 * @typedef {{ at: string, title: string, icon: IconName, load: () => Promise<any> }} Page
 */

/** @type {readonly Page[]} */
const PAGES = [
  { at: "", title: "Overview", icon: "overview", load: () => import("./pages/overview.js") },
  { at: "log", title: "Log", icon: "log", load: () => import("./pages/log.js") },
  { at: "agents", title: "Agents", icon: "agents", load: () => import("./pages/agents.js") },
  { at: "names", title: "Names", icon: "names", load: () => import("./pages/names.js") },
  {
    at: "accounts",
    title: "Accounts",
    icon: "accounts",
    load: () => import("./pages/accounts.js"),
  },
  { at: "usage", title: "Usage", icon: "usage", load: () => import("./pages/usage.js") },
  { at: "audit", title: "Audit", icon: "audit", load: () => import("./pages/audit.js") },
  {
    at: "settings",
    title: "Settings",
    icon: "settings",
    load: () => import("./pages/settings.js"),
  },
];
/** So many have a place in a phone's bar; the others are in its menu, a popover there and nowhere else. */
const FIRST = 4;
const shown = computed(() => PAGES.find(({ at }) => at === (segments.value[0] ?? "")));

/** Everything. */
export function App() {
  if (me.value === undefined) {
    return html`<div class="waiting"><p class="mark">crunch</p>${
      trouble.value === ""
        ? html`<${Loading} rows=${3} />`
        : html`<p role="alert">${trouble.value}. Trying again …</p>`
    }</div>`;
  }
  return html`${
    me.value === null ? html`<${SignIn} />` : html`<${Frame} key=${me.value.name} />`
  }<${Questions} /><${Toasts} />`;
}

/** What is there on every page after the sign-in. */
function Frame() {
  useEffect(() => startLive(me.peek()?.name ?? ""), []);
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const title = titleOf(shown.value);
  useEffect(() => {
    document.title = `${title} – crunch`;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [title]);
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => {
      event.preventDefault();
      main.current?.focus();
    }}>Skip to the content</a>
    <${Rail} />
    <div class="column">
      <${Bar} title=${title} />
      <${LostLine} />
      <${LogTrouble} />
      <main id="main" tabindex="-1" ref=${main}>
        ${shown.value === undefined
          ? html`
            <div class="empty">
              <p class="empty-title">There is no such page</p>
              <p><a href=${href()}>To the overview</a></p>
            </div>
          `
          : html`<${Later} key=${shown.value.at} load=${shown.value.load} />`}
      </main>
    </div>
    ${helpOpen.value && html`<${Help} />`}
  `;
}

function Rail() {
  const isFurther = PAGES.some((one, at) => at >= FIRST && one === shown.value);
  const leave = (/** @type {{ currentTarget: HTMLElement }} */ { currentTarget }) =>
    currentTarget.hidePopover();
  return html`
    <nav class="rail" aria-label="Pages">
      <a class="mark" href=${href()}
        aria-label="crunch: overview"><svg viewBox="0 0 16 16" aria-hidden="true"><path
          d="M8 1a7 7 0 1 0 7 7 2.4 2.4 0 0 1-3-2.3A2.4 2.4 0 0 1 9.3 3 2.4 2.4 0 0 1 8 1z" /></svg><span>crunch</span></a>
      <ul>${PAGES.slice(0, FIRST).map(Entry)}</ul>
      <button type="button" class=${isFurther ? "more here" : "more"} popovertarget="further">
        <${Icon} name="more" /><span>More</span></button>
      <ul id="further" popover="auto" onClick=${leave}>${PAGES.slice(FIRST).map(Entry)}</ul>
    </nav>
  `;
}

/** A member has one account to look at: its own. @param {string} at */
function isOwn(at) {
  return at === "accounts" && !seesAll.value;
}

/** @param {Page | undefined} page */
function titleOf(page) {
  if (page === undefined) return "Not found";
  return isOwn(page.at) ? "Account" : page.title;
}

/** @param {Page} page */
function Entry(page) {
  const { at, icon } = page;
  const address = isOwn(at) ? href(at, me.value?.name ?? "") : at === "" ? href() : href(at);
  return html`<li key=${at}><a href=${address} aria-current=${
    shown.value?.at === at ? "page" : null
  }>
    <${Icon} name=${icon} /><span>${titleOf(page)}</span></a></li>`;
}

/** @param {{ title: string }} props */
function Bar({ title }) {
  const name = me.value?.name ?? "";
  const themes = { system: "As the system has it", light: "Light", dark: "Dark" };
  const themeIcons = /** @type {const} */ ({ system: "system", light: "sun", dark: "moon" });
  return html`
    <header class="bar">
      <h1>${title}</h1>
      <${LiveDot} />
      <span class="grow" />
      <button type="button" class="quiet" title="Keys (?)" onClick=${() => helpOpen.value = true}>
          <kbd>?</kbd><span class="unseen">Keys</span></button>
      <button type="button" class="quiet square" title=${`Colours: ${
        themes[theme.value]
      }`} onClick=${turnTheme}>
          <${Icon} name=${themeIcons[theme.value]} /><span class="unseen">Colours: ${themes[
            theme.value
          ]}</span></button>
      <a class="who" href=${href(
        "accounts",
        name,
      )} title=${`Signed in as ${name} (${me.value?.role})`}>${name}</a>
      <button type="button" class="quiet square" title="Sign out" onClick=${() => attempt(signOut)}>
          <${Icon} name="out" /><span class="unseen">Sign out</span></button>
    </header>
  `;
}

/** Whether what is shown is now. */
function LiveDot() {
  const texts = {
    connecting: "connecting",
    live: "live",
    lost: "not connected",
    crowded: "paused",
  };
  return html`<span class=${`dot ${line.value}`} role="status">${texts[line.value]}</span>`;
}

/** A full disk, mostly: wherever the reader is. */
function LogTrouble() {
  /** @type {{ data?: StatusView | undefined }} */
  const { data } = useResource(seesAll.value ? "/status" : null, { every: 10_000 });
  const trouble = data?.log?.trouble;
  if (!trouble) return null;
  return html`<p class="failure trouble" role="alert"><${Icon} name="warning" />
    <span><b>The log cannot be written: ${trouble}.</b> Visitors are served all the same, and usage is counted.</span></p>`;
}

/** Quiet, and over the page rather than in it: nothing jumps. */
function LostLine() {
  if (line.value === "crowded") {
    return html`<p class="lost" role="status">Your account is watched in more places than there is room for: this
      window has given up its place, and tries again in half a minute. Reload to have it now.</p>`;
  }
  if (line.value !== "lost") return null;
  return html`
    <p class="lost"
      role="alert">The relay does not answer${heard.value > 0
        ? html`; what you see is from <b>${timeOf(heard.value)}</b>`
        : ""}. It goes on by itself as soon as the relay is there.</p>
  `;
}
