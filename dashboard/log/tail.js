/** The log as far as it was read: its newest rows, older ones as they are asked for, and what comes meanwhile. @module */
// @ts-check

import { signal } from "@preact/signals";
import { ApiError, get, relayNow, withQuery } from "../api.js";
import { followRequests } from "../live.js";
import { Rows } from "./rows.js";

/** @import { ListView, RequestView } from "../../relay/api/mod.ts" */
/** @typedef {ListView<RequestView> & { gaps: { time: string, missed: number }[], newest: string }} Page */
/** @typedef {{ filter: string, since: string, until: string }} Wanted */

const PAGE = 200;
/** New rows are shown so often at most, ms: no reader is faster. */
const PACE = 80;
/** With so many new rows none is read; then it is as often as it takes a tenth of the time, ms at most. */
const MANY = 20;
const SLOW = 400;

export class Tail {
  rows = new Rows();
  /** Turns when there is something new to show: once for all that came since, and in step with the screen. */
  changed = signal(0);
  /** @type {Error | null} */
  error = null;
  isLoaded = false;
  /** Whether the oldest row is there. */
  isWhole = false;
  /** `still` where nothing new can come. @type {"loading" | "still" | "live" | "lost"} */
  state = "loading";
  /** New rows wait while it is paused, or its list is being read. */
  isPaused = false;
  isRead = () => false;
  /** @type {Wanted} */
  #wanted;
  #cursor = "";
  #leave = new AbortController();
  #isReading = false;
  /** @type {(() => void) | null} */
  #unfollow = null;
  #isMarked = false;
  #shown = 0;
  #pace = PACE;

  /** @param {Wanted} wanted */
  constructor(wanted) {
    this.#wanted = wanted;
  }

  get isHeld() {
    return this.isPaused || this.isRead();
  }

  /** Reads the newest rows, and follows from there unless a time is asked for that is over. */
  async start() {
    this.stop();
    const { signal } = this.#leave = new AbortController();
    const rows = new Rows();
    const page = await this.#read(rows, "");
    if (page === null || signal.aborted) return;
    this.rows = rows;
    rows.show();
    this.isLoaded = true;
    const { filter, until } = this.#wanted;
    if (until !== "" && Date.parse(until) < relayNow()) {
      this.state = "still";
      return;
    }
    this.#unfollow = followRequests({
      filter,
      after: page.newest,
      onstate: (state) => {
        this.state = state;
        this.mark();
      },
      onevent: (type, data) => {
        rows.addNewer(
          type === "request"
            ? rows.compact(data)
            : { kind: "gap", time: relayNow(), missed: data.missed },
        );
        this.mark();
      },
    });
  }

  /** Reads the next older rows. */
  async more() {
    if (!this.isLoaded || this.isWhole || this.rows.isFull || this.#isReading) return;
    await this.#read(this.rows, this.#cursor);
  }

  /** Shows what waits. */
  release() {
    if (this.rows.over > 0) this.start();
    else this.rows.show();
    this.changed.value++;
  }

  /** Has the list looked at again, soon. */
  mark() {
    if (this.#isMarked) return;
    this.#isMarked = true;
    const wait = this.#shown + this.#pace - performance.now();
    const frame = () =>
      requestAnimationFrame(() => {
        this.#isMarked = false;
        this.#shown = performance.now();
        const { waiting } = this.rows;
        if (!this.isHeld && waiting > 0) this.release();
        else this.changed.value++;
        // After the next paint.
        setTimeout(() => {
          const cost = performance.now() - this.#shown;
          this.#pace = waiting < MANY ? PACE : Math.max(PACE, Math.min(SLOW, 10 * cost));
        });
      });
    if (wait > 0) setTimeout(frame, wait);
    else frame();
  }

  /** Ends it; it can start again. */
  stop() {
    this.#leave.abort();
    this.#unfollow?.();
    this.#unfollow = null;
    this.#isReading = false;
  }

  /**
   * @param {Rows} rows where they go
   * @param {string} cursor
   * @returns {Promise<Page | null>} null where there is none, or it is wanted no longer
   */
  async #read(rows, cursor) {
    this.#isReading = true;
    const { signal } = this.#leave;
    try {
      const asked = withQuery("/requests", { ...this.#wanted, limit: PAGE, cursor });
      /** @type {Page} */
      const page = await get(asked, { signal });
      if (signal.aborted) return null;
      this.error = null;
      this.isWhole = page.next === null;
      this.#cursor = page.next ?? "";
      const gaps = [...page.gaps];
      for (const view of page.items) {
        const row = rows.compact(view);
        while (gaps[0] && Date.parse(gaps[0].time) >= row.time) addGap(rows, gaps.shift());
        rows.addOlder(row);
      }
      for (const gap of gaps) addGap(rows, gap);
      return page;
    } catch (error) {
      if (signal.aborted) return null;
      this.error = /** @type {Error} */ (error);
      return null;
    } finally {
      if (!signal.aborted) {
        this.#isReading = false;
        this.mark();
      }
    }
  }

  /** What is wrong with the filter; empty where nothing is. */
  get complaint() {
    const { error } = this;
    if (!(error instanceof ApiError)) return "";
    return error.errors.find(({ field }) => field === "filter")?.message ?? "";
  }
}

/** @param {Rows} rows @param {Page["gaps"][number] | undefined} gap */
function addGap(rows, gap) {
  if (gap) rows.addOlder({ kind: "gap", time: Date.parse(gap.time), missed: gap.missed });
}
