/** `/reference`: the API's description for people, as one page without scripts, made of the OpenAPI document. @module */

import { createHash } from "node:crypto";
import { staticText } from "../pages/mod.ts";
import { curlExample, resolve } from "./curl_example.ts";
import type {
  Answer,
  Content,
  OpenApiDocument,
  Operation,
  Parameter,
  Schema,
} from "./openapi_document.ts";
import { type Html, joined, NOTHING, Templates, text } from "./templates.ts";

/** The page, and the policy under which its one style sheet holds and nothing else. */
export interface ReferencePage {
  readonly html: string;
  readonly policy: string;
}

/** Renders the page. */
export function renderReference(document: OpenApiDocument): ReferencePage {
  const css = staticText("reference.css");
  const html = new Reference(document, new Templates(staticText("reference.html"))).page(css);
  const hash = createHash("sha256").update(css).digest("base64");
  return {
    html,
    policy: `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; ` +
      "form-action 'none'; frame-ancestors 'none'",
  };
}

/** One operation with where it is. */
interface Entry {
  readonly id: string;
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

class Reference {
  readonly #document: OpenApiDocument;
  readonly #templates: Templates;

  constructor(document: OpenApiDocument, templates: Templates) {
    this.#document = document;
    this.#templates = templates;
  }

  page(css: string): string {
    const t = this.#templates;
    const { info, openapi, components } = this.#document;
    const groups = this.#groups();
    const schemas = Object.entries(components.schemas ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
    return t.page({
      title: info.title,
      version: info.version,
      description: info.description ?? "",
      openapi,
      css: { html: css },
      contents: t.parts("contents-group", groups, ([name, entries]) => ({
        id: name,
        name,
        operations: t.parts("contents-operation", entries, ({ id, method, path }) => ({
          id,
          method: method === "DELETE" ? "DEL" : method,
          class: method.toLowerCase(),
          path: this.#breakable(shortPath(path)),
        })),
      })),
      schemaContents: t.parts("contents-schema", schemas, ([name]) => ({ name })),
      schemes: t.parts(
        "scheme",
        Object.entries(components.securitySchemes ?? {}),
        ([name, scheme]) => ({
          name,
          where: scheme.in === "cookie"
            ? `Cookie: ${scheme.name}=…`
            : `Authorization: Bearer $CRUNCH_TOKEN`,
          description: this.#marked(scheme.description ?? ""),
        }),
      ),
      groups: t.parts("group", groups, ([name, entries]) => ({
        id: name,
        name,
        operations: joined(entries.map((entry) => this.#operation(entry))),
      })),
      schemas: t.parts("schema", schemas, ([name, schema]) => ({
        name,
        fields: this.#fields(schema),
      })),
    });
  }

  #groups(): [name: string, entries: Entry[]][] {
    const groups = new Map<string, Entry[]>();
    for (const [path, item] of Object.entries(this.#document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (!METHODS.includes(method)) continue;
        const name = operation.tags?.[0] ?? "other";
        const id = `${method}-${shortPath(path).replace(/[^\w.]+/g, "-").replace(/^-|-$/g, "")}`;
        const entry = { id, path, method: method.toUpperCase(), operation };
        groups.set(name, [...groups.get(name) ?? [], entry]);
      }
    }
    return [...groups];
  }

  #operation(entry: Entry): Html {
    const t = this.#templates;
    const { id, path, method, operation } = entry;
    const { parameters = [], requestBody, responses } = operation;
    return t.part("operation", {
      id,
      method,
      class: method.toLowerCase(),
      path: this.#breakable(path),
      summary: this.#marked(sentence(operation.summary ?? "")),
      description: operation.description === undefined
        ? NOTHING
        : t.part("paragraph", { text: this.#marked(sentence(operation.description)) }),
      open: operation.security?.length === 0 ? t.part("open") : NOTHING,
      parameters: parameters.length === 0 ? NOTHING : t.part("parameters", {
        rows: t.parts("parameter", parameters, (one) => this.#parameter(one)),
      }),
      body: requestBody === undefined ? NOTHING : t.part("body", this.#body(requestBody.content)),
      answers: this.#answers(responses),
      example: curlExample(this.#document, path, entry),
    });
  }

  #parameter({ name, in: where, required, description, schema = {} }: Parameter) {
    return {
      name,
      where,
      required: required ? this.#templates.part("required") : NOTHING,
      type: this.#type(schema),
      note: this.#note({ ...schema, description: description ?? schema.description ?? "" }),
    };
  }

  #answers(responses: Operation["responses"]): Html {
    const t = this.#templates;
    const all = Object.entries(responses);
    const errors = all.filter(([status]) => status >= "400");
    const described = ([status, { description }]: [string, Answer]) => ({
      status,
      class: `s${status[0]}`,
      description: this.#marked(sentence(description)),
    });
    return t.part("answers", {
      answers: t.parts("answer", all.filter(([status]) => status < "400"), (one) => {
        const { type, fields } = this.#content(one[1].content ?? {});
        const headers = Object.keys(one[1].headers ?? {});
        const names = headers.map((name) => t.part("code", { text: name }));
        const withHeaders = names.length === 0
          ? NOTHING
          : t.part("headers", { names: joined(names, ", ") });
        return { ...described(one), type, fields: joined([withHeaders, fields]) };
      }),
      errors: errors.length === 0 ? NOTHING : t.part("errors", {
        statuses: errors.map(([status]) => status).join(", "),
        rows: t.parts("error", errors, described),
      }),
    });
  }

  /** What to send: always with its fields. */
  #body(content: Content): { type: Html; fields: Html } {
    const { schema = {} } = content["application/json"] ?? {};
    const { type } = this.#content(content);
    return { type, fields: this.#fields(resolve(this.#document, schema)) };
  }

  /** An answer's body: what it is called, and its fields where it has no name to look up. */
  #content(content: Content): { type: Html; fields: Html } {
    const t = this.#templates;
    const types = Object.entries(content);
    if (types.length === 0) return { type: NOTHING, fields: NOTHING };
    const shown = types.map(([media, { schema = {} }]) =>
      media === "application/json" ? this.#type(schema) : t.part("code", { text: media })
    );
    const { schema = {} } = content["application/json"] ?? {};
    const isNamed = schema.$ref !== undefined;
    return {
      type: joined(shown, " or "),
      fields: isNamed ? NOTHING : this.#fields(schema),
    };
  }

  /** The rows of an object's fields; nothing for what is no object. */
  #fields(schema: Schema): Html {
    const t = this.#templates;
    const rows = this.#rows(schema, "");
    return rows.length === 0 ? NOTHING : t.part("fields", { rows: joined(rows) });
  }

  #rows(schema: Schema, before: string): Html[] {
    const t = this.#templates;
    const { properties = {}, required = [] } = schema;
    return Object.entries(properties).flatMap(([name, one]) => {
      const own = t.part("field", {
        name: before + name,
        optional: required.includes(name) ? NOTHING : t.part("optional"),
        type: this.#type(one),
        note: this.#note(one),
      });
      // Objects without a name of their own are shown where they are used.
      const isList = one.items !== undefined;
      const inner = one.items ?? one;
      if (inner.$ref !== undefined) return [own];
      return [own, ...this.#rows(inner, `${before}${name}${isList ? "[]" : ""}.`)];
    });
  }

  #type(schema: Schema): Html {
    const t = this.#templates;
    if (schema.$ref !== undefined) {
      return t.part("reference", { name: schema.$ref.split("/").at(-1)! });
    }
    const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (choices !== undefined) {
      return joined(choices.map((one) => this.#type(one)), schema.allOf ? " & " : " or ");
    }
    const values = schema.const !== undefined ? [schema.const] : schema.enum;
    if (values !== undefined) {
      return joined(values.map((value) => t.part("code", { text: JSON.stringify(value) })), " or ");
    }
    const { type = "any", items, format } = schema;
    const types = typeof type === "string" ? [type] : type;
    return joined(
      types.map((one) => {
        if (one === "array") {
          return items === undefined ? text("array") : joined([this.#type(items), text("[]")]);
        }
        return text(one === "string" && format === "date-time" ? "time" : one);
      }),
      " or ",
    );
  }

  /** What there is to say besides the type. */
  #note(schema: Schema): Html {
    const said = this.#marked(schema.description ?? "");
    const bounds = boundsOf(resolve(this.#document, schema));
    return joined([said, text(bounds)].filter(({ html }) => html !== ""), "; ");
  }

  /** Text in which `code` is marked so. */
  #marked(plain: string): Html {
    const pieces = plain.split("`");
    return joined(
      pieces.map((piece, i) =>
        i % 2 === 1 ? this.#templates.part("code", { text: piece }) : text(piece)
      ),
    );
  }

  /** A path that may be broken after its slashes. */
  #breakable(path: string): Html {
    const pieces = path.split(/(?<=\/)/);
    return joined(pieces.map((piece) => this.#templates.part("break", { text: piece })));
  }
}

function shortPath(path: string): string {
  return path.replace("/api/v1", "");
}

function sentence(words: string): string {
  return words === "" || /[.!?]$/.test(words) ? words : `${words}.`;
}

function boundsOf({ minimum, maximum, minLength, maxLength, default: usual }: Schema): string {
  const parts = [
    // What cannot be counted further by whole numbers is no bound that anybody meets.
    range(minimum === 0 ? undefined : minimum, (maximum ?? 0) >= 2 ** 53 - 1 ? undefined : maximum),
    range(minLength, maxLength, " characters"),
    usual === undefined ? "" : `${JSON.stringify(usual)} by default`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function range(from: number | undefined, to: number | undefined, unit = ""): string {
  if (from !== undefined && to !== undefined) return `${from} to ${to}${unit}`;
  if (from !== undefined) return `at least ${from}${unit}`;
  return to === undefined ? "" : `at most ${to}${unit}`;
}
