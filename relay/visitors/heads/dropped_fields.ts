/** Counts the fields of agents' answers that did not pass, for the owners of the names. @module */

/** A field that was dropped. */
export interface DroppedField {
  /** In lower case. */
  readonly field: string;
  /** How often since the relay started. */
  readonly count: number;
  /** When it was last, milliseconds since 1970. */
  readonly last: number;
}

/** Names and fields of each that are kept; of more the oldest name, and the newest field, are let go. */
const MAX_NAMES = 4096;
const MAX_FIELDS = 32;
/** A longer name is none that its owner would know. */
const MAX_LENGTH = 64;

export class DroppedFields {
  readonly #byName = new Map<string, Map<string, { count: number; last: number }>>();

  /** @param field in lower case. */
  note(name: string, field: string): void {
    let fields = this.#byName.get(name);
    if (fields === undefined) {
      if (this.#byName.size >= MAX_NAMES) {
        this.#byName.delete(this.#byName.keys().next().value!);
      }
      this.#byName.set(name, fields = new Map());
    }
    const entry = fields.get(field);
    if (entry !== undefined) {
      entry.count++;
      entry.last = Date.now();
    } else if (fields.size < MAX_FIELDS && field.length <= MAX_LENGTH) {
      fields.set(field, { count: 1, last: Date.now() });
    }
  }

  /** Of a name, most often dropped first. */
  of(name: string): DroppedField[] {
    return [...this.#byName.get(name) ?? []]
      .map(([field, { count, last }]) => ({ field, count, last }))
      .sort((a, b) => b.count - a.count);
  }

  /** Forgets all names. */
  clear(): void {
    this.#byName.clear();
  }

  /** Forgets a name: it has, or may have, another owner. */
  forget(name: string): void {
    this.#byName.delete(name);
  }
}
