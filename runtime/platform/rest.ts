/** Share of the time waited so far, which bounds the delay. */
const SHARE = 1 / 64;
/** Milliseconds: the longest sleep, and the longest turn of the event loop without other work than Dawn's polling. */
const LONGEST = 1;
const IDLE_TURN = 0.2;

/**
 * Waits for a device in Node without keeping a core busy. While a promise is pending, Dawn's Node binding polls the device
 * in every turn of the event loop, which spins on a core that a software adapter needs. So the thread sleeps between turns
 * for a share of the time waited so far, unless there is other work.
 */
export class Rest {
  readonly #asleep = new Int32Array(new SharedArrayBuffer(4));
  #open = 0;
  #isTurning = false;
  #waitingSince = 0;
  #turnEnded = 0;

  /** Resolves or rejects as the promise does. */
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
