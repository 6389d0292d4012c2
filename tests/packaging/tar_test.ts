/** Archives hold what was put into them, and are the same every time. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { tar, type TarFile } from "../../packaging/tar.ts";

const files: TarFile[] = [
  { path: "deno", content: new Uint8Array(513).fill(7), executable: true },
  { path: "app/empty", content: new Uint8Array() },
  { path: "app/leeks by the moon 🌙.csv", content: new TextEncoder().encode("a,b\n") },
  {
    path: `app/${"d".repeat(90)}/${"e".repeat(60)}/${"f".repeat(95)}`,
    content: new Uint8Array(512),
  },
];

function bytesOf(list: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const pieces = [...tar(list)];
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

Deno.test("tar: the system's tar takes out what was put in, modes included", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(join(folder, "a.tar"), bytesOf(files));
    const { success, stderr } = await new Deno.Command("tar", {
      args: ["-xf", "a.tar"],
      cwd: folder,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    for (const { path, content, executable = false } of files) {
      assert.deepEqual(await Deno.readFile(join(folder, path)), content, path);
      if (Deno.build.os === "windows") continue;
      assert.equal(((await Deno.stat(join(folder, path))).mode! & 0o100) > 0, executable, path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("tar: the same files make the same bytes, in whole blocks", () => {
  const bytes = bytesOf(files);
  assert.deepEqual(bytes, bytesOf(files));
  assert.equal(bytes.length % 512, 0);
});

Deno.test("tar: a path that the format cannot hold is refused, not cut", () => {
  const path = `app/${"x".repeat(101)}`;
  assert.throws(() => bytesOf([{ path, content: new Uint8Array() }]), RangeError);
});
