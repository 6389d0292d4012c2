/** Settings: what the relay runs with and what of it may change, and how this browser shows it. @module */
// @ts-check

import { html } from "htm/preact";
import { Choice } from "../parts/choice.js";
import { Facts } from "../parts/drawer.js";
import { Search, searched } from "../parts/search.js";
import { Empty, Loaded } from "../parts/states.js";
import { Time } from "../parts/time.js";
import { useResource } from "../resource.js";
import { seesAll } from "../session.js";
import { Setting } from "../settings/setting.js";
import { setTheme, theme } from "../theme.js";

/** @import { ListView, SettingView, StatusView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

const COLOURS = { system: "System", light: "Light", dark: "Dark" };

export default function Settings() {
  return html`
    <div class="stack settings">
      <div class="pair">
        <section class="card" aria-labelledby="browser">
          <h2 id="browser">This browser</h2>
          <${Facts} facts=${[[
            "Colours",
            html`<${Choice} label="Colours" chosen=${theme.value} choices=${COLOURS} onchoice=${setTheme} />`,
          ]]} />
        </section>
        <${About} />
      </div>
      ${seesAll.value && html`<${Relay} />`}
    </div>
  `;
}

function Relay() {
  /** @type {Resource<ListView<SettingView>>} */
  const settings = useResource("/settings", { on: ["setting"] });
  return html`
    <div class="tools">
      <${Search} label="Search settings" />
    </div>
    <${Loaded} ...${settings}>${(/** @type {ListView<SettingView>} */ { items }) => {
      const text = searched();
      const found = items.filter(({ key, help }) => `${key} ${help.toLowerCase()}`.includes(text));
      const groups = Map.groupBy(found, ({ group }) => group);
      if (found.length === 0) return html`<${Empty} title="No setting is like that" />`;
      return [...groups].map(([group, settingsOfIt]) =>
        html`
          <section class="card" key=${group} aria-label=${group}>
            <h2>${group}</h2>
            <ul>${settingsOfIt.map((setting) =>
              html`
                <${Setting} key=${setting.key} setting=${setting} tag=${settings.tag}
                  change=${settings.change} />
              `
            )}</ul>
          </section>
        `
      );
    }}</${Loaded}>
  `;
}

function About() {
  /** @type {Resource<StatusView>} */
  const status = useResource("/status");
  return html`
    <section class="card" aria-labelledby="about">
      <h2 id="about">About</h2>
      <${Loaded} ...${status} rows=${2}>${(
        /** @type {StatusView} */ { software, started, addresses },
      ) =>
        html`
          <${Facts} facts=${[
            ["Version", software.replace("/", " ")],
            ["Runs since", html`<${Time} value=${started} />`],
            ["Visitors", [...addresses?.http ?? [], ...addresses?.https ?? []].join(", ")],
            ["Agents", [...addresses?.tunnel ?? [], ...addresses?.tunnel_tls ?? []].join(", ")],
            [
              "API",
              html`<span class="links"><a href="/api/v1/reference">Reference</a>
          <a href="/api/v1/openapi.json">OpenAPI</a></span>`,
            ],
          ]} />
        `}</${Loaded}>
    </section>
  `;
}
