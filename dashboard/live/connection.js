/** The stream of what happens: opened, read, and opened again, and never more than one. @module */
// @ts-check

import { ApiError, openStream } from "../api.js";

/** A line that broke is opened anew after so long, ms. */
const PAUSE = 2_000;
/** And one that was given to another window of the same account. */
const LONG_PAUSE = 30_000;
/** The relay says something every 15 s; after so long without, ms, it is gone, whatever the browser knows. */
const SILENCE = 40_000;

/**
 * An event: whom it is for, what it is, where it stands, and its data as JSON.
 * @typedef {{ to: string, type: string, id: string, text: string }} Packet
 * @typedef {"live" | "lost" | "crowded" | "stranger"} State `crowded` where there is no place for it, `stranger` where somebody else is signed in
 */

export class Connection {
  #body;
  #onpackets;
  #onstate;
  #controller = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} options
   * @param {() => unknown} options.body what is wanted, asked for each time
   * @param {(packets: Packet[]) => void} options.onpackets
   * @param {(state: State) => void} options.onstate
   */
  constructor({ body, onpackets, onstate }) {
    this.#body = body;
    this.#onpackets = onpackets;
    this.#onstate = onstate;
  }

  /** Opens it, in place of the one that is open. */
  open() {
    this.close();
    this.#controller = new AbortController();
    this.#run(this.#controller);
  }

  close() {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  /** @param {AbortController} controller */
  async #run({ signal }) {
    /** @type {State} */
    let state = "lost";
    let pause = PAUSE;
    try {
      const reader = await openStream("/live", this.#body(), { signal });
      this.#onstate("live");
      let rest = "";
      for (;;) {
        this.#listen();
        const { done, value } = await reader.read();
        if (signal.aborted) return;
        if (done) break;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop() ?? "";
        const packets = blocks.map(read).filter((packet) => packet.type !== "");
        if (packets.some(({ type }) => type === "end")) {
          state = "crowded";
          pause = LONG_PAUSE;
        } else if (packets.length > 0) this.#onpackets(packets);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError) {
        if (error.status === 409) state = "stranger";
        pause = Math.max(pause, 1_000 * (error.retryAfter ?? 0));
      }
    }
    this.#later(pause);
    this.#onstate(state);
  }

  #listen() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#onstate("lost");
      this.open();
    }, SILENCE);
  }

  /** @param {number} pause */
  #later(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), pause);
  }
}

/** @param {string} block @returns {Packet} */
function read(block) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
  }
  const { to = "", event: type = "", id = "", data: text = "null" } = fields;
  return { to, type, id, text };
}
