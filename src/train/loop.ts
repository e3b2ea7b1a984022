/**
 * The steps of a run, a few of them in flight: their figures as they come back, and a checkpoint after every so many epochs,
 * at the end, and when the run is interrupted.
 */
import { OeclError } from '../errors.ts';
import type { Encoder } from '../models/resnet.ts';
import { type DataProgress, encodeCheckpoint } from './checkpoint.ts';
import type { RunConfig } from './config.ts';
import type { StepMetrics, TrainHooks } from './hooks.ts';
import { FILE, type RunFolder } from './runFolder.ts';
import type { StepProfile } from './stepProfile.ts';
import type { Trainer } from './trainer.ts';

/** Steps submitted ahead of the oldest whose figures have not come back. */
const STEPS_IN_FLIGHT = 3;

export interface LoopParts {
  encoder: Encoder;
  trainer: Trainer;
  folder: RunFolder;
  config: RunConfig;
  hooks: TrainHooks;
  /** Times some of the steps. */
  profile: StepProfile | null;
  /** For the checkpoints. */
  data: DataProgress;
}

export class TrainLoop {
  readonly #parts: LoopParts;
  readonly #metrics: StepMetrics[];
  readonly #inFlight: { step: number; figures: ReturnType<Trainer['run']> }[] = [];
  /** When the last figures came back. */
  #last = 0;

  /** @param metrics of the steps that are done; those of this loop are added */
  constructor(parts: LoopParts, metrics: StepMetrics[]) {
    this.#parts = parts;
    this.#metrics = metrics;
  }

  /** Runs the steps from `doneSteps` on. False when it was interrupted. @throws OeclError when the loss is no number */
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
        this.#inFlight.push({ step, figures: this.#profiled(step, profile) });
        await this.#settle();
      } else {
        const figures = trainer.run(step);
        figures.catch(() => {}); // of a step that nobody waits for any more when an earlier one has failed
        this.#inFlight.push({ step, figures });
      }
      if (this.#inFlight.length >= STEPS_IN_FLIGHT) await this.#settle();
      const epoch = trainer.epochOf(step + 1);
      const isEpochEnd = epoch > trainer.epochOf(step);
      if (isEpochEnd && (epoch % config.checkpointEvery === 0 || step + 1 === trainer.steps))
        await this.#checkpoint(step + 1);
    }
    return true;
  }

  /** Waits for the oldest step in flight, and tells its figures. */
  async #settle(): Promise<void> {
    const { step, figures } = this.#inFlight.shift()!;
    const values = await figures;
    const now = performance.now();
    const line: StepMetrics = { step: step + 1, ...values, ms: Math.round((now - this.#last) * 1000) / 1000 };
    this.#last = now;
    if (!Number.isFinite(line.loss)) throw diverged(line);
    this.#metrics.push(line);
    this.#parts.folder.addMetrics(line);
    this.#parts.hooks.onStep?.(line);
  }

  async #settleAll(): Promise<void> {
    while (this.#inFlight.length > 0) await this.#settle();
  }

  async #checkpoint(step: number): Promise<void> {
    const { encoder, trainer, folder, data } = this.#parts;
    await this.#settleAll();
    const progress = { ...data, step, epoch: trainer.epochOf(step) };
    await folder.writeCheckpoint(await encodeCheckpoint(encoder, trainer.optimizer, progress));
    this.#last = performance.now();
  }

  async #profiled(step: number, profile: StepProfile): ReturnType<Trainer['run']> {
    const { trainer, folder, hooks } = this.#parts;
    const { figures, launches } = await trainer.profile(step);
    profile.add(launches);
    const done = await profile.finished(step);
    if (done) {
      await folder.writeProfile(done.trace);
      hooks.onProfile?.(done.table, `${folder.path}/${FILE.profile}`);
    }
    return figures;
  }
}

function diverged({ step, loss }: StepMetrics): OeclError {
  return new OeclError(`the loss became ${loss} at step ${step}: the training diverged.`, {
    remedy: 'a smaller --lr, or a larger --batch',
  });
}
