/** A line of curl for each operation of the API, with values that its schemas suggest. @module */

import type { OpenApiDocument, Operation, Parameter, Schema } from "./openapi_document.ts";

/** Longer lines are broken. */
const WIDTH = 84;

/** What to type to try an operation. */
export function curlExample(
  document: OpenApiDocument,
  path: string,
  { method, operation }: { readonly method: string; readonly operation: Operation },
): string {
  const parts = ["curl"];
  const isOpen = operation.security?.length === 0;
  const types = Object.values(operation.responses).flatMap(({ content = {} }) =>
    Object.keys(content)
  );
  if (types.includes("text/event-stream")) parts.push("-N");
  if (method !== "GET" && !(method === "POST" && operation.requestBody)) parts.push(`-X ${method}`);
  if (!isOpen) parts.push('-H "Authorization: Bearer $CRUNCH_TOKEN"');
  const body = operation.requestBody?.content["application/json"]?.schema;
  const lines = [];
  if (body !== undefined) {
    lines.push('-H "Content-Type: application/json"');
    lines.push(`-d '${JSON.stringify(exampleOf(document, body))}'`);
  }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => placeholder(name));
  const query = (operation.parameters ?? []).filter((one) => one.in === "query" && one.required)
    .map((one) => `${one.name}=${queryValue(document, one)}`).join("&");
  lines.push(`"$RELAY${filled}${query === "" ? "" : `?${query}`}"`);
  const line = [...parts, ...lines].join(" ");
  return line.length <= WIDTH ? line : [parts.join(" "), ...lines].join(" \\\n  ");
}

function placeholder(name: string): string {
  return name === "name" ? "alice" : name.toUpperCase();
}

function queryValue(document: OpenApiDocument, { schema = {} }: Parameter): string {
  return encodeURIComponent(String(exampleOf(document, schema)));
}

/** The schema that a reference stands for. */
export function resolve(document: OpenApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : document.components.schemas?.[name] ?? {};
}

/** A value by a schema; of an object the fields that must be there, or else the first. */
function exampleOf(document: OpenApiDocument, given: Schema): unknown {
  const schema = resolve(document, given);
  const said = schema.example ?? schema.examples?.[0] ?? schema.const ?? schema.default ??
    schema.enum?.[0];
  if (said !== undefined) return said;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices?.[0] !== undefined) return exampleOf(document, choices[0]);
  const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
  switch (type) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "array":
      return schema.items === undefined ? [] : [exampleOf(document, schema.items)];
    case "object": {
      const properties = Object.entries(schema.properties ?? {});
      const needed = properties.filter(([name]) => schema.required?.includes(name));
      const shown = needed.length > 0 ? needed : properties.slice(0, 1);
      return Object.fromEntries(
        shown.map(([name, one]) => [name, fieldExample(document, name, one)]),
      );
    }
    default:
      return stringExample(schema);
  }
}

function fieldExample(document: OpenApiDocument, name: string, schema: Schema): unknown {
  const value = exampleOf(document, schema);
  return value === "…" && (name === "name" || name === "account") ? "alice" : value;
}

function stringExample({ format }: Schema): string {
  switch (format) {
    case "password":
      return "correct horse";
    case "date-time":
      return "2030-01-01T00:00:00Z";
    default:
      return "…";
  }
}
