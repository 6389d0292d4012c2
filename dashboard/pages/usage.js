/** The page "usage". @module */
// @ts-check

import { html } from "htm/preact";
import { Empty } from "../parts/states.js";

export default function Page() {
  return html`<${Empty} title="Nothing here yet" />`;
}
