/** A port for programs that cannot take 0: free, and in nobody else's way. @module */

/** Below what systems give to connections and to those who ask for port 0 (Linux: from 32768 on). */
const LOWEST = 20_000;
const HIGHEST = 32_000;

const given = new Set<number>();

/** A port that is free on all addresses; never the same twice in one process. */
export function freePort(): number {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port)) continue;
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) continue;
      throw error;
    }
    given.add(port);
    return port;
  }
}
