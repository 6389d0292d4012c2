/** Makes a process' disk slow: a library that is loaded before all others, where every fsync takes its time. @module */

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_a_while(void) {
  const char *ms = getenv("SLOW_DISK_MS");
  if (ms) usleep(atoi(ms) * 1000);
}
int fsync(int fd) {
  wait_a_while();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  wait_a_while();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
`;

/** The variables under which a program's every fsync takes `ms`; null where there is no C compiler. */
export async function slowDisk(dir: string, ms: number): Promise<Record<string, string> | null> {
  const [source, library] = [`${dir}/slow_disk.c`, `${dir}/slow_disk.so`];
  Deno.writeTextFileSync(source, SOURCE);
  try {
    const { success, stderr } = await new Deno.Command("gcc", {
      args: ["-shared", "-fPIC", "-o", library, source, "-ldl"],
      stderr: "piped",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  return { LD_PRELOAD: library, SLOW_DISK_MS: String(ms) };
}
