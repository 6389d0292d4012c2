/** A name looked at: its addresses, health, owner, what it publishes, and what takes it from its owner. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { confirm } from "../parts/dialog.js";
import { Drawer, Facts } from "../parts/drawer.js";
import { Latest } from "../parts/latest.js";
import { HowToPublish } from "../parts/publish.js";
import { Failure, Loading } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { attempt, say } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { go, href, hrefWith, query } from "../route.js";
import { isAdmin, isWriter } from "../session.js";
import { Addresses, ToAccount } from "./dialogs.js";
import { HealthOf } from "./health.js";

/** @import { DroppedFieldView, ListView, NameView, TunnelView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

/** Where a name's details are, or the list; what is searched for stays. @param {string[]} name */
export function place(...name) {
  return hrefWith(["names", ...name], Object.fromEntries(query.value));
}

/** @param {{ online: boolean }} name */
export function State({ online }) {
  return html`<${Badge} kind=${online ? "good" : "off"}>${
    online ? "online" : "offline"
  }</${Badge}>`;
}

/** @param {{ name: string, tunnel: TunnelView | undefined }} props */
export function Details({ name, tunnel }) {
  /** @type {Resource<NameView>} */
  const found = useResource(`/names/${encodeURIComponent(name)}`, { on: ["name", "agent"] });
  const { data, error, reload } = found;
  return html`
    <${Drawer} title=${name} label=${`Name ${name}`} onclose=${() => go(place())}>
      <div class="stack">
        ${error && html`<${Failure} error=${error} retry=${reload} />`}
        ${data
          ? html`<${About} found=${found} data=${data} tunnel=${tunnel} />`
          : !error && html`<${Loading} />`}
      </div>
      </${Drawer}>
  `;
}

/** Fields that its agent sends in vain, as they would act on other names too. @param {{ name: string }} props */
function DroppedFields({ name }) {
  /** @type {Resource<ListView<DroppedFieldView>>} */
  const { data } = useResource(`/names/${encodeURIComponent(name)}/dropped-fields`);
  if (!data || data.items.length === 0) return null;
  return html`
    <div>
      <h3>Not passed on</h3>
      <p
        class="soft">Fields of its answers that would act on the whole host, or are not known, stop at the relay on
        the path address. Name your own <code>X-…</code>, or use the subdomain.</p>
      <ul>${data.items.map(({ field, count }) =>
        html`
          <li key=${field}><code>${field}</code> ${count} ×</li>
        `
      )}</ul>
    </div>
  `;
}

/** @param {{ found: Resource<NameView>, data: NameView, tunnel: TunnelView | undefined }} props */
function About({ found, data, tunnel }) {
  const { name, account, own, created, online, urls } = data;
  // What is given away is what was seen when the question was asked.
  const seen = useSignal(/** @type {string | null} */ (null));
  return html`
    <div class="row"><${State} online=${online} /><span class="grow" />
      ${isAdmin.value && !own &&
        html`<button type="button" onClick=${() => seen.value = found.tag}>Transfer</button>`}
      ${isWriter.value && !own &&
        html`<button type="button" class="danger" onClick=${() =>
          release(name, found)}>Release</button>`}</div>
    <${HealthOf} key=${online} name=${name} atOnce />
    <${Addresses} name=${name} urls=${urls} />
    ${!online && html`<${HowToPublish} published=${{ name, account, own }} />`}
    <${Facts} facts=${/** @type {[string, any][]} */ ([
      ["Owner", html`<a href=${href("accounts", account)}>${account}</a>`],
      ["Kind", own ? "own: the account is called so, and keeps it" : "further"],
      ["Since", html`<${Time} value=${created} />`],
      ...tunnel
        ? [
          [
            "Agent",
            html`<a href=${href("agents", tunnel.agent)}><code>${
              tunnel.agent.slice(0, 8)
            }</code></a>`,
          ],
          ["Published", html`<${Time} value=${tunnel.since} />`],
          [
            "Origin",
            tunnel.mounts.length === 0 ? "the agent does not tell" : html`
              <ul>${tunnel.mounts.map(({ path, kind }) =>
                html`
                  <li key=${path}><code>${path}</code> ${kind}</li>
                `
              )}</ul>
            `,
          ],
        ]
        : [],
      ["Usage", html`<a href=${hrefWith(["usage"], { name })}>Requests and bytes over time</a>`],
    ])} />
    <${DroppedFields} name=${name} />
    <${Latest} filter=${`name:${name}`} />
    ${seen.value !== null && html`
      <${ToAccount} title=${`Transfer ${name}?`} action="Transfer" onclose=${() =>
        seen.value = null}
        text=${`It is ${account}'s. Agents of that account that publish it are sent away, and its visitors get what the new owner publishes.`}
        send=${async (/** @type {Record<string, string>} */ { account }) => {
          await found.change({ account }, { tag: seen.value });
          say({ text: `${name} is ${account}'s now` });
        }} />
    `}
  `;
}

/** @param {string} name @param {Resource<NameView>} found */
async function release(name, { tag, change }) {
  const isSure = await confirm({
    title: `Release ${name}?`,
    text:
      "Whatever is published there is not found any more, and whoever comes first can have the name.",
    action: "Release",
    name,
  });
  if (!isSure) return;
  const done = `${name} is released`;
  if (await attempt(() => change(undefined, { method: "DELETE", tag }), { done })) go(place());
}
