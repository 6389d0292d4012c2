/** Claims about restoring an archive that somebody made to do harm: nothing of it gets anywhere. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { CommandFailure } from "../../../../cli/mod.ts";
import { restore } from "../../../../relay/commands/backup/restore.ts";
import { save } from "../../../../relay/commands/backup/save.ts";
import { openStore } from "../../../../relay/store/mod.ts";
import { TempDir } from "../../store/temp_dir.ts";

interface Entry {
  readonly name: string;
  readonly bytes?: Uint8Array;
  readonly size?: string;
  readonly kind?: string;
}

/** A tar archive with a right sum for each head, and the list of sums that its files have. */
function archive(entries: readonly Entry[]): Uint8Array {
  const sums = entries.map(({ name, bytes = new Uint8Array() }) =>
    `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`
  );
  const list = { name: "SHA256SUMS", bytes: new TextEncoder().encode(sums.join("")) };
  const parts = [...entries, list].flatMap(({ name, bytes = new Uint8Array(), ...more }: Entry) => {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write(more.size ?? bytes.length.toString(8).padStart(11, "0"), 124, "latin1");
    head.fill(" ", 148, 156);
    head.write(more.kind ?? "0", 156, "latin1");
    head.write("ustar\x0000", 257, "latin1");
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(sum.toString(8).padStart(6, "0") + "\0 ", 148, "latin1");
    return [head, bytes, Buffer.alloc((512 - bytes.length % 512) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const about: Entry = {
  name: "crunch-backup.json",
  bytes: text({ format: 1, software: "crunch/0", made: "2026-01-01T00:00:00Z", log: false }),
};

Deno.test("restore: a hostile archive is refused with a reason, and leaves nothing", async (t) => {
  using dir = new TempDir();
  {
    using store = openStore(dir.at("source"));
    assert(store);
  }
  const database: Entry = {
    name: "crunch.db",
    bytes: Deno.readFileSync(dir.at("source/crunch.db")),
  };
  const told = (value: unknown): Entry => ({ name: about.name, bytes: text(value) });
  const hostile: Record<string, readonly Entry[]> = {
    "a path upwards": [about, database, { name: "../planted" }],
    "an absolute path": [about, database, { name: "/tmp/planted" }],
    "a symbolic link": [about, database, { name: "keys", kind: "2" }],
    "a hard link": [about, database, { name: "keys", kind: "1" }],
    "a directory": [about, database, { name: "keys", kind: "5" }],
    "a long name's entry": [about, database, { name: "keys", kind: "L" }],
    "a negative size": [about, database, { name: "keys", size: "-0000000777" }],
    "no size": [about, database, { name: "keys", size: "" }],
    "a size in other digits": [about, database, { name: "keys", size: "00000000009" }],
    "a name twice": [about, database, database],
    "a file that is a directory too": [about, database, { name: "crunch.db/x" }],
    "the relay's lock": [about, database, { name: "relay.lock" }],
    "a list of files to move": [about, database, { name: ".list", bytes: text(["../planted"]) }],
    "a set to move": [about, database, { name: "restored/.list", bytes: text(["../planted"]) }],
    "a database's log": [about, database, { name: "crunch.db-wal", bytes: text("x") }],
    "null for what it is": [told(null), database],
    "a list for what it is": [told([]), database],
    "a time that a terminal acts on": [
      told({ format: 1, software: "crunch/0", made: "\x1b]0;owned\x07", log: false }),
      database,
    ],
    "a program that is no text": [
      told({ format: 2, software: { length: 9 }, made: "2026-01-01T00:00:00Z" }),
      database,
    ],
  };
  const file = dir.at("hostile.tar");
  const data = dir.at("data");
  for (const [what, entries] of Object.entries(hostile)) {
    await t.step(what, () => {
      Deno.writeFileSync(file, archive(entries));
      assert.throws(
        () => restore(file, { data, replace: false }),
        (error) =>
          error instanceof CommandFailure &&
          /cannot restore .*nothing was changed$/.test(error.message),
      );
      assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name).sort(), [
        "hostile.tar",
        "source",
      ]);
    });
  }

  await t.step("the same without any of it is restored", () => {
    Deno.writeFileSync(file, archive([about, database, { name: "keys/a.pem", bytes: text("k") }]));
    assert.equal(restore(file, { data, replace: false }).accounts, 0);
    assert.equal(Deno.readTextFileSync(`${data}/keys/a.pem`), '"k"');
    save(dir.at("again.tar"), { data, software: "crunch/0", log: false });
    assert.equal(restore(dir.at("again.tar"), { data, replace: true }).accounts, 0);
  });
});
