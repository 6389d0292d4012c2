/** A directory made for one test, published by an origin, with a clock that can be moved. @module */

import { utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { createDirectoryOrigin, type DirectoryOriginOptions } from "../../../agent/files/mod.ts";
import type { Origin } from "../../../agent/origin.ts";
import { FakeExchange, type FakeRequest } from "../../support/fake_exchange.ts";
import { MockClock } from "../../support/mock_clock.ts";

/** How to write a file. */
export interface FileOptions {
  /** Its mtime. */
  readonly mtime?: Date;
}

/** What a request may have besides its path. */
export type RequestOptions = Omit<FakeRequest, "target"> & {
  /** The public path in front; default "". */
  readonly base?: string;
};

/** A temporary directory and its origin; both end with it. */
export class Site implements Disposable {
  /** The directory around the root: what is here must not get out. */
  readonly outside: string;
  /** The directory that is published. */
  readonly root: string;
  readonly origin: Origin;

  constructor(options: Partial<DirectoryOriginOptions> = {}) {
    this.outside = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "crunch-test-" }));
    this.root = join(this.outside, "root");
    Deno.mkdirSync(this.root);
    this.origin = createDirectoryOrigin({ root: this.root, ...options });
  }

  /** The path of a name below the root. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** Writes a file below the root, with the directories it needs. */
  write(name: string, content: string | Uint8Array, { mtime }: FileOptions = {}): string {
    const path = this.path(name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeFileSync(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    if (mtime !== undefined) utimesSync(path, mtime, mtime);
    return path;
  }

  /** Hands a request to the origin without waiting for the answer. */
  begin(target: string, { base = "", ...request }: RequestOptions = {}): FakeExchange {
    const exchange = new FakeExchange({ target, ...request });
    this.origin.handle(exchange, target.split("?", 1)[0]!, base);
    exchange.seal();
    return exchange;
  }

  /** Asks for a path and waits for the answer. */
  get(target: string, request: RequestOptions = {}): Promise<FakeExchange> {
    return this.begin(target, request).done;
  }

  /** Asks with HEAD. */
  head(target: string, request: RequestOptions = {}): Promise<FakeExchange> {
    return this.get(target, { ...request, method: "HEAD" });
  }

  [Symbol.dispose](): void {
    this.origin[Symbol.dispose]();
    Deno.removeSync(this.outside, { recursive: true });
  }
}

/** The process's clocks, the date ahead by as much as it was moved: files written now are old then. */
export class Clock extends MockClock {
  /** `ahead` in ms. */
  constructor(ahead = 0) {
    super();
    this.setDate(ahead);
  }
}

/** `size` bytes in which every place differs from its neighbours. */
export function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 255;
  return bytes;
}

/** How many descriptors this process has open that lie below `directory`; -1 where that is not known. */
export function openFilesBelow(directory: string): number {
  if (Deno.build.os !== "linux") return -1;
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(directory)) count++;
    } catch {
      // the descriptor by which the list was read
    }
  }
  return count;
}
