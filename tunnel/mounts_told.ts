/** What an agent tells about its mounts when it signs in: for people to look at, nothing is decided by it. @module */

/** A path prefix, and what kind of origin answers below it. */
export interface ToldMount {
  /** `/` or `/docs/`, decoded. */
  readonly path: string;
  /** `directory` is the only one yet. */
  readonly kind: string;
}

/** Mounts in HELLO, and the length of a path and a kind, at the most. */
const MOST = 64;
const LONGEST_PATH = 256;
const KIND = /^[a-z][a-z0-9-]{0,31}$/;
/** Of HELLO's 16,384 bytes they take so many at the most. */
const MOST_BYTES = 8_192;

/** Those of `mounts` that HELLO has room for. */
export function tellable(mounts: readonly ToldMount[]): ToldMount[] {
  const told: ToldMount[] = [];
  let room = MOST_BYTES;
  for (const { path, kind } of mounts) {
    const mount = { path, kind };
    if (!isToldMount(mount)) continue;
    room -= new TextEncoder().encode(JSON.stringify(mount)).length + 1;
    if (room < 0 || told.length === MOST) break;
    told.push(mount);
  }
  return told;
}

/** Whether a relay takes it. */
export function isToldMount(value: unknown): value is ToldMount {
  if (typeof value !== "object" || value === null) return false;
  const { path, kind } = value as Partial<Record<keyof ToldMount, unknown>>;
  return typeof path === "string" && path.length <= LONGEST_PATH && path.startsWith("/") &&
    typeof kind === "string" && KIND.test(kind);
}
