/** The log's rows in memory: a ring of bounded size, in which each row keeps its place while others come and go. @module */
// @ts-check

/** @import { RequestView } from "../../relay/api/mod.ts" */

/**
 * A request, or requests that were left out: how many, null for unknown.
 * @typedef {Omit<RequestView, "time"> & { kind: "request", time: number }} Request
 * @typedef {{ kind: "gap", time: number, missed: number | null }} Gap
 * @typedef {Request | Gap} Row
 */

/** Rows that are shown at most. */
export const MOST = 100_000;
/** Rows that wait at most; beyond that the list is read anew when they are wanted. */
const MOST_WAITING = 20_000;
/** More than both; a power of two. */
const SPACE = 2 ** 17;
/** Texts that are kept once for all rows that have them. */
const MOST_TEXTS = 5_000;

/** Places are whole numbers, the newer the higher; below 0 is what was there before the page. */
export class Rows {
  /** @type {(Row | undefined)[]} */
  #ring = [];
  /** @type {Map<string, string>} */
  #texts = new Map();
  /** The requests that are here. @type {Set<string>} */
  #ids = new Set();
  #newest = -1;
  /** The oldest row's place. */
  oldest = 0;
  /** The newest row's place, of those that are shown. */
  front = -1;
  /** How many came that there was no room for. */
  over = 0;

  /** Rows that are shown. */
  get length() {
    return this.front - this.oldest + 1;
  }

  /** Rows that wait to be shown. */
  get waiting() {
    return this.#newest - this.front + this.over;
  }

  get isFull() {
    return this.length >= MOST;
  }

  /** @param {number} place @returns {Row | undefined} */
  at(place) {
    return this.#ring[place & (SPACE - 1)];
  }

  /** @param {Row} row */
  addNewer(row) {
    if (this.#has(row)) return;
    if (this.over > 0 || this.waiting >= MOST_WAITING) {
      this.over++;
      return;
    }
    const last = this.#newest > this.front ? this.at(this.#newest) : undefined;
    // Gaps one after the other are one.
    if (row.kind === "gap" && last?.kind === "gap") {
      last.missed = last.missed === null || row.missed === null ? null : last.missed + row.missed;
    } else this.#put(++this.#newest, row);
  }

  /** @param {Row} row */
  addOlder(row) {
    if (!this.isFull && !this.#has(row)) this.#put(--this.oldest, row);
  }

  /** Shows what waits; the oldest rows go. */
  show() {
    this.front = this.#newest;
    while (this.length > MOST) {
      const gone = this.at(this.oldest);
      if (gone?.kind === "request") this.#ids.delete(gone.id);
      this.#ring[this.oldest++ & (SPACE - 1)] = undefined;
    }
  }

  /** The same request may come twice: by a page and by the stream. @param {Row} row */
  #has(row) {
    return row.kind === "request" && this.#ids.has(row.id);
  }

  /** @param {number} place @param {Row} row */
  #put(place, row) {
    if (row.kind === "request") this.#ids.add(row.id);
    this.#ring[place & (SPACE - 1)] = row;
  }

  /** The place of a request. @param {string} id */
  find(id) {
    for (let place = this.front; place >= this.oldest; place--) {
      const row = this.at(place);
      if (row?.kind === "request" && row.id === id) return place;
    }
    return null;
  }

  /** A request in a form that takes little room: most texts are there already. @param {RequestView} view @returns {Request} */
  compact({ id, time, name, account, agent, visitor, method, target, ...figures }) {
    return {
      kind: "request",
      id,
      time: Date.parse(time),
      name: this.#kept(name),
      account: this.#kept(account),
      agent: this.#kept(agent),
      visitor: this.#kept(visitor),
      method: this.#kept(method),
      target: this.#kept(target),
      status: figures.status,
      bytes_in: figures.bytes_in,
      bytes_out: figures.bytes_out,
      ms: figures.ms,
      ttfb_ms: figures.ttfb_ms,
    };
  }

  /** @param {string} text */
  #kept(text) {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
