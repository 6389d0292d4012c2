/** Gives memory back to the system after a rush, which the C library would keep for the next one. @module */

import { freeBuffers, freedBytes, TICK, unwatch, watch, type Watched } from "../http/mod.ts";

/** So much must have been freed that it is worth the while, in bytes. */
const MUCH = 8 << 20;
/** The rush is over when less than this was freed in so many ticks. */
const LITTLE = 1 << 20;
const QUIET = 2_000 / TICK;

/** Once for the process: a library that is loaded can be in use on its thread at any time. */
const trim = cLibraryTrim();

/** Looks after it from its making until it is disposed. */
export class MemoryKeeper implements Watched, Disposable {
  /** `freedBytes` when memory was given back last, and when a rush was seen last. */
  #given = freedBytes();
  #mark = freedBytes();
  #quiet = 0;

  constructor() {
    watch(this);
  }

  tick(): void {
    const freed = freedBytes();
    if (++this.#quiet < QUIET) return;
    const rush = freed - this.#mark >= LITTLE;
    this.#quiet = 0;
    this.#mark = freed;
    if (rush || freed - this.#given < MUCH) return;
    freeBuffers();
    trim();
    this.#given = this.#mark = freedBytes();
  }

  [Symbol.dispose](): void {
    unwatch(this);
  }
}

/** glibc's `malloc_trim`, on a thread of its own; nothing where there is none, or none is allowed. */
function cLibraryTrim(): () => void {
  if (Deno.build.os !== "linux") return () => {};
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      malloc_trim: { parameters: ["usize"], result: "i32", nonblocking: true },
    });
    return () => void symbols.malloc_trim(0n);
  } catch {
    return () => {};
  }
}
