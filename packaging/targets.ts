/** The machines that crunch is built for, and what each of their parts calls them. @module */

/** One kind of machine. */
export interface Target {
  /** As in the file names: `linux-x64`. */
  readonly name: string;
  /** What `deno compile --target` calls it. */
  readonly triple: string;
  /** The npm package that holds the `deno` of this machine. */
  readonly denoPackage: string;
  /** What the program is called there. */
  readonly fileName: string;
}

/** Every machine that a release serves. */
export const targets: readonly Target[] = [
  target("linux-x64", "x86_64-unknown-linux-gnu", "@deno/linux-x64-glibc"),
  target("linux-arm64", "aarch64-unknown-linux-gnu", "@deno/linux-arm64-glibc"),
  target("macos-x64", "x86_64-apple-darwin", "@deno/darwin-x64"),
  target("macos-arm64", "aarch64-apple-darwin", "@deno/darwin-arm64"),
  target("windows-x64", "x86_64-pc-windows-msvc", "@deno/win32-x64"),
];

function target(name: string, triple: string, denoPackage: string): Target {
  const suffix = name.startsWith("windows-") ? ".exe" : "";
  return { name, triple, denoPackage, fileName: `crunch-${name}${suffix}` };
}

/** The machine that this runs on; undefined where no release serves it. */
export function thisTarget(): Target | undefined {
  return targets.find(({ triple }) => triple === Deno.build.target);
}

/**
 * The target of a name, as `linux-x64`.
 * @throws {TypeError} with the names that there are.
 */
export function targetNamed(name: string): Target {
  const found = targets.find((target) => target.name === name);
  if (found !== undefined) return found;
  throw new TypeError(
    `There is no target ${name}; there are ${targets.map(({ name }) => name).join(", ")}`,
  );
}
