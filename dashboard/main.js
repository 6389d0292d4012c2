/** Begins: finds out who is signed in, and puts the page together. @module */
// @ts-check

import { html, render } from "htm/preact";
import { App } from "./app.js";
import { startKeys } from "./keys.js";
import { startRoutes } from "./route.js";
import { findSession } from "./session.js";
import { applyTheme } from "./theme.js";

applyTheme();
startRoutes();
startKeys();
const app = /** @type {HTMLElement} */ (document.getElementById("app"));
// What stands there until now is only to be seen at once; it looks like what takes its place.
app.replaceChildren();
render(html`<${App} />`, app);
findSession();
