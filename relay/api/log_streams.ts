/** Streams of the request log: for a reader what it may see, matched for all of them in one place. @module */

import { LogFollowers, type LogReader } from "../store/mod.ts";
import type { ApiContext, LiveRelay } from "./context.ts";
import type { Source } from "./event_stream.ts";
import { askerOf, type Identity, seesAll } from "./identity.ts";
import { Problem } from "./problem.ts";
import { followRequests, RowTexts, type Wanted } from "./request_stream.ts";
import { BARE_NUMBER, cursorOf } from "./routing.ts";

export class LogStreams {
  readonly #context: ApiContext;
  readonly #texts: RowTexts;
  #followers: LogFollowers | undefined;

  constructor(context: ApiContext) {
    this.#context = context;
    this.#texts = new RowTexts(context.store.ids);
  }

  /** The place in the log that a cursor is; who sees everything may count it. @throws {Problem} 422. */
  seqOf(me: Identity, cursor: string | undefined, field?: string): number | undefined {
    if (cursor !== undefined && seesAll(me) && BARE_NUMBER.test(cursor)) return Number(cursor);
    return cursorOf(this.#context.store.ids, "log", cursor, field);
  }

  /** From where a stream goes on. @throws {Problem} 422. */
  after(me: Identity, cursor: string | undefined): Omit<Wanted, "filter"> {
    const isForgotten = cursor !== undefined && !seesAll(me) && BARE_NUMBER.test(cursor);
    return { isForgotten, after: isForgotten ? undefined : this.seqOf(me, cursor, "after") };
  }

  /** What sends those requests; `isAddressed` says with each for which of them it is. @throws {Problem} 503 where no relay runs. */
  source(
    me: Identity,
    wanted: readonly Wanted[],
    { isAddressed = false } = {},
  ): Source {
    const { live, reader } = running(this.#context);
    const { requestLog } = live;
    const followers = this.#followers ??= new LogFollowers(requestLog, reader);
    return (sender) =>
      followRequests(sender, {
        ...{ requestLog, reader, followers, wanted, isAddressed },
        asker: askerOf(me),
        texts: this.#texts,
        // How much others had is not a member's business.
        showsGaps: seesAll(me),
      });
  }
}

/** @throws {Problem} 503 where no relay runs. */
function running({ live, reader }: ApiContext): { live: LiveRelay; reader: LogReader } {
  if (live === null || reader === null) throw new Problem(503, "not-running", "No relay runs here");
  return { live, reader };
}
