/** Ids and cursors that tell nothing: the numbers behind them count what everybody does, so they are shown enciphered. @module */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac, randomInt } from "node:crypto";

/** What a number is of: one kind's text is no other's. */
const KINDS = { request: 1, log: 2, audit: 3, event: 4 } as const;
/** The kinds of numbers that places in lists are. */
export type CursorKind = Exclude<keyof typeof KINDS, "request">;

/** A block of AES: the kind, six bytes of the number, four of a count, and five of nothing by which ours are known. */
const BLOCK = 16;
const NUMBER_AT = 1;
const NUMBER_BYTES = 6;
const HIGH_AT = 11;
const COUNT_AT = 7;
/** Request ids that are made at once: most of what one would cost alone is the call. */
const BATCH = 256;
/** They are used for so long, ms, so that each tells the relay alone when its request began. */
const FRESH_MS = 1_000;

/** Hides numbers, and finds them again, with a key that belongs to one relay. */
export class Ids {
  readonly #key: Uint8Array;
  readonly #block = Buffer.alloc(BLOCK);
  readonly #batch = Buffer.alloc(BATCH * BLOCK);
  #count = randomInt(2 ** 32);
  #texts = "";
  #used = BATCH;
  #madeAt = -Infinity;

  /** @param secret the relay's; what is hidden with it is found with it only. */
  constructor(secret: Uint8Array) {
    this.#key = createHmac("sha256", secret).update("ids").digest().subarray(0, BLOCK);
  }

  /** An id for a request that begins now, unlike any other: 32 hexadecimal digits. */
  readonly next = (): string => {
    const now = performance.now();
    if (this.#used === BATCH || now - this.#madeAt > FRESH_MS) this.#make(now);
    const at = this.#used++ * 2 * BLOCK;
    return this.#texts.slice(at, at + 2 * BLOCK);
  };

  /** About when the request with that id began, ms since 1970: then, or up to a second later. Undefined where the id is none of ours. */
  beganAt(id: string): number | undefined {
    return this.#read("request", id);
  }

  /** A number as a text. */
  hide(kind: CursorKind, number: number): string {
    write(this.#block, 0, KINDS[kind], number);
    return this.#hidden(this.#block);
  }

  /** The same for many at once. */
  hideAll(kind: CursorKind, numbers: readonly number[]): string[] {
    const blocks = Buffer.alloc(numbers.length * BLOCK);
    for (const [i, number] of numbers.entries()) write(blocks, i * BLOCK, KINDS[kind], number);
    const texts = this.#hidden(blocks);
    return numbers.map((_, i) => texts.slice(i * 2 * BLOCK, (i + 1) * 2 * BLOCK));
  }

  /** The number that `hide` has made that text of; undefined for any other text. */
  find(kind: CursorKind, text: string): number | undefined {
    return this.#read(kind, text);
  }

  #make(now: number): void {
    const time = Date.now();
    for (let at = 0; at < BATCH * BLOCK; at += BLOCK) {
      write(this.#batch, at, KINDS.request, time);
      this.#count = (this.#count + 1) >>> 0;
      this.#batch.writeUInt32BE(this.#count, at + COUNT_AT);
    }
    this.#texts = this.#hidden(this.#batch);
    this.#used = 0;
    this.#madeAt = now;
  }

  #hidden(blocks: Buffer): string {
    const cipher = createCipheriv("aes-128-ecb", this.#key, null);
    cipher.setAutoPadding(false);
    const hidden = cipher.update(blocks);
    cipher.final(); // it holds a resource until then
    return hidden.toString("hex");
  }

  #read(kind: keyof typeof KINDS, text: string): number | undefined {
    if (!/^[0-9a-f]{32}$/.test(text)) return undefined;
    const decipher = createDecipheriv("aes-128-ecb", this.#key, null);
    decipher.setAutoPadding(false);
    const block = decipher.update(Buffer.from(text, "hex"));
    decipher.final();
    const isOurs = block[0] === KINDS[kind] && block.readUInt32BE(BLOCK - 4) === 0;
    if (!isOurs) return undefined;
    return block[HIGH_AT]! * 2 ** 48 + block.readUIntBE(NUMBER_AT, NUMBER_BYTES);
  }
}

/** @param number whole, up to 2 ** 53 */
function write(blocks: Buffer, at: number, kind: number, number: number): void {
  const low = number % 2 ** 48;
  blocks[at] = kind;
  blocks.writeUIntBE(low, at + NUMBER_AT, NUMBER_BYTES);
  blocks[at + HIGH_AT] = (number - low) / 2 ** 48;
}
