/** Claims about completion, in the real shells where they are installed. @module */

import assert from "node:assert/strict";
import { completionScript } from "../../../cli/command_line/completions.ts";
import { leftOut } from "../../support/left_out.ts";

async function run(shell: string, script: string, cwd: string): Promise<string[]> {
  const args = shell === "fish" ? ["--no-config"] : shell === "zsh" ? ["-f"] : ["--norc"];
  const child = new Deno.Command(shell, {
    args: [...args, "-c", script],
    cwd,
    stdin: "null",
    env: { HOME: cwd, TERM: "dumb" },
  });
  const { stdout, stderr, success } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "")
    .map((line) => line.replace(/\t.*/, "")).sort();
}

function isInstalled(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["-c", "exit"], stdin: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** How each shell is asked what it offers after these words, the last of which is being typed. */
const ask: Record<string, (words: readonly string[]) => string> = {
  // Readline is not there without a terminal, so its words are set by hand; it splits them at every =.
  bash: (words) => {
    const cut = words.flatMap((word) =>
      word.split(/(=)/).filter((part, i) => part !== "" || i === 0)
    );
    return `compopt() { :; }; . ./crunch.bash; COMP_WORDS=(${cut.map(quoted).join(" ")});
      COMP_CWORD=${cut.length - 1}; _crunch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  },
  // The functions that zsh's completion system gives are replaced by ones that print.
  zsh: (words) =>
    `compdef() { :; }; . ./crunch.zsh; words=(${
      words.map(quoted).join(" ")
    }); CURRENT=${words.length}
      typed=$words[CURRENT]; compset() { typed=\${typed#*=}; }; _message() { :; }
      offer() { for w; do [[ $w == $typed* ]] && print -r -- $w; done; true; }
      compadd() { shift; offer "$@"; }
      _describe() { local list=$argv[-1]; offer \${\${(P)list}%%:*}; }
      _files() { if [[ $1 == -/ ]]; then offer *(/N:s/%/\\//); else offer *(N-.) *(/N); fi; }
      _crunch`,
  fish: (words) => `source crunch.fish; complete -C ${quoted(words.join(" "))}`,
};

const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["crunch re", ["relay", "restore"]],
  ["crunch account to", ["token"]],
  ["crunch restore ce", ["cert.pem"]],
  ["crunch backup --lo", ["--log", "--log-format", "--log-level"]],
  ["crunch account token ", ["create", "list", "revoke"]],
  ["crunch relay --max-h", ["--max-head"]],
  ["crunch relay --log-format ", ["json", "text"]],
  ["crunch relay --log-format j", ["json"]],
  ["crunch relay --http ", []],
  ["crunch relay --tls-cert ce", ["cert.pem"]],
  ["crunch account add --ro", ["--role"]],
  ["crunch account add alice --role v", ["viewer"]],
  ["crunch agent --token", ["--token-file"]],
  ["crunch completions ", ["bash", "fish", "zsh"]],
];

for (const shell of Object.keys(ask)) {
  Deno.test({
    name: `completion: ${shell} offers commands, options, values and files`,
    ignore: leftOut(!isInstalled(shell), `completion of ${shell}, which is not installed`),
    async fn() {
      const dir = await Deno.makeTempDir();
      try {
        await Deno.mkdir(`${dir}/site`);
        await Deno.writeTextFile(`${dir}/cert.pem`, "");
        await Deno.writeTextFile(`${dir}/crunch.${shell}`, completionScript(shell));
        for (const [line, offered] of CASES) {
          const found = await run(shell, ask[shell]!(line.split(" ")), dir);
          assert.deepEqual(found, offered, line);
        }
        const directories = await run(shell, ask[shell]!(["crunch", "agent", "--dir", ""]), dir);
        assert.ok(directories.some((name) => name.startsWith("site")), String(directories));
        assert.ok(!directories.includes("cert.pem"));
        const mounted = await run(shell, ask[shell]!(["crunch", "agent", "--dir", "/a=si"]), dir);
        assert.deepEqual(mounted.map((name) => name.replace(/^\/a=|\/$/g, "")), ["site"]);
        const joined = await run(shell, ask[shell]!(["crunch", "relay", "--log-format=j"]), dir);
        assert.deepEqual(joined.map((name) => name.replace(/^.*=/, "")), ["json"]);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

Deno.test("completion: no script offers a secret as a flag", () => {
  for (const shell of Object.keys(ask)) {
    assert.doesNotMatch(completionScript(shell), /--password[^-]|--token[^-]|-l (password|token) /);
  }
});
