/** A part whose module is fetched when it is first shown. @module */
// @ts-check

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Failure, Loading } from "./states.js";

/** The module's default export is shown. @param {{ load: () => Promise<{ default: any }> }} props */
export function Later({ load }) {
  const found = useSignal(/** @type {{ view: any } | null} */ (null));
  const error = useSignal(/** @type {Error | null} */ (null));
  useEffect(() => {
    load().then(
      (module) => found.value = { view: module.default },
      (problem) => error.value = problem,
    );
  }, []);
  // A module that could not be fetched stays so for this document.
  if (error.value) {
    return html`<${Failure} error=${error.value} retry=${() => location.reload()} />`;
  }
  return found.value ? html`<${found.value.view} />` : html`<${Loading} />`;
}
