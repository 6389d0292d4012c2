/** Claims about workers whose modules are kept: they start whatever became of the files. @module */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { HeldWorker } from "../../../relay/store/held_worker.ts";
import { within } from "../../support/deadline.ts";
import { TempDir } from "./temp_dir.ts";

const WORKER = `/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import {
  half,
  type Whole,
} from "./parts/half.ts";
import type { Told } from "./told.ts";
export { half } from "./parts/half.ts";

const told: Told = ".crunch-private";
self.onmessage = ({ data }: MessageEvent<Whole>) => self.postMessage(\`\${told} \${half(data)}\`);
`;
const HALF = `import { two } from "../two.ts";
export type Whole = number;
export const half = (n: Whole): number => n / two;
`;

function write(dir: TempDir, two: number): void {
  Deno.mkdirSync(dir.at("parts"), { recursive: true });
  Deno.writeTextFileSync(dir.at("worker.ts"), WORKER);
  Deno.writeTextFileSync(dir.at("parts/half.ts"), HALF);
  Deno.writeTextFileSync(dir.at("two.ts"), `export const two = ${two};\n`);
  // Which runs nowhere: a ring of types is none of modules.
  Deno.writeTextFileSync(
    dir.at("told.ts"),
    'export type { half } from "./worker.ts";\nexport type Told = string;\n',
  );
}

/** What a worker makes of 84. */
async function ask(held: HeldWorker): Promise<string> {
  const worker = held.start();
  const answer = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => answer.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    answer.reject(new Error(event.message));
  };
  worker.postMessage(84);
  try {
    return await within(answer.promise, "the worker's answer", 60_000);
  } finally {
    worker.terminate();
  }
}

Deno.test("held worker: starts from its files, and again and again after they are gone", async () => {
  let held: HeldWorker;
  {
    using dir = new TempDir();
    write(dir, 2);
    held = new HeldWorker(pathToFileURL(dir.at("worker.ts")));
    assert.equal(await ask(held), ".crunch-private 42");
  }
  for (let i = 0; i < 2; i++) assert.equal(await ask(held), ".crunch-private 42");
});

Deno.test("held worker: goes on with the modules that it began with, one of which was changed", async () => {
  using dir = new TempDir();
  write(dir, 2);
  const held = new HeldWorker(pathToFileURL(dir.at("worker.ts")));
  Deno.writeTextFileSync(dir.at("two.ts"), "export const two = 40;\n");
  assert.equal(await ask(held), ".crunch-private 42");
});

Deno.test("held worker: a module that is missing from the start is an error at once", () => {
  using dir = new TempDir();
  write(dir, 2);
  Deno.removeSync(dir.at("two.ts"));
  assert.throws(
    () => new HeldWorker(pathToFileURL(dir.at("worker.ts"))),
    Deno.errors.NotFound,
  );
});
