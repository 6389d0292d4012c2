/** How much all event streams may send together, so that what they cost is a small part of the thread that serves visitors. @module */

/** Characters a second, of all accounts together: some 2 % of a thread. Each has an equal part. */
const IN_ALL = 8 << 20;
/** An account may save up for so long, ms. */
const SAVED = 500;
/** Who has nothing left waits for the next of these moments, ms. */
const STEP = 100;

interface Account {
  left: number;
  at: number;
}

/** What accounts may still send. */
export class SendBudget {
  readonly #shares: () => number;
  readonly #accounts = new Map<string, Account>();
  readonly #waiting = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param shares how many accounts share it now */
  constructor(shares: () => number) {
    this.#shares = shares;
  }

  /** Whether `account` has something left; else `resume` is called when it is worth asking again. */
  has(account: string, resume: () => void): boolean {
    if (this.#refilled(account).left > 0) return true;
    this.#waiting.add(resume);
    this.#timer ??= setTimeout(() => this.#wake(), STEP);
    return false;
  }

  /** It has sent so many characters. What went beyond its part is missing later. */
  spend(account: string, characters: number): void {
    this.#refilled(account).left -= characters;
  }

  /** `resume` is no longer to be called. */
  leave(resume: () => void): void {
    this.#waiting.delete(resume);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Its last stream is gone. */
  forget(account: string): void {
    this.#accounts.delete(account);
  }

  #refilled(name: string): Account {
    const now = performance.now();
    const rate = IN_ALL / Math.max(1, this.#shares()) / 1_000;
    const most = rate * SAVED;
    let account = this.#accounts.get(name);
    if (account === undefined) this.#accounts.set(name, account = { left: most, at: now });
    account.left = Math.min(most, account.left + rate * (now - account.at));
    account.at = now;
    return account;
  }

  #wake(): void {
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}
