/** What the log says where it has no rows to show. @module */
// @ts-check

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Empty, Failure } from "../parts/states.js";
import { useResource } from "../resource.js";
import { hrefWith } from "../route.js";

/** @import { ListView, NameView, StatusView } from "../../relay/api/mod.ts" */
/** @import { Tail } from "./tail.js" */

/** Where no request fits. @param {{ isAsked: boolean }} props */
export function Nothing({ isAsked }) {
  /** @type {{ data: StatusView | undefined }} */
  const { data: status } = useResource(isAsked ? null : "/status", { on: ["agent"] });
  /** @type {{ data: ListView<NameView> | undefined }} */
  const { data: names } = useResource(isAsked ? null : "/names", { on: ["agent", "name"] });
  if (isAsked) {
    return html`
      <${Empty} title="No request is like that">
        <a href=${hrefWith(["log"], {})}>Show all requests</a></${Empty}>
    `;
  }
  if (status?.log?.keeps === false) {
    return html`
      <${Empty} title="Requests are not kept">
        The setting <a href=${hrefWith(["settings"], {
          q: "log-",
        })}>log-keep</a> says so. Usage is counted all the same.</${Empty}>
    `;
  }
  const url = names?.items.find(({ online }) => online)?.urls[0];
  return html`
    <${Empty} title="No requests yet" command=${url ? `curl -i ${url}` : status?.agent_command}>
      ${url
        ? "Every visitor's request appears here as it ends. Make one:"
        : "Requests appear here as soon as there is something to visit. Connect an agent first:"}
    </${Empty}>
  `;
}

/** Goes on with a search that has found nothing so far. @param {{ tail: Tail }} props */
export function Searching({ tail }) {
  useEffect(() => void (tail.error || tail.more()));
  if (tail.error) return html`<${Failure} error=${tail.error} retry=${() => tail.more()} />`;
  return html`<p class="soft" role="status">Looking through older requests …</p>`;
}
