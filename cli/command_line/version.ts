/** What `--version` prints. @module */

/** What the program knows about itself. */
export interface About {
  /** The program's version, like 0.1.0. */
  readonly version: string;
  /** The tunnel protocol's version. */
  readonly protocol: number | string;
  /** How it was built; by default found out, except `packed`, which a packed file has to say. */
  readonly form?: "checkout" | "compiled" | "packed";
}

const FORMS = {
  checkout: "run from a checkout",
  compiled: "compiled to one file",
  packed: "packed into one file",
};

/** Four lines: program, Deno, protocol, form. */
export function versionText({ version, protocol, form }: About): string {
  const { os, arch, standalone } = Deno.build;
  return [
    `crunch ${version}`,
    `deno ${Deno.version.deno} (${os} ${arch})`,
    `protocol ${protocol}`,
    FORMS[form ?? (standalone ? "compiled" : "checkout")],
    "",
  ].join("\n");
}
