/** Of the time waited so far: news is late by at most this. */
const SHARE = 1 / 64;
/** Milliseconds: the longest sleep, and how long a turn may take before other work than Dawn's question was in it. */
const LONGEST = 1;
const IDLE_TURN = 0.2;

/**
 * Waits for a device in Node without keeping a core busy. While a promise of Dawn's is open, its Node binding asks the
 * device for news in every turn of the event loop, and the loop turns as fast as a core can. A software adapter computes
 * on the same cores. So the thread sleeps between turns, by a share of what it has waited, if no other work came.
 */
export class Rest {
  readonly #asleep = new Int32Array(new SharedArrayBuffer(4));
  #open = 0;
  #isTurning = false;
  #waitingSince = 0;
  #turnEnded = 0;

  /** The same promise's outcome. */
  async until<T>(pending: Promise<T>): Promise<T> {
    this.#open++;
    this.#waitingSince = performance.now();
    if (!this.#isTurning) this.#turn();
    try {
      return await pending;
    } finally {
      this.#open--;
      this.#waitingSince = performance.now();
    }
  }

  #turn(): void {
    this.#isTurning = this.#open > 0;
    if (!this.#isTurning) return;
    const now = performance.now();
    if (now - this.#turnEnded < IDLE_TURN)
      Atomics.wait(this.#asleep, 0, 0, Math.min(LONGEST, (now - this.#waitingSince) * SHARE));
    this.#turnEnded = performance.now();
    setImmediate(() => this.#turn());
  }
}
