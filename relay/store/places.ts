/** From where which account has signed in: kept over restarts, so that guessing does not keep its owner out. @module */

import { type Database, type Statement, storageError } from "./database.ts";

/** Places kept; beyond it those go that were not used for longest. */
const MOST_PLACES = 16_384;
/** One that was seen so lately is not written again, in ms. */
const AGAIN = 86_400_000;

export class Places {
  readonly #now: () => number;
  readonly #get: Statement;
  readonly #put: Statement;
  readonly #prune: Statement;

  constructor(db: Database, now: () => number) {
    this.#now = now;
    this.#get = db.prepare("SELECT seen FROM places WHERE place = ?");
    this.#put = db.prepare(
      "INSERT INTO places VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
    );
    this.#prune = db.prepare(
      `DELETE FROM places WHERE place IN
         (SELECT place FROM places ORDER BY seen DESC LIMIT -1 OFFSET ${MOST_PLACES})`,
    );
  }

  /** Those of one door: what the dashboard knows counts for agents no more than what they fail counts for it. */
  of(door: "agent" | "dashboard"): { has(place: string): boolean; add(place: string): void } {
    return {
      has: (place) => this.#get.get(`${door} ${place}`) !== undefined,
      add: (place) => this.#add(`${door} ${place}`),
    };
  }

  #add(place: string): void {
    const now = this.#now();
    const row = this.#get.get(place);
    if (row !== undefined && now - Number(row.seen) < AGAIN) return;
    try {
      this.#put.run(place, now);
      this.#prune.run();
    } catch (error) {
      // A full disk must not keep anybody out; it is known next time.
      if (!storageError(error)) throw error;
    }
  }
}
