/** `/openapi.json` and `/reference`: the API described by the very schemas that check it. @module */

import type { ApiContext } from "./context.ts";
import type { OpenApiDocument } from "./openapi_document.ts";
// Runs at the first reading.
import defer * as reference from "./reference.ts";
import type { ReferencePage } from "./reference.ts";
import type { ApiApp } from "./routing.ts";

/** Adds the description. */
export function describe(app: ApiApp, { software }: ApiContext): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "a token whose scope has full, or read for calls that change nothing",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "crunch",
    description: "set by POST /api/v1/sessions; over TLS it is called __Host-crunch",
  });
  let described: OpenApiDocument | undefined;
  const document = (): OpenApiDocument =>
    described ??= app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "crunch relay",
        version: software.replace(/^crunch\//, ""),
        description:
          "Accounts, names, agents and requests of a relay. Errors are RFC 9457 problems.",
      },
      security: [{ session: [] }, { token: [] }],
    }) as unknown as OpenApiDocument;
  app.get("/openapi.json", (c) => c.json(document()));
  let page: ReferencePage | undefined;
  app.get("/reference", (c) => {
    page ??= reference.renderReference(document());
    const { html, policy } = page;
    return c.html(html, 200, { "content-security-policy": policy });
  });
}
