/** HTML out of a file whose `<template id>` parts are filled in by code, text escaped. @module */

import { escapeHtml } from "../../http/mod.ts";

/** HTML that is whole and safe already. */
export interface Html {
  readonly html: string;
}

/** What goes into a template: text is escaped at `{{name}}`, HTML stands as it is at `{{{name}}}`. */
export type Values = Readonly<Record<string, string | Html>>;

/** The page of a file and its parts. */
export class Templates {
  readonly #parts = new Map<string, string>();
  readonly #page: string;

  constructor(text: string) {
    this.#page = text.replace(/<template id="([\w-]+)">([^]*?)<\/template>\n?/g, (_, id, part) => {
      this.#parts.set(id, part);
      return "";
    });
  }

  /** The page without its parts, filled in. */
  page(values: Values): string {
    return filled(this.#page, values);
  }

  /** A part, filled in. @throws {Error} for a part or a value that is not there. */
  part(id: string, values: Values = {}): Html {
    const part = this.#parts.get(id);
    if (part === undefined) throw new Error(`There is no template ${id}`);
    return { html: filled(part, values) };
  }

  /** A part for each. */
  parts<T>(id: string, items: readonly T[], values: (item: T) => Values): Html {
    return joined(items.map((item) => this.part(id, values(item))));
  }
}

/** One after the other. */
export function joined(all: readonly Html[], between = ""): Html {
  return { html: all.map(({ html }) => html).join(escapeHtml(between)) };
}

/** Nothing. */
export const NOTHING: Html = { html: "" };

/** Text as HTML. */
export function text(plain: string): Html {
  return { html: escapeHtml(plain) };
}

function filled(template: string, values: Values): string {
  return template.replace(/\{\{\{(\w+)\}\}\}|\{\{(\w+)\}\}/g, (_, raw, plain) => {
    const value = values[raw ?? plain];
    if (value === undefined) throw new Error(`A template lacks ${raw ?? plain}`);
    if ((typeof value === "string") !== (raw === undefined)) {
      throw new Error(`${raw ?? plain} is ${typeof value === "string" ? "text" : "HTML"}`);
    }
    return typeof value === "string" ? escapeHtml(value) : value.html;
  });
}
