/** `--profile`: times every launch of a few early steps. They take longer but compute bitwise the same as plain steps. */
import { type Context, chromeTrace, type LaunchTime, measurePeaks, profileTable } from '../../runtime/index.ts';
import { UsageError } from '../base/errors.ts';

/** Steps of this process to profile: after the first, which warms up caches, and enough for a table with little noise. */
const FIRST = 2;
const STEPS = 5;

export class StepProfile {
  readonly #context: Context;
  readonly #first: number;
  readonly #last: number;
  readonly #steps: LaunchTime[][] = [];

  /**
   * @param doneSteps steps done by an earlier process   @param steps total steps of the run
   * @throws UsageError when the adapter does not support timestamps
   */
  constructor(context: Context, doneSteps: number, steps: number) {
    if (!context.features.timestampQuery) {
      throw new UsageError('--profile: this adapter cannot time its work (WebGPU feature timestamp-query).', {
        details: [`adapter ${context.info.description || context.info.device}`],
        remedy: 'no --profile, or another --adapter (--list-adapters prints them)',
      });
    }
    this.#context = context;
    this.#first = Math.min(doneSteps + FIRST, Math.max(steps - STEPS, doneSteps));
    this.#last = Math.min(this.#first + STEPS, steps) - 1;
  }

  wants(step: number): boolean {
    return step >= this.#first && step <= this.#last;
  }

  add(launches: LaunchTime[]): void {
    this.#steps.push(launches);
  }

  /** After the last profiled step: the table to print and the trace to save. */
  async finished(step: number): Promise<{ table: string; trace: string } | null> {
    if (step !== this.#last) return null;
    const peaks = await measurePeaks(this.#context);
    return { table: profileTable(this.#steps, peaks), trace: chromeTrace(this.#steps) };
  }
}
