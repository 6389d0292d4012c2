/** Claims about finding a stream for each visitor of an agent, and waiting for one. @module */

import assert from "node:assert/strict";
import { TICK } from "../../../http/mod.ts";
import { MockClock } from "../../support/mock_clock.ts";
import { connect, FakeSession, seek, Seeker } from "./fake_session.ts";

let clock: MockClock;

/** Runs a test whose time is its own. */
function timed(test: () => void): () => void {
  return () => {
    using _ = clock = new MockClock();
    test();
    // Whoever still waits gives up, and the clock stops.
    clock.tick(60_000);
  };
}

Deno.test(
  "agent: a visitor gets a stream at once while there is room",
  timed(() => {
    const { agent, session } = connect();
    const [a, b] = seek(agent, 2);
    assert.deepEqual([a!.got, b!.got], [session, session]);
    assert.equal(agent.streams, 2);
  }),
);

Deno.test(
  "agent: of several connections the one with the fewest streams is taken, never one that drains",
  timed(() => {
    const { agent, session: first } = connect({ session: new FakeSession(10) });
    const second = new FakeSession(10);
    const drained = new FakeSession(10);
    drained.draining = true;
    agent.add(second.session);
    agent.add(drained.session);
    seek(agent, 6);
    assert.deepEqual([first.streams, second.streams, drained.streams], [3, 3, 0]);
  }),
);

Deno.test(
  "agent: asks for a further connection when one is half full, once",
  timed(() => {
    const { agent, session } = connect({ session: new FakeSession(8) });
    seek(agent, 3);
    assert.deepEqual(session.said, []);
    seek(agent, 5);
    assert.deepEqual(session.said, ["crowded"]);
  }),
);

Deno.test(
  "agent: who finds no room waits in line, and the first in line is served first",
  timed(() => {
    const { agent, session } = connect({ waiting: 3 });
    const [, , c, d] = seek(agent, 4);
    assert.deepEqual([c!.got, d!.got], [undefined, undefined]);
    session.release();
    assert.deepEqual([c!.got, d!.got], [session, undefined]);
    // Room that comes back belongs to the line, not to who comes just then.
    const late = new Seeker();
    session.onrelease = null;
    session.release();
    agent.request(late);
    assert.equal(late.got, undefined);
    agent.add(new FakeSession(0).session);
    assert.deepEqual([d!.got, late.got], [session, undefined]);
  }),
);

Deno.test(
  "agent: the line is as long as its bound, however many connections there are, and no longer",
  timed(() => {
    const { agent } = connect({ waiting: 2 });
    const seekers = seek(agent, 5);
    assert.deepEqual(seekers.slice(2).map(({ got }) => got), [undefined, undefined, null]);
    agent.add(new FakeSession(0).session);
    assert.equal(seek(agent, 1)[0]!.got, null);
  }),
);

Deno.test(
  "agent: those in line hold 32 MiB together at the most",
  timed(() => {
    const { agent } = connect({ waiting: 4_096 });
    seek(agent, 2);
    const large = Array.from({ length: 600 }, () => {
      const seeker = Object.assign(new Seeker(), { weight: 64 << 10 });
      agent.request(seeker);
      return seeker;
    });
    assert.equal(large.filter(({ got }) => got === undefined).length, 512);
    agent.cancel(large[0]!);
    assert.equal(seek(agent, 1)[0]!.got, undefined);
  }),
);

Deno.test(
  "agent: while somebody waits a further connection is asked for again and again",
  timed(() => {
    const { agent, session } = connect({ session: new FakeSession(8), waiting: 10 });
    seek(agent, 9);
    assert.deepEqual(session.said, ["crowded", "crowded"]);
    clock.tick(2 * TICK);
    assert.equal(session.said.length, 4);
    session.release();
    clock.tick(4 * TICK);
    assert.equal(session.said.length, 4);
  }),
);

Deno.test(
  "agent: a further connection serves who waits",
  timed(() => {
    const { agent } = connect();
    const [, , c, d] = seek(agent, 4);
    const second = new FakeSession(1);
    agent.add(second.session);
    assert.deepEqual([c!.got, d!.got], [second, undefined]);
  }),
);

Deno.test(
  "agent: who gave up is passed over",
  timed(() => {
    const { agent, session } = connect();
    const [, , c, d] = seek(agent, 4);
    agent.cancel(c!);
    session.release();
    assert.deepEqual([c!.got, d!.got], [undefined, session]);
  }),
);

Deno.test(
  "agent: nobody waits longer than the time for it",
  timed(() => {
    const { agent, session } = connect({ wait: 5_000 });
    const [, , early] = seek(agent, 3);
    clock.tick(3_000);
    const [late] = seek(agent, 1);
    clock.tick(2_000 - TICK);
    assert.deepEqual([early!.got, late!.got], [undefined, undefined]);
    clock.tick(2 * TICK);
    assert.deepEqual([early!.got, late!.got], [null, undefined]);
    session.release();
    assert.equal(late!.got, session);
  }),
);

Deno.test(
  "agent: when its last connection ends, everybody in line is told",
  timed(() => {
    const { agent, session } = connect();
    const second = new FakeSession(0);
    agent.add(second.session);
    const [, , c] = seek(agent, 3);
    assert.equal(agent.remove(second.session), false);
    assert.equal(c!.got, undefined);
    assert.equal(agent.remove(session.session), true);
    assert.equal(c!.got, null);
    assert.equal(seek(agent, 1)[0]!.got, null);
  }),
);
