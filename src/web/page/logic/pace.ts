/** The speed of a run over its last steps, so that it follows changes. */

/** The rate is averaged over this many milliseconds. */
const WINDOW = 20_000;

export class Pace {
  #steps: number[] = [];
  #sum = 0;

  /** @param milliseconds wall time of one step */
  add(milliseconds: number): void {
    this.#steps.push(milliseconds);
    this.#sum += milliseconds;
    while (this.#sum > WINDOW && this.#steps.length > 2) this.#sum -= this.#steps.shift()!;
  }

  /** Steps per second; null before the second step, as the first one also compiles kernels. */
  stepsPerSecond(): number | null {
    if (this.#steps.length < 2 || this.#sum <= 0) return null;
    // the slowest step of a short history is the one that compiled
    const isShort = this.#steps.length <= 8;
    const slowest = isShort ? Math.max(...this.#steps) : 0;
    return ((this.#steps.length - (isShort ? 1 : 0)) * 1000) / (this.#sum - slowest);
  }

  /** Estimated seconds for a number of steps; null while unknown. */
  secondsFor(steps: number): number | null {
    const rate = this.stepsPerSecond();
    return rate === null ? null : steps / rate;
  }
}
