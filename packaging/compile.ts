/** `deno task compile`: makes the one file for this machine, or for another. @module */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type Form, forms, megabytes } from "./build.ts";
import { checkout, configuration } from "./contents.ts";
import { targetNamed, thisTarget } from "./targets.ts";
import { Unavailable } from "./unavailable.ts";

const HELP = `deno task compile [--target TARGET] [--form compiled|packed] [--output FILE]

Makes ./crunch, one file that needs nothing else: by deno compile where Deno's base runtime can be
had (fetched, or for this machine named by DENORT_BIN), else as a script that unpacks deno and the sources once.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string" },
      form: { type: "string" },
      output: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const target = values.target === undefined ? thisTarget() : targetNamed(values.target);
  if (target === undefined) throw new TypeError(`crunch is not built for ${Deno.build.target}`);
  const only = forms.filter((form: Form) => values.form === undefined || values.form === form);
  if (only.length === 0) throw new TypeError(`--form is one of ${forms.join(", ")}`);
  const suffix = target.name.startsWith("windows-") ? ".exe" : "";
  const output = resolve(checkout, values.output ?? `crunch${suffix}`);
  const built = await build(target, output, only);
  const { version } = configuration();
  console.log(`${output}: crunch ${version} for ${target.name}, ${built.form} into one file`);
  console.log(`${built.size} bytes (${megabytes(built.size)})`);
  for (const reason of built.reasons) console.log(reason);
  return 0;
}

try {
  Deno.exit(await main());
} catch (error) {
  const expected = error instanceof TypeError || error instanceof Unavailable;
  console.error(expected ? `compile: ${error.message}` : error);
  Deno.exit(error instanceof TypeError ? 2 : 1);
}
