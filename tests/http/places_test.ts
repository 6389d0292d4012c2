/** Claims about places for who is not known yet: whoever comes gets one, at the cost of who has most. @module */

import assert from "node:assert/strict";
import { Places } from "../../http/mod.ts";

/** `count` people of one address. */
function fill(places: Places<string>, address: string, count: number): (string | null)[] {
  return Array.from({ length: count }, (_, i) => places.take(`${address} ${i}`, address));
}

Deno.test("places: while there are some nobody has to go, and who left makes room", () => {
  const places = new Places<string>(() => 3);
  assert.deepEqual(fill(places, "192.0.2.1", 3), [null, null, null]);
  places.leave("192.0.2.1 1", "192.0.2.1");
  places.leave("192.0.2.1 1", "192.0.2.1");
  assert.equal(places.size, 2);
  assert.equal(places.take("late", "192.0.2.2"), null);
  assert.deepEqual(places.all(), ["192.0.2.1 0", "192.0.2.1 2", "late"]);
});

Deno.test("places: when all are taken the oldest of the busiest address goes, and nobody else, ever", () => {
  const places = new Places<string>(() => 10);
  fill(places, "192.0.2.7", 1);
  fill(places, "192.0.2.8", 2);
  const gone = fill(places, "192.0.2.66", 1_000).filter((who) => who !== null);
  assert.equal(gone.length, 993);
  assert.deepEqual(gone, gone.map((_, i) => `192.0.2.66 ${i}`));
  assert.equal(places.take("new", "192.0.2.9"), "192.0.2.66 993");
  assert.equal(places.size, 10);
});

Deno.test("places: loopback is an address like others, and a network of IPv6 is one", () => {
  const places = new Places<string>(() => 4);
  fill(places, "127.0.0.1", 3);
  assert.equal(places.take("a", "2001:db8:0:1::1"), null);
  assert.equal(places.take("b", "2001:db8:0:1:ffff::2"), "127.0.0.1 0");
  assert.equal(places.take("c", "2001:db8:0:1::3"), "a");
});
