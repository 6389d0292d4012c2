/** Tells what an agent's answer on a path address is to a browser: by its type, or by what the browser has kept of it. @module */

import { Field, type Head } from "../../../http/mod.ts";
import { isInert } from "./isolation.ts";
import { believed, type Mark } from "./validators.ts";

/** What an answer is to a browser. */
export interface AnswerKind {
  /** The sandbox has to be said with it. */
  readonly sandboxed: boolean;
  /** With which mark its tag is sent; "" for none. */
  readonly mark: Mark | "";
}

const INERT: AnswerKind = { sandboxed: false, mark: "" };
const PDF: AnswerKind = { sandboxed: false, mark: "pdf" };
const OCTETS: AnswerKind = { sandboxed: true, mark: "" };
const TRUSTED: AnswerKind = { sandboxed: false, mark: "trusted" };
const SANDBOXED: AnswerKind = { sandboxed: true, mark: "sandbox2" };
const POLICED: AnswerKind = { sandboxed: true, mark: "policy2" };

type Class = "document" | "inert" | "octets" | "pdf";

/** Types judged before; a long one is judged each time. */
const classes = new Map<string, Class>();
const MAX_KNOWN = 512;
const MAX_KNOWN_LENGTH = 128;

const PDF_TYPE = /^[ \t]*application\/pdf[ \t]*(?:;|$)/i;
const OCTETS_TYPE = /^[ \t]*application\/octet-stream[ \t]*(?:;|$)/i;

/** What an answer on a path URL is. */
export function kindOf(request: Head, answer: Head, rights: "sandbox" | "trusted"): AnswerKind {
  if (answer.status === 304) return keptKind(request, rights);
  const index = answer.find(Field["content-type"]);
  if (index < 0) return OCTETS;
  // Of several types a browser takes one, and not surely the first.
  const isOne = !hasAfter(answer, index, Field["content-type"]);
  switch (isOne ? classOf(answer.value(index)) : "document") {
    case "octets":
      return OCTETS;
    case "pdf":
      return PDF;
    case "inert":
      return INERT;
    default:
  }
  if (rights === "trusted") return TRUSTED;
  return answer.has(Field["content-security-policy"]) ? POLICED : SANDBOXED;
}

function classOf(type: string): Class {
  const known = classes.get(type);
  if (known !== undefined) return known;
  const found = OCTETS_TYPE.test(type)
    ? "octets"
    : !isInert(type)
    ? "document"
    : PDF_TYPE.test(type)
    ? "pdf"
    : "inert";
  if (type.length > MAX_KNOWN_LENGTH) return found;
  if (classes.size >= MAX_KNOWN) classes.clear();
  classes.set(type, found);
  return found;
}

function hasAfter(head: Head, index: number, number: number): boolean {
  for (let i = index + 1; i < head.count; i++) if (head.number(i) === number) return true;
  return false;
}

/**
 * What the visitor has kept. A 304's policy takes the place of all policies of the copy (RFC 9111 section 3.2): one
 * with a policy of the agent's own keeps both as they were. A PDF's viewer cannot live in the sandbox.
 */
function keptKind(request: Head, rights: "sandbox" | "trusted"): AnswerKind {
  const mark = believed(request, rights)?.mark ?? "";
  const isPdf = mark === "pdf" ||
    (!request.has(Field["if-none-match"]) && /\.pdf(?:\?|$)/i.test(request.target));
  return { sandboxed: !isPdf && mark !== "policy2", mark };
}
