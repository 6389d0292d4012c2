/** Claims about finding the relay of this machine, and its credential. @module */

import assert from "node:assert/strict";
import { accessOf, localAccess, localAccessTo, NoLocalRelay } from "../../agent/local_access.ts";
import type { LocalRelay, Surroundings } from "../../cli/mod.ts";
import { formatToken } from "../../tunnel/mod.ts";
import { TempDir } from "../relay/store/temp_dir.ts";

/** Above what Linux gives out (4,194,304), so that nobody has it. */
const NOBODY = 4_194_305;
const credential = formatToken(new Uint8Array(32).fill(7));

/** A runtime directory with the files of these relays. */
class Machine implements Disposable {
  readonly #dir = new TempDir();
  readonly around: Surroundings = {
    env: { XDG_RUNTIME_DIR: this.#dir.path },
    os: "linux",
    root: false,
  };

  constructor(...relays: Array<Partial<LocalRelay>>) {
    Deno.mkdirSync(this.#dir.at("crunch"));
    relays.forEach((relay, index) => {
      const name = index === 0 ? "local.json" : `local-${index}.json`;
      const usual = { tunnel: `127.0.0.1:${8021 + index}`, http: "127.0.0.1:8080", credential };
      const text = JSON.stringify({ ...usual, pid: Deno.pid, ...relay });
      Deno.writeTextFileSync(this.#dir.at(`crunch/${name}`), text);
    });
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

/** What `localAccess` says instead of finding one. */
function refusal({ around }: Machine): NoLocalRelay {
  try {
    localAccess(around);
  } catch (error) {
    if (error instanceof NoLocalRelay) return error;
    throw error;
  }
  throw new Error("A relay was found");
}

Deno.test("local access: the relay of this machine is found, with its credential", () => {
  using machine = new Machine({});
  const access = localAccess(machine.around);
  assert.deepEqual(access.relay, { transport: "tcp", hostname: "127.0.0.1", port: 8021 });
  assert.equal(access.credential.method, "token");
});

Deno.test("local access: without any the line that starts one is said", () => {
  using machine = new Machine();
  const { message, several } = refusal(machine);
  assert.match(message, /no relay runs on this machine.*:\n {2}crunch relay\n/);
  assert.equal(several, false);
});

Deno.test("local access: a relay that died leaves a file that is said to be stale", () => {
  using machine = new Machine({ pid: NOBODY });
  const { message, several } = refusal(machine);
  assert.match(message, /local\.json is gone; start it with:\n {2}crunch relay/);
  assert.equal(several, false);
});

Deno.test("local access: of several files those whose relays died do not count", () => {
  using machine = new Machine({ pid: NOBODY }, {}, { pid: NOBODY });
  assert.equal(localAccess(machine.around).relay.port, 8022);
});

Deno.test("local access: several relays are listed, each as the option that chooses it", () => {
  using machine = new Machine({}, { pid: Deno.ppid, http: "127.0.0.1:9090" });
  const { message, several } = refusal(machine);
  assert.equal(several, true);
  assert.match(message, /^2 relays run on this machine/);
  assert.match(message, /--relay 127\.0\.0\.1:8021 /);
  assert.match(message, /--relay 127\.0\.0\.1:8022 .*127\.0\.0\.1:9090/);
});

Deno.test("local access: a relay that is named gets the local credential if it is of this machine", () => {
  using machine = new Machine({}, { pid: Deno.ppid }, { pid: NOBODY });
  assert.equal(localAccessTo("127.0.0.1:8022", machine.around)?.relay.port, 8022);
  assert.equal(localAccessTo("127.0.0.1:8023", machine.around), undefined);
  assert.equal(localAccessTo("192.0.2.7:8021", machine.around), undefined);
});

Deno.test("local access: a credential that is none is not tried", () => {
  for (const text of ["", "x", credential.slice(0, -1)]) {
    assert.throws(() => accessOf({ tunnel: "127.0.0.1:1", credential: text }), NoLocalRelay);
  }
});
