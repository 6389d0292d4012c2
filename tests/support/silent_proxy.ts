/** A TCP proxy that can fall silent, like a network that loses everything and tells nobody. @module */

type Direction = "up" | "down";

/** Forwards connections to one address. `up` is from who dialled to that address. */
export class SilentProxy implements AsyncDisposable {
  readonly address: string;
  /** Bytes that passed. */
  readonly passed: Record<Direction, number> = { up: 0, down: 0 };
  readonly #listener: Deno.TcpListener;
  readonly #target: { hostname: string; port: number };
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #pumps = new Set<Promise<void>>();
  readonly #silent: Record<Direction, PromiseWithResolvers<void> | null> = { up: null, down: null };
  readonly #accepting: Promise<void>;
  #closed = false;

  constructor(target: string) {
    const [hostname, port] = target.split(":") as [string, string];
    this.#target = { hostname, port: Number(port) };
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${this.#listener.addr.port}`;
    this.#accepting = this.#accept();
  }

  /** How many connections there are, both of their ends counted. */
  get size(): number {
    return this.#conns.size;
  }

  /** Breaks the oldest or the newest connection. */
  cut(which: "first" | "last"): void {
    const conns = [...this.#conns];
    for (const conn of which === "first" ? conns.slice(0, 2) : conns.slice(-2)) this.#drop(conn);
  }

  /** Nothing passes that way any more, the end of a connection neither. */
  silence(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#silent[direction] ??= Promise.withResolvers();
  }

  /** Everything passes again, what waited first. */
  resume(): void {
    for (const direction of ["up", "down"] as const) {
      this.#silent[direction]?.resolve();
      this.#silent[direction] = null;
    }
  }

  async #accept(): Promise<void> {
    for (;;) {
      let near: Deno.TcpConn;
      try {
        near = await this.#listener.accept();
      } catch {
        return;
      }
      this.#track(this.#serve(near));
    }
  }

  #track(work: Promise<void>): void {
    this.#pumps.add(work);
    work.finally(() => this.#pumps.delete(work));
  }

  async #serve(near: Deno.TcpConn): Promise<void> {
    this.#conns.add(near);
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect(this.#target);
    } catch {
      return this.#drop(near);
    }
    // It ended meanwhile.
    if (!this.#conns.has(near)) return far.close();
    this.#conns.add(far);
    near.setNoDelay(true);
    far.setNoDelay(true);
    await Promise.all([this.#pump(near, far, "up"), this.#pump(far, near, "down")]);
    this.#drop(near);
    this.#drop(far);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, direction: Direction): Promise<void> {
    const buffer = new Uint8Array(64 << 10);
    try {
      for (;;) {
        const count = await from.read(buffer);
        while (this.#silent[direction] !== null) await this.#silent[direction]!.promise;
        if (count === null) return await to.closeWrite();
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
        this.passed[direction] += count;
      }
    } catch {
      // One of the two broke: so does the other.
      if (this.#silent.up === null && this.#silent.down === null) {
        this.#drop(from);
        this.#drop(to);
      }
    }
  }

  #drop(conn: Deno.TcpConn): void {
    if (!this.#conns.delete(conn)) return;
    try {
      conn.close();
    } catch {
      // Closed already.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    for (const conn of [...this.#conns]) this.#drop(conn);
    this.resume();
    await this.#accepting;
    await Promise.all(this.#pumps);
  }
}
