/** What an account is, and how it lies in the database. @module */

import type { Row } from "./database.ts";
import type { PasswordKeys } from "./password.ts";
import { StoreError } from "./store_error.ts";

/** `admin` does everything, `member` sees and changes only its own, `viewer` only looks. */
export type Role = "admin" | "member" | "viewer";
/** Every role. */
export const ROLES: readonly Role[] = ["admin", "member", "viewer"];

/** An account, without its secrets. */
export interface Account {
  /** Stays the same for good, and is not used again after a removal. */
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly disabled: boolean;
  /** Its pages on path URLs are served without the relay's sandbox. */
  readonly trusted: boolean;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Grows with every change. */
  readonly version: number;
  /** False where only tokens open it. */
  readonly hasPassword: boolean;
}

/** What {@linkcode Accounts.update} changes; what is left out stays. */
export interface AccountPatch {
  readonly role?: Role;
  readonly disabled?: boolean;
  readonly trusted?: boolean;
  readonly password?: string;
}

/** An account from a row with its columns. */
export function accountOf(row: Row): Account {
  return {
    id: Number(row.id),
    name: String(row.name),
    role: row.role as Role,
    disabled: row.disabled === 1,
    trusted: row.trusted === 1,
    created: Number(row.created),
    version: Number(row.version),
    hasPassword: row.salt !== null,
  };
}

/** What the database keeps of an account's password. */
export function passwordKeysOf(row: Row): PasswordKeys | undefined {
  if (row.salt === null) return undefined;
  return {
    salt: row.salt as Uint8Array,
    N: Number(row.cost_n),
    r: Number(row.cost_r),
    p: Number(row.cost_p),
    storedKey: row.stored_key as Uint8Array,
    serverKey: row.server_key as Uint8Array,
  };
}

/**
 * `role` as one of {@linkcode ROLES}.
 * @throws {StoreError} `invalid`.
 */
export function checkRole(role: string): Role {
  if ((ROLES as readonly string[]).includes(role)) return role as Role;
  throw new StoreError("invalid", `A role is one of ${ROLES.join(", ")}`, { field: "role" });
}

/** The fields that `patch` changes in `account`, as they were and as they will be. */
export function difference(
  account: Account,
  patch: AccountPatch,
): { before: Partial<Account>; after: Partial<Account> } {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const field of ["role", "disabled", "trusted"] as const) {
    if (patch[field] === undefined || patch[field] === account[field]) continue;
    before[field] = account[field];
    after[field] = patch[field];
  }
  return { before, after };
}
