/** One stream for all windows of a browser, which has six connections to a host: one of them leads, and hands on what comes. @module */
// @ts-check

import { Connection } from "./connection.js";

/** @import { Packet, State } from "./connection.js" */

/** A window that is hidden for so long, ms, wants nothing any more. */
const UNSEEN = 10_000;
/** Wishes that come together are one reason to open the stream anew, ms. */
const TOGETHER = 30;
/** A new leader waits so long, ms, for what the others want. */
const COLLECT = 60;
/** The leader says so often, ms, that it is there; without, another one takes its place. */
const BEAT = 10_000;
const SILENCE = 35_000;

/**
 * A list of requests that a window follows, and the last row that it has.
 * @typedef {{ key: string, filter: string, after: string }} List
 * What a window wants: the relay's events after one of them, and lists.
 * @typedef {{ after: string, lists: List[] }} Wants
 * @typedef {{ key: string, type: string, id: string, text: string }} Delivery for a list, or `events`
 * @typedef {{ kind: "wants", from: string, wants: Wants } | { kind: "gone", from: string }
 *   | { kind: "lead" } | { kind: "beat" } | { kind: "state", state: State }
 *   | { kind: "packets", packets: (Packet & { keys: string[] })[] }} Message
 */

export class Windows {
  #name;
  #wants;
  #deliver;
  #onstate;
  #onleave;
  #id = crypto.getRandomValues(new Uint32Array(4)).join("-");
  /** Without both each window that is seen has a stream of its own: pages of plain HTTP have no locks. */
  #channel = "locks" in navigator && "BroadcastChannel" in self;
  /** @type {BroadcastChannel | null} */
  #others = null;
  #isOver = false;
  /** @type {AbortController | null} there while it is seen, or was lately */
  #joined = null;
  /** @type {(() => void) | null} ends its leading */
  #resign = null;
  /** What the others want, while it leads. @type {Map<string, Wants>} */
  #wanted = new Map();
  /** The lists that the stream has, in its order. @type {List[]} */
  #open = [];
  #connection;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unseen;

