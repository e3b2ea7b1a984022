/**
 * Checks an abort signal between bounded pieces of long work, and lets the host's events in: a loop whose awaits all
 * resolve at once, or that has none, would delay Ctrl-C or a message from the page until its end.
 */
import { InterruptedError } from './errors.ts';

/** Milliseconds of work after which the event loop gets a turn. */
const TURN = 50;

export class SignalWatch {
  readonly #signal: AbortSignal | undefined;
  #lastTurn = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Await this between pieces of work that take well below a second each.
   * @param doing a clause for the error: `raabin train was read`
   * @throws InterruptedError when the signal is aborted
   */
  async look(doing: string): Promise<void> {
    if (performance.now() - this.#lastTurn >= TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    if (this.#signal?.aborted) throw interrupted(doing);
  }

  /**
   * The result of `work`, unless the signal is aborted first; `work` is then no longer awaited. For reading only:
   * writes have to be completed.
   * @throws InterruptedError when the signal is aborted
   */
  async during<T>(work: Promise<T>, doing: string): Promise<T> {
    const signal = this.#signal;
    if (!signal) return work;
    let stop = () => {};
    const abortion = new Promise<never>((_, reject) => {
      stop = () => reject(interrupted(doing));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([abortion, work]);
    } finally {
      signal.removeEventListener('abort', stop);
      work.catch(() => {}); // no longer awaited
    }
  }
}

const interrupted = (doing: string): InterruptedError =>
  new InterruptedError(`interrupted while ${doing}, before the first step.`, {
    remedy: 'the same command begins again',
  });
