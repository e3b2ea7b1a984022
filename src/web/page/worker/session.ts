/**
 * The run that is under way: one at a time over all tabs, interrupted on request, and after a lost device on its way again
 * from the last checkpoint by itself.
 */
import { DeviceLostError } from '../../../../runtime/index.ts';
import { UsageError } from '../../../errors.ts';
import type { Library } from '../../../library/library.ts';
import type { TrainOptions } from '../../../library/types.ts';
import type { OriginStorage } from '../../../platform/browserStorage.ts';
import type { RunOutcome, RunStart, StepMetrics, TrainHooks } from '../../../train/hooks.ts';
import type { TrainCallbacks } from '../../pageApi.ts';
import type { Runs } from './runs.ts';

/** Lost devices in a row, without a new checkpoint between them, after which a run gives up. */
const MOST_LOSSES = 3;
/** Milliseconds between two calls of onSteps. */
const TELL_EVERY = 250;
/** Milliseconds after which a page that was closed has surely given its lock back. */
const PATIENCE = 3000;
const LOCK = 'oecl training';

export class Session {
  readonly #library: Pick<Library, 'train'>;
  readonly #runs: Runs;
  readonly #storage: OriginStorage;
  #interrupt: AbortController | null = null;

  constructor(library: Pick<Library, 'train'>, runs: Runs, storage: OriginStorage) {
    this.#library = library;
    this.#runs = runs;
    this.#storage = storage;
  }

  /** Whether some tab trains. */
  isBusy(): Promise<boolean> {
    return this.#storage.isLocked(LOCK);
  }

  /** Runs `body` while no tab trains, and lets none begin. @param what the page cannot do meanwhile, for the error */
  async alone<T>(what: string, body: () => Promise<T>): Promise<T> {
    const done = await this.#storage.withLock(LOCK, PATIENCE, body);
    if (done) return done.value;
    throw new UsageError(`${what}: a training is under way, in this tab or in another one of this page.`, {
      remedy: 'wait until it has come to its end, or pause it there',
    });
  }

  interrupt(): void {
    this.#interrupt?.abort();
  }

  /** @param revision of the images that are trained on */
  async train(options: TrainOptions, revision: string, callbacks: TrainCallbacks) {
    return this.alone('train', async () => {
      this.#interrupt = new AbortController();
      const run = new WatchedRun(this.#runs, revision, callbacks, this.#interrupt.signal);
      try {
        const { folder, interrupted } = await this.#untilNoLoss(options, run, callbacks);
        return { folder, interrupted };
      } finally {
        this.#interrupt = null;
        await run.end();
      }
    });
  }

  async #untilNoLoss(options: TrainOptions, run: WatchedRun, { onRecover }: TrainCallbacks): Promise<RunOutcome> {
    let [losses, doneAtLoss] = [0, 0];
    let next = options;
    for (;;) {
      try {
        return await this.#library.train(next, run.hooks);
      } catch (error) {
        if (!(error instanceof DeviceLostError)) throw error;
        const done = run.folder === null ? 0 : await this.#runs.doneSteps(run.folder);
        losses = done > doneAtLoss ? 1 : losses + 1;
        doneAtLoss = done;
        if (losses > MOST_LOSSES) throw givenUp(error, done);
        // a run whose folder is not begun yet begins anew; one without a checkpoint does so by itself
        if (run.folder !== null) next = { out: run.folder, resume: true };
        onRecover(losses);
      }
    }
  }
}

/** What the page is told of a run, and what it will find of it after it was closed. */
class WatchedRun {
  /** Once it has begun. */
  folder: string | null = null;
  readonly hooks: TrainHooks;
  readonly #runs: Runs;
  readonly #revision: string;
  readonly #callbacks: TrainCallbacks;
  #steps: StepMetrics[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #total = 0;
  /** The notes are written one after the other. */
  #written: Promise<void> = Promise.resolve();

  constructor(runs: Runs, revision: string, callbacks: TrainCallbacks, signal: AbortSignal) {
    this.#runs = runs;
    this.#revision = revision;
    this.#callbacks = callbacks;
    this.hooks = {
      onLoad: callbacks.onLoad,
      onStart: (start) => this.#begin(start),
      onStep: (metrics) => this.#add(metrics),
      onEvaluate: callbacks.onEvaluate,
      onNote: callbacks.onNote,
      signal,
    };
  }

  /** The run is no longer under way. */
  async end(): Promise<void> {
    this.#tell();
    this.#note(false);
    await this.#written;
  }

  #begin(start: RunStart): void {
    this.folder = start.config.out;
    this.#total = start.steps;
    this.#note(true);
    this.#callbacks.onStart(start);
  }

  #add(metrics: StepMetrics): void {
    this.#steps.push(metrics);
    this.#timer ??= setTimeout(() => this.#tell(), TELL_EVERY);
  }

  #tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#steps.length > 0) this.#callbacks.onSteps(this.#steps);
    this.#steps = [];
  }

  #note(isUnderWay: boolean): void {
    const folder = this.folder;
    if (folder === null) return;
    const note = { steps: this.#total, revision: this.#revision, isUnderWay };
    this.#written = this.#written.then(() => this.#runs.writeNote(folder, note));
  }
}

function givenUp(error: DeviceLostError, done: number): DeviceLostError {
  return new DeviceLostError(`the device was lost ${MOST_LOSSES + 1} times in a row: the run stopped.`, {
    details: [error.sentence, `kept         ${done} steps, in the last checkpoint`],
    remedy:
      'close other programs and tabs that use the GPU, then go on; if it happens again, a smaller batch or network, or a newer driver',
    cause: error,
  });
}