  /**
   * @param {object} options
   * @param {string} options.account who is signed in: windows of others have another stream
   * @param {() => Wants} options.wants what this window wants; its lists are told apart by their keys
   * @param {(delivery: Delivery) => void} options.deliver
   * @param {(state: State) => void} options.onstate
   * @param {() => void} options.onleave from now on nothing comes, as the page is hidden
   */
  constructor({ account, wants, deliver, onstate, onleave }) {
    this.#name = `crunch-live:${account}`;
    this.#wants = wants;
    this.#deliver = deliver;
    this.#onstate = onstate;
    this.#onleave = onleave;
    this.#connection = new Connection({
      body: () => this.#body(account),
      onpackets: (packets) => this.#hand(packets),
      onstate: (state) => this.#tell(state),
    });
    if (this.#channel) {
      this.#others = new BroadcastChannel(this.#name);
      this.#others.onmessage = ({ data }) => this.#hear(data);
    }
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("pagehide", this.#hide);
    addEventListener("pageshow", this.#look);
    this.#look();
  }

  /** Says that it wants something else by now. */
  update() {
    if (this.#joined === null) return;
    if (this.#resign) this.#openSoon(TOGETHER);
    else this.#post({ kind: "wants", from: this.#id, wants: this.#wants() });
  }

  stop() {
    this.#isOver = true;
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("pagehide", this.#hide);
    removeEventListener("pageshow", this.#look);
    this.#leave();
    this.#others?.close();
  }

  #look = () => {
    clearTimeout(this.#unseen);
    if (!document.hidden) this.#join();
    else if (this.#joined) this.#unseen = setTimeout(() => this.#leave(), UNSEEN);
  };

  #hide = () => this.#leave();

  #join() {
    if (this.#joined || this.#isOver) return;
    const controller = this.#joined = new AbortController();
    if (this.#others === null) void this.#lead();
    else {
      this.update();
      this.#listen();
      this.#queue(controller.signal);
    }
  }

  #leave() {
    clearTimeout(this.#silence);
    clearTimeout(this.#unseen);
    if (this.#joined === null) return;
    this.#joined.abort();
    this.#joined = null;
    this.#onleave();
    if (this.#resign) this.#resign();
    else this.#post({ kind: "gone", from: this.#id });
  }

  /** Waits until the leader goes, to take its place. @param {AbortSignal} signal */
  #queue(signal) {
    navigator.locks.request(this.#name, { signal }, () => signal.aborted ? null : this.#lead())
      .catch(() => this.#robbed(signal));
  }

  /** The leader says nothing: it hangs, or its window is asleep. */
  #rob() {
    if (this.#joined === null || this.#resign) return;
    this.#joined.abort();
    const { signal } = this.#joined = new AbortController();
    navigator.locks.request(this.#name, { steal: true }, () => signal.aborted ? null : this.#lead())
      .catch(() => this.#robbed(signal));
  }

  /** Another window leads by now, or none waits any more. @param {AbortSignal} signal */
  #robbed(signal) {
    this.#resign?.();
    if (signal.aborted || this.#joined === null) return;
    this.update();
    this.#listen();
    this.#queue(signal);
  }

  /** Leads until it resigns. @returns {Promise<void>} */
  #lead() {
    clearTimeout(this.#silence);
    const beat = setInterval(() => this.#post({ kind: "beat" }), BEAT);
    return new Promise((resolve) => {
      this.#resign = () => {
        this.#resign = null;
        clearInterval(beat);
        clearTimeout(this.#soon);
        this.#connection.close();
        this.#wanted.clear();
        resolve();
      };
      this.#post({ kind: "lead" });
      this.#openSoon(this.#others === null ? 0 : COLLECT);
    });
  }

  /** @param {number} ms */
  #openSoon(ms) {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#connection.open(), ms);
  }

  /** What the stream is asked for. @param {string} account */
  #body(account) {
    const own = this.#wants();
    const all = [own, ...this.#wanted.values()];
    const after = all.find((one) => one.after !== "")?.after;
    // The relay takes so many.
    this.#open = all.flatMap(({ lists }) => lists).slice(0, 32);
    return {
      as: account,
      events: after === undefined ? {} : { after },
      requests: this.#open.map((list) => ({
        filter: list.filter,
        ...(list.after === "" ? {} : { after: list.after }),
      })),
    };
  }

  /** Hands on what came. @param {Packet[]} packets */
  #hand(packets) {
    const addressed = packets.map((packet) => {
      if (packet.to === "events") {
        for (const wants of this.#wanted.values()) if (packet.id !== "") wants.after = packet.id;
        return { ...packet, keys: ["events"] };
      }
      const lists = packet.to.split(",").flatMap((at) => this.#open[Number(at)] ?? []);
      for (const list of lists) if (packet.id !== "") list.after = packet.id;
      return { ...packet, keys: lists.map(({ key }) => key) };
    });
    if (this.#wanted.size > 0) this.#post({ kind: "packets", packets: addressed });
    this.#take(addressed);
  }

  /** Keys of other windows' lists mean nothing here. @param {(Packet & { keys: string[] })[]} packets */
  #take(packets) {
    for (const { keys, type, id, text } of packets) {
      for (const key of keys) this.#deliver({ key, type, id, text });
    }
  }

  /** @param {State} state */
  #tell(state) {
    this.#post({ kind: "state", state });
    this.#onstate(state);
  }

  /** @param {Message} message */
  #hear(message) {
    if (this.#joined === null) return;
    if (message.kind === "wants" || message.kind === "gone") {
      if (this.#resign === null) return;
      if (message.kind === "wants") this.#wanted.set(message.from, message.wants);
      else this.#wanted.delete(message.from);
      this.#openSoon(TOGETHER);
      return;
    }
    if (this.#resign) return;
    this.#listen();
    if (message.kind === "lead") this.update();
    else if (message.kind === "state") this.#onstate(message.state);
    else if (message.kind === "packets") this.#take(message.packets);
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#rob(), SILENCE);
  }

  /** @param {Message} message */
  #post(message) {
    this.#others?.postMessage(message);
  }
}
