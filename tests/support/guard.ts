/** Loaded before each test file (`deno task test`): a stuck test ends alone, and no failure hides another. @module */

/** Far beyond the longest test on the slowest machine: it ends what would hang for ever. */
const LIMIT = 300_000;
/** How Deno lets a wrapper say where a test stands. */
const LOCATION = Symbol.for("Deno.test.location");

/** A turn of the event loop, also while a test holds the clock. */
const { setImmediate } = globalThis;

type TestFunction = (context: Deno.TestContext) => void | Promise<void>;
type Located = TestFunction & { [LOCATION]?: string };
type Definition = Partial<Deno.TestDefinition>;

/** Rejections that nobody handled since the last test. Unheeded, one ends all tests of a file without a word of theirs. */
const unhandled: unknown[] = [];

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  unhandled.push(event.reason);
});

globalThis.addEventListener("unload", () => {
  if (unhandled.length > 0) {
    throw new AggregateError(unhandled, "Nobody handled them after the tests");
  }
});

const register = Deno.test;
Object.assign(Deno, {
  test: Object.assign(guarded(register), register, {
    only: guarded(register.only),
    ignore: guarded(register.ignore),
  }),
});

/** `test` in all forms in which it may be called, with a limit and with `tellAll`. */
function guarded(test: (definition: Deno.TestDefinition) => void) {
  return (...given: ReadonlyArray<string | TestFunction | Definition>): void => {
    const definition: Definition = { timeout: LIMIT };
    for (const part of given) {
      if (typeof part === "string") definition.name = part;
      else if (typeof part === "function") definition.fn = part;
      else Object.assign(definition, part);
    }
    const { fn } = definition;
    if (fn === undefined) throw new TypeError(`Cannot register ${definition.name}: no function`);
    const all: Located = (context) => tellAll(fn, context);
    const place = /\(?(file:\S+:\d+:\d+)\)?$/.exec(new Error().stack!.split("\n")[2] ?? "");
    if (place !== null) all[LOCATION] = place[1]!;
    test({ ...definition, name: definition.name ?? fn.name, fn: all });
  };
}

/** Runs a test. @throws what it threw first, together with whatever else went wrong. */
async function tellAll(fn: TestFunction, context: Deno.TestContext): Promise<void> {
  const errors: unknown[] = [];
  try {
    await fn(context);
  } catch (error) {
    errors.push(...inOrder(error));
  }
  // What the test's last words rejected is reported in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  errors.push(...unhandled.splice(0));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    throw new AggregateError(errors, `${errors.length} errors, in their order`);
  }
}

/** An error while disposing stands before the one that it followed: the first comes first. */
function inOrder(error: unknown): unknown[] {
  return error instanceof SuppressedError
    ? [...inOrder(error.suppressed), ...inOrder(error.error)]
    : [error];
}
