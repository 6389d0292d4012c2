/** What a backup says of itself, in its first entry. @module */

/** The entry's name. */
export const ABOUT = "crunch-backup.json";

/** Grows when older versions could no longer restore it. */
export const FORMAT = 1;

/** The entry. */
export interface About {
  readonly format: number;
  /** Program and version that made it. */
  readonly software: string;
  /** When, RFC 3339. */
  readonly made: string;
  /** Whether the request log is in it. */
  readonly log: boolean;
}
