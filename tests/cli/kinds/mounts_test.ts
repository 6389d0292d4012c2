/** Claims about names, prefixes and mounts. @module */

import assert from "node:assert/strict";
import { directory } from "../../../cli/kinds/kinds.ts";
import { mounted, name, prefix } from "../../../cli/kinds/mounts.ts";
import { BadValue } from "../../../cli/terminal/usage.ts";

Deno.test("name: the grammar, folded to lower case", () => {
  for (const text of ["a", "Alice", "a-b_c", "0", `a${"b".repeat(61)}c`]) {
    assert.equal(name.parse(text), text.toLowerCase());
  }
  const wrong = [
    "",
    "-a",
    "a-",
    "_a",
    "a.b",
    "a b",
    "é",
    "\uff41",
    "\u212a",
    "a".repeat(64),
    "a/b",
    "a\n",
  ];
  for (const text of [...wrong, "xn--bcher-kva", "XN--x"]) {
    assert.throws(() => name.parse(text), BadValue, JSON.stringify(text));
  }
});

Deno.test("prefix: begins and ends with a slash", () => {
  assert.equal(prefix.parse("/"), "/");
  assert.equal(prefix.parse("/servers"), "/servers/");
  assert.equal(prefix.parse("/a/b/"), "/a/b/");
  const wrong = ["servers/", "//", "/a//b", "/../", "/./", "/a/..", "/a?b", "/a#b", "/a b", "/%61"];
  for (const text of [...wrong, "/é", "/a\\b", "/a\n", "/a//"]) {
    assert.throws(() => prefix.parse(text), BadValue, text);
  }
});

Deno.test("mount: a path or a name before the first = is where it is published", () => {
  const kind = mounted(directory);
  const read = (text: string) => {
    const { mount, value } = kind.parse(text);
    return [mount, value];
  };
  assert.deepEqual(read("./site"), ["/", "./site"]);
  assert.deepEqual(read("/srv/site"), ["/", "/srv/site"]);
  assert.deepEqual(read("./a=b"), ["/", "./a=b"]);
  assert.deepEqual(read("C:\\x=y"), ["/", "C:\\x=y"]);
  assert.deepEqual(read("/docs=./manual"), ["/docs", "./manual"]);
  assert.deepEqual(read("/docs/=C:\\manual"), ["/docs", "C:\\manual"]);
  assert.deepEqual(read("/=/srv/a=b"), ["/", "/srv/a=b"]);
  assert.deepEqual(read("/a/b=x=y=z"), ["/a/b", "x=y=z"]);
  assert.deepEqual(read("/é 💥=x"), ["/é 💥", "x"]);
  assert.deepEqual(read("docs=./manual"), ["/docs", "./manual"]);
  assert.deepEqual(read("year=2026"), ["/year", "2026"]);
  assert.deepEqual(read("docs=/a=b"), ["/docs", "/a=b"]);
  assert.deepEqual(read("a/b=c"), ["/", "a/b=c"]);
});

Deno.test("mount: refuses empty values, dot segments and what cannot be in a path", () => {
  for (
    const text of [
      "/docs=",
      "//=x",
      "/a//b=x",
      "/../x=y",
      "/.=x",
      "..=x",
      "docs=",
      "/a?=x",
      "/a#=x",
      "/a\\=x",
    ]
  ) {
    assert.throws(() => mounted(directory).parse(text), BadValue, text);
  }
});
