/** An account's names. @module */
// @ts-check

import { html } from "htm/preact";
import { ask, post, withQuery } from "../api.js";
import { confirm } from "../parts/dialog.js";
import { Field, useForm } from "../parts/field.js";
import { HowToPublish } from "../parts/publish.js";
import { Loaded } from "../parts/states.js";
import { Badge } from "../parts/status.js";
import { attempt, say } from "../parts/toast.js";
import { useResource } from "../resource.js";
import { href } from "../route.js";
import { isWriter } from "../session.js";

/** @import { ListView, NameView } from "../../relay/api/mod.ts" */
/** @import { Resource } from "../resource.js" */

/** @param {{ account: string }} props */
export function Names({ account }) {
  /** @type {Resource<ListView<NameView>>} */
  const names = useResource(withQuery("/names", { account, limit: 1000 }), {
    on: ["name", "agent"],
  });
  return html`
    <section class="card" aria-labelledby="names">
      <h2 id="names">Names</h2>
      <${Loaded} ...${names} rows=${2}>${(/** @type {ListView<NameView>} */ { items }) =>
        items.length === 0
          ? html`<p class="soft">None: it publishes nothing before it has one.</p>`
          : html`<ul class="things">${
            items.map(({ name, own, online }) =>
              html`
                <li key=${name}>
                  <a class="grow" href=${href("names", name)}><b>${name}</b></a>
                  ${own && html`<span class="soft small">its own</span>`}
                  <${Badge} kind=${online ? "good" : "off"}>${online
                    ? "online"
                    : "offline"}</${Badge}>
                  ${isWriter.value && !own && html`
                    <button type="button" aria-label=${`Release ${name}`} onClick=${() =>
                      release(name, account)}>Release</button>
                  `}
                </li>
              `
            )
          }</ul>`}</${Loaded}>
      ${isWriter.value && isOff(names.data?.items) &&
        html`<${HowToPublish} published=${
          names.data?.items.find(({ own }) => own) ??
            names.data?.items[0]
        } />`}
      ${isWriter.value && html`<${Add} account=${account} reload=${names.reload} />`}
    </section>
  `;
}

/** None of its names is published. @param {readonly NameView[] | undefined} names */
function isOff(names) {
  return names !== undefined && names.length > 0 && !names.some(({ online }) => online);
}

/** @param {{ account: string, reload: () => Promise<void> }} props */
function Add({ account, reload }) {
  const { onsubmit, busy, errors, general } = useForm(async ({ name }, form) => {
    const made = await post("/names", { name, account });
    form.reset();
    say({ text: `${made.name} is ${account}'s now` });
    await reload();
  });
  return html`
    <form class="with-buttons foot" onSubmit=${onsubmit}>
      <${Field} label="Further name" name="name" required maxlength="63" autocomplete="off"
        autocapitalize="none" spellcheck=${false} errors=${errors} />
      <button aria-disabled=${busy}>Add</button>
      ${general && html`<p class="wrong" role="alert">${general}</p>`}
    </form>
  `;
}

/**
 * @param {string} name
 * @param {string} account
 */
async function release(name, account) {
  const isSure = await confirm({
    title: `Release the name ${name}?`,
    text:
      "Agents that publish it go, its address leads nowhere, and whoever comes first can have it.",
    action: "Release",
    name,
  });
  const path = withQuery(`/names/${encodeURIComponent(name)}`, { account });
  if (isSure) await attempt(() => ask("DELETE", path), { done: `${name} is free` });
}
