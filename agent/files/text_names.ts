/** Names of files that people read as text, whatever type the registries have for their extensions. @module */

/** Extensions of sources, configuration and notes; JavaScript, CSS, JSON and markup have types that browsers act on. */
const EXTENSIONS: ReadonlySet<string> = new Set(
  [
    // Notes and lists
    "txt text log md markdown mdx mdown mkd rst adoc asciidoc textile org wiki tex ltx latex sty bib bst texi",
    "diff patch rej orig po srt nfo todo tasks sum md5 sha1 sha256 sha512 asc",
    // Configuration and data
    "toml yaml yml ini cfg cnf conf config properties editorconfig lock json5 jsonc jsonl ndjson edn dhall",
    "env sample example dist tmpl tpl j2 jinja jinja2 mustache hbs handlebars ejs erb haml pug liquid",
    "service socket timer target mount automount path slice desktop rules nginx htaccess http rest",
    "proto thrift capnp avdl avsc graphql gql prisma tf tfvars hcl nix jsonnet libsonnet cue rego ldif",
    // Building
    "mk mak make am ac m4 in cmake gradle groovy sbt bazel bzl ninja meson podspec gemspec cabal nimble",
    // Shells
    "sh bash zsh fish ksh csh nu ps1 psm1 psd1 bat cmd awk sed vim vbs applescript",
    // Languages
    "c h cc cpp cxx c++ hh hpp hxx h++ inl ipp cu cuh m mm cs csx fs fsi fsx vb d di dart go rs ron",
    "zig nim cr v sv svh vhd vhdl swift kt kts java jsp scala sc clj cljs cljc bb hs lhs elm purs idr agda",
    "lean ml mli mll mly re rei ex exs eex heex leex erl hrl lisp lsp el cl scm ss rkt fnl janet",
    "py pyi pyw pyx pxd pxi rb rake ru php phtml pl pm pod t raku rakumod tcl lua luau r rmd rd jl",
    "f for f77 f90 f95 f03 f08 pas pp inc lpr dpr adb ads cob cbl asm s nasm ll wat wast wit ada",
    "sql psql plsql ddl cypher sparql rq cts tsx jsx coffee litcoffee ls vue svelte astro",
    "scss sass less styl glsl vert frag geom comp wgsl hlsl metal gd ino sol vy move cairo circom",
  ].join(" ").split(" "),
);

/** Names without an extension, or with one that means something else elsewhere. */
const NAMES = new RegExp(
  "^(?:" + [
    "(?:readme|license|licence|copying|copyright|unlicense|notice|authors|contributors|credits|thanks" +
    "|changelog|changes|history|news|release(?:s|notes)?|todo|install|faq|bugs|version|maintainers" +
    "|owners|codeowners|security|contributing|patents|manifest)(?:[-_][\\w-]+)?",
    "(?:gnu|bsd)?makefile|build|workspace|cmakelists|kconfig|kbuild|gradlew|configure|crontab|fstab|hosts|passwd",
    "(?:docker|container|gem|rake|proc|vagrant|jenkins|just|brew|pip|caddy|tilt|earth|pod|cart|guard|cap" +
    "|task|snake|fast|danger|app|pkg)file(?:[-_.][\\w-]+)?",
    "go\\.(?:mod|sum|work)|mod\\.rs|id_\\w+\\.pub",
  ].join("|") + ")$",
  "i",
);

/** Whether a file of this name is shown as text. */
export function isTextName(name: string): boolean {
  if (NAMES.test(name)) return true;
  const dot = name.lastIndexOf(".");
  return dot >= 0 && EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}
