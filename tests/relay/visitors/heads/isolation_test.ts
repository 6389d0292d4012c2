/** Claims about what an agent's answer may be on a path URL, function by function. @module */

import assert from "node:assert/strict";
import { isInert } from "../../../../relay/visitors/heads/isolation.ts";

Deno.test("isolation: only types that no browser runs are inert", () => {
  for (
    const type of [
      "image/png",
      "IMAGE/PNG",
      "image/vnd.microsoft.icon",
      "audio/mpeg",
      'video/mp4; codecs="avc1.42E01E"',
      "font/woff2",
      "application/pdf",
      "application/json; charset=utf-8",
      "text/css",
      "text/plain;charset=utf-8",
      "text/javascript",
    ]
  ) assert(isInert(type), type);
  for (
    const type of [
      "",
      "text/html",
      "text/html;",
      "text/xml",
      "image/svg+xml",
      "Image/SVG+xml ; charset=utf-8",
      // RFC 7303 section 4.2: whatever ends in +xml is an XML document, and those may hold scripts.
      "image/x+xml",
      "IMAGE/X+XML",
      "audio/x+xml",
      "video/x+xml;x=y",
      "font/x+xml",
      "image/xml",
      "image/",
      "image/png text/html",
      "image/png(text/html",
      "image/png\ttext/html",
      "image/png\u00a0",
      "text/plain, text/html",
      "multipart/x-mixed-replace; boundary=image/png",
      "application/xhtml+xml",
      "application/octet",
      "application/json+xml",
    ]
  ) assert(!isInert(type), type);
});
