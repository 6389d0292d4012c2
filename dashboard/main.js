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
render(html`<${App} />`, document.body);
findSession();
