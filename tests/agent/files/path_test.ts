/** Claims about the path of a request: decoded once, and refused where it could mean two things. @module */

import assert from "node:assert/strict";
import {
  decodePath,
  decodeSegment,
  encodeSegment,
  isPublishable,
  safeBase,
} from "../../../agent/files/path.ts";

Deno.test("path: takes names and the slash at the end apart", () => {
  assert.deepEqual(decodePath("/", false), { segments: [], directory: true });
  assert.deepEqual(decodePath("/a", false), { segments: ["a"], directory: false });
  assert.deepEqual(decodePath("/a/b/", false), { segments: ["a", "b"], directory: true });
  assert.deepEqual(decodePath("/a..b/c...", false), {
    segments: ["a..b", "c..."],
    directory: false,
  });
});

Deno.test("path: decodes exactly once", () => {
  assert.deepEqual(decodePath("/a%20b%25", false), { segments: ["a b%"], directory: false });
  assert.deepEqual(decodePath("/%2541", false), { segments: ["%41"], directory: false });
  assert.deepEqual(decodePath("/%252e%252e/x", false), {
    segments: ["%2e%2e", "x"],
    directory: false,
  });
  assert.deepEqual(decodePath("/%252f", false), { segments: ["%2f"], directory: false });
  assert.deepEqual(decodePath("/a+b", false), { segments: ["a+b"], directory: false });
});

Deno.test("path: reads encoded UTF-8", () => {
  const wanted = { segments: ["ü€😀"], directory: false };
  assert.deepEqual(decodePath("/%C3%BC%e2%82%ac%F0%9F%98%80", false), wanted);
});

const MALFORMED = [
  "",
  "a",
  "*",
  "example.com:443",
  "/..",
  "/../",
  "/.",
  "/a/../b",
  "/a/./b",
  "/%2e%2e/",
  "/%2E./x",
  "/.%2e/x",
  "/..%2f",
  "/..%2Fetc",
  "/a%2fb",
  "/..\\",
  "/%5c..%5c",
  "/%5c..",
  "/x%5c..%5cy",
  "/x%5C.%5Cy",
  "/x%5c..",
  "/..%5cetc",
  "/%00",
  "/a%00.txt",
  "/%",
  "/%4",
  "/%zz",
  "/%-1",
  "/% 1",
  "/%C3",
  "/%C0%AE%C0%AE/", // ".." in overlong UTF-8
  "/%E0%80%AE",
  "/%ED%A0%80", // a lone surrogate
  "/%F5%80%80%80",
];

for (const path of MALFORMED) {
  Deno.test(`path: refuses ${JSON.stringify(path)}`, () => {
    assert.equal(decodePath(path, false), 400);
  });
}

for (
  const path of [
    "//",
    "//etc/passwd",
    "/a//b",
    "/.git/config",
    "/a/.env",
    "/%2eenv",
    "/...",
    "/..a",
  ]
) {
  Deno.test(`path: hides ${path}`, () => {
    assert.equal(decodePath(path, false), 404);
  });
}

Deno.test("path: takes a backslash for a part of a name, where it is one", () => {
  for (const path of ["/a%5Cb", "/a%5cb", "/a\\b"]) {
    assert.deepEqual(decodePath(path, false), { segments: ["a\\b"], directory: false }, path);
    assert.equal(decodePath(path, true), 400, path);
  }
  assert.deepEqual(decodePath("/%5C/%5Ca/a%5C/..a%5C..b/", false), 404);
  assert.deepEqual(decodePath("/%5C/%5Ca/a%5C/a..%5C..b/", false), {
    segments: ["\\", "\\a", "a\\", "a..\\..b"],
    directory: true,
  });
});

Deno.test("path: publishes .well-known at the root, and no other hidden name", () => {
  assert.deepEqual(decodePath("/.well-known/x", false), {
    segments: [".well-known", "x"],
    directory: false,
  });
  assert.equal(decodePath("/.well-known/.x", false), 404);
  assert.equal(decodePath("/a/.well-known/x", false), 404);
  assert.equal(decodePath("/.well-known2/x", false), 404);
});

for (
  const path of [
    "/C:",
    "/C:/windows",
    "/c%3a/x",
    "/file.txt::$DATA",
    "/a.",
    "/a%20",
    "/CON",
    "/nul.txt",
    "/com1",
    "/LPT9.log",
    "/aux%20.x",
    "/a*",
    "/a%3f",
    "/a%0ab",
  ]
) {
  Deno.test(`path: hides ${path} on Windows`, () => {
    assert.equal(decodePath(path, true), 404);
  });
}

Deno.test("path: on Windows names that only resemble devices are names", () => {
  for (const name of ["console", "com10", "nullable.txt", "a.con"]) {
    assert.deepEqual(decodePath(`/${name}`, true), { segments: [name], directory: false });
  }
});

Deno.test("path: every name that can be published survives encoding and decoding", () => {
  const names = [
    "a b",
    `"quoted' & <tagged>`,
    "100%",
    "%41",
    "a#b?c;d",
    "new\nline",
    "\u202ertl",
    "😀",
    "é",
    "e\u0301",
    "a+b=c@d:e,f!g~h*i(j)k$l",
    "x".repeat(255),
    "\x01\x7f",
  ];
  for (const name of names) {
    assert.equal(decodeSegment(encodeSegment(name)), name);
    assert.match(encodeSegment(name), /^[\w.~!'()*%-]+$/);
    assert.ok(isPublishable(name));
  }
  assert.equal(isPublishable("back\\slash", false), true);
  assert.equal(isPublishable("back\\slash", true), false);
  assert.equal(isPublishable("up\\..\\down", false), false);
  assert.equal(isPublishable(".hidden"), false);
});

Deno.test("path: a base that could lead elsewhere counts as none", () => {
  for (const base of ["", "/alice", "/servers/alice", "/a%20b/c-d_e~f"]) {
    assert.equal(safeBase(base), base);
  }
  for (
    const base of [
      "/",
      "//evil.example",
      "/\\evil",
      "evil",
      "/a/",
      "/a//b",
      "/a\r\nX: y",
      "/é",
      '/"',
    ]
  ) {
    assert.equal(safeBase(base), "");
  }
});
