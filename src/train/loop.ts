/**
 * The training loop. It keeps a few steps in flight, reports metrics as they arrive, and writes a checkpoint every few
 * epochs, at the end, and when the run is interrupted.
 */
import { OeclError } from '../base/errors.ts';
import type { RunConfig } from '../config/config.ts';
import type { Encoder } from '../models/encoder.ts';
import { type DataProgress, encodeCheckpoint } from './checkpoint.ts';
import type { StepMetrics } from './stepMetrics.ts';
import type { StepProfile } from './stepProfile.ts';
import type { Trainer } from './trainer.ts';

/** Maximum number of steps in flight, ahead of the oldest whose metrics have not arrived. */
const STEPS_IN_FLIGHT = 3;

/** Where the steps of a run are recorded. */
export interface StepLog {
  addMetrics(metrics: StepMetrics): void;
  writeCheckpoint(bytes: Uint8Array): Promise<void>;
  /** Returns the file's path. */
  writeProfile(trace: string): Promise<string>;
}

export interface LoopHooks {
  onStep?(metrics: StepMetrics): void;
  /** With `profile`: the time per launch as a table, and the path of the trace. */
  onProfile?(table: string, file: string): void;
  /** When aborted: finish the step, write a checkpoint, return `interrupted: true`. */
  signal?: AbortSignal;
}

export interface LoopParts {
  encoder: Encoder;
  trainer: Trainer;
  log: StepLog;
  config: RunConfig;
  hooks: LoopHooks;
  /** Profiles some of the steps. */
  profile: StepProfile | null;
  /** Stored in the checkpoints. */
  data: DataProgress;
}

export class TrainLoop {
  readonly #parts: LoopParts;
  readonly #metrics: StepMetrics[];
  readonly #inFlight: { step: number; metrics: ReturnType<Trainer['run']> }[] = [];
  /** When the latest metrics arrived. */
  #last = 0;

  /** @param metrics metrics of the completed steps; this loop appends its own */
  constructor(parts: LoopParts, metrics: StepMetrics[]) {
    this.#parts = parts;
    this.#metrics = metrics;
  }

  /** Runs the steps from `doneSteps` on. Returns false when interrupted. @throws OeclError when the loss is not finite */
  async run(doneSteps: number): Promise<boolean> {
    const { trainer, config, hooks, profile } = this.#parts;
    this.#last = performance.now();
    for (let step = doneSteps; step < trainer.steps; step++) {
      if (hooks.signal?.aborted) {
        await this.#checkpoint(step);
        return false;
      }
      if (profile?.wants(step)) {
        await this.#settleAll();
        this.#inFlight.push({ step, metrics: this.#profiled(step, profile) });
        await this.#settle();
      } else {
        const metrics = trainer.run(step);
        metrics.catch(() => {}); // avoids an unhandled rejection when an earlier step fails first
        this.#inFlight.push({ step, metrics });
      }
      if (this.#inFlight.length >= STEPS_IN_FLIGHT) await this.#settle();
      const epoch = trainer.epochOf(step + 1);
      const isEpochEnd = epoch > trainer.epochOf(step);
      if (isEpochEnd && (epoch % config.checkpointEvery === 0 || step + 1 === trainer.steps))
        await this.#checkpoint(step + 1);
    }
    return true;
  }

  /** Waits for the oldest step in flight and reports its metrics. */
  async #settle(): Promise<void> {
    const { step, metrics } = this.#inFlight.shift()!;
    const values = await metrics;
    const now = performance.now();
    const line = { step: step + 1, ...values, ms: Math.round((now - this.#last) * 1000) / 1000 } as StepMetrics;
    this.#last = now;
    if (!Number.isFinite(line.loss)) throw diverged(line);
    this.#metrics.push(line);
    this.#parts.log.addMetrics(line);
    this.#parts.hooks.onStep?.(line);
  }

  async #settleAll(): Promise<void> {
    while (this.#inFlight.length > 0) await this.#settle();
  }

  async #checkpoint(step: number): Promise<void> {
    const { encoder, trainer, log, data } = this.#parts;
    await this.#settleAll();
    const progress = { ...data, step, epoch: trainer.epochOf(step) };
    await log.writeCheckpoint(await encodeCheckpoint(encoder, trainer.optimizer, progress));
    this.#last = performance.now();
  }

  async #profiled(step: number, profile: StepProfile): ReturnType<Trainer['run']> {
    const { trainer, log, hooks } = this.#parts;
    const { metrics, launches } = await trainer.profile(step);
    profile.add(launches);
    const done = await profile.finished(step);
    if (done) {
      hooks.onProfile?.(done.table, await log.writeProfile(done.trace));
    }
    return metrics;
  }
}

function diverged({ step, loss }: StepMetrics): OeclError {
  return new OeclError(`the loss became ${loss} at step ${step}: the training diverged.`, {
    remedy: 'a smaller --lr, or a larger --batch',
  });
}
