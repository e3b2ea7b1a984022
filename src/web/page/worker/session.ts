/**
 * The run in progress: one at a time across all tabs, interrupted on request, and resumed automatically
 * from the last checkpoint after the device was lost.
 */
import { AdapterError, DeviceLostError } from '../../../../runtime/index.ts';
import { DataError, InterruptedError, type OeclError, UsageError } from '../../../base/errors.ts';
import { generatedOf } from '../../../data/dataset.ts';
import { datasetNamed } from '../../../data/datasets/table.ts';
import type { Library } from '../../../library/library.ts';
import type { TrainOptions } from '../../../library/types.ts';
import { PATIENCE } from '../../../platform/browserLocks.ts';
import type { OriginStorage } from '../../../platform/browserStorage.ts';
import type { RunStart, TrainHooks } from '../../../runs/hooks.ts';
import type { StepMetrics } from '../../../train/stepMetrics.ts';
import type { RunInfo, TrainCallbacks } from '../../pageApi.ts';
import type { Images } from './images.ts';
import type { RunNote, Runs } from './runs.ts';

/** Consecutive device losses, without a new checkpoint in between, after which a run gives up. */
const MOST_LOSSES = 3;
/** Milliseconds between two calls of onSteps. */
const TELL_EVERY = 250;
/** Milliseconds that a browser gets to restart its GPU process. */
const RESTART_TAKES = 1000;
const LOCK = 'oecl training';

export class Session {
  readonly #library: Pick<Library, 'train'>;
  readonly #runs: Runs;
  readonly #images: Images;
  readonly #storage: OriginStorage;
  #interrupt: AbortController | null = null;

  constructor(library: Pick<Library, 'train'>, runs: Runs, images: Images, storage: OriginStorage) {
    this.#library = library;
    this.#runs = runs;
    this.#images = images;
    this.#storage = storage;
  }

  /** Runs `body` while no tab trains, and prevents training until it ends. @param what the page cannot do in the meantime, for the error */
  async alone<T>(what: string, body: () => Promise<T>): Promise<T> {
    const done = await this.#storage.withLock(LOCK, PATIENCE, body);
    if (done) return done.value;
    throw underWay(what);
  }

  interrupt(): void {
    this.#interrupt?.abort();
  }

  /** @throws UsageError when it is the run in progress */
  async removeRun(folder: string): Promise<void> {
    const isUnderWay = (await this.#runs.note(folder))?.isUnderWay && (await this.#storage.isLocked(LOCK));
    if (isUnderWay) throw underWay(`remove ${folder}`);
    await this.#runs.remove(folder);
  }

  /** The run that was in progress when the page was closed; null while another tab trains. */
  async unfinished(): Promise<RunInfo | null> {
    const found = await this.#storage.withLock(LOCK, PATIENCE, async () => {
      for (const run of await this.#runs.list()) {
        if (run.state === 'interrupted' && (await this.#runs.note(run.folder))?.isUnderWay) return run;
      }
      return null;
    });
    return found?.value ?? null;
  }

  async train(options: TrainOptions, callbacks: TrainCallbacks): Promise<{ folder: string; interrupted: boolean }> {
    return this.alone('train', async () => {
      this.#interrupt = new AbortController();
      const folder = (options.resume && options.out) || null;
      const begun = folder === null ? null : await this.#runs.note(folder);
      const run = new WatchedRun(this.#runs, callbacks, this.#interrupt.signal, folder, begun);
      try {
        await this.#readyImages(options);
        return await this.#untilNoLoss(options, run, callbacks);
      } finally {
        this.#interrupt = null;
        await run.end();
      }
    });
  }

  /** Own images as the list has them. @throws DataError when those of a stored run were removed altogether */
  async #readyImages({ dataset, out, resume }: TrainOptions): Promise<void> {
    const stored = resume && out ? ((await this.#runs.info(out))?.config ?? null) : null;
    const { dataset: used } = stored ?? { dataset };
    if (used === undefined || generatedOf(datasetNamed(used)) !== null) return;
    await this.#images.tidy();
    if (stored === null || (await this.#images.holds(stored.data ?? ''))) return;
    throw new DataError(`${out}: the images of this run were removed, so it cannot be resumed.`, {
      details: ['what it has learned so far is kept'],
      remedy: 'a new run',
    });
  }

  async #untilNoLoss(
    options: TrainOptions,
    run: WatchedRun,
    { onRecover }: TrainCallbacks,
  ): Promise<{ folder: string; interrupted: boolean }> {
    let [losses, doneAtLoss] = [0, 0];
    let next = options;
    for (;;) {
      try {
        const { folder, interrupted } = await this.#library.train(next, run.hooks);
        return { folder, interrupted };
      } catch (error) {
        if (error instanceof InterruptedError && next.resume) return { folder: next.out!, interrupted: true };
        if (!isLoss(error, losses)) throw error;
        const done = run.folder === null ? 0 : await this.#runs.doneSteps(run.folder);
        losses = done > doneAtLoss ? 1 : losses + 1;
        doneAtLoss = done;
        if (losses > MOST_LOSSES) throw givenUp(error, done);
        // a run without a folder starts again; one without a checkpoint does so by itself
        const { acceptChangedData } = options;
        if (run.folder !== null) next = { out: run.folder, resume: true, acceptChangedData };
        run.tell(); // report the steps before the loss first
        onRecover(losses);
        await new Promise((resolve) => setTimeout(resolve, RESTART_TAKES));
      }
    }
  }
}

/** Reports a run to the page, and records what the page needs after a reload. */
class WatchedRun {
  /** Once it has begun. */
  folder: string | null;
  readonly note: RunNote;
  readonly hooks: TrainHooks;
  readonly #runs: Runs;
  readonly #callbacks: TrainCallbacks;
  #steps: StepMetrics[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Notes are written sequentially. */
  #written: Promise<void> = Promise.resolve();

  /** @param folder, begun of a resumed run */
  constructor(
    runs: Runs,
    callbacks: TrainCallbacks,
    signal: AbortSignal,
    folder: string | null,
    begun: RunNote | null,
  ) {
    this.#runs = runs;
    this.#callbacks = callbacks;
    this.folder = folder;
    this.note = begun ?? { steps: 0, isUnderWay: false };
    this.hooks = {
      onLoad: callbacks.onLoad,
      onStart: (start) => this.#begin(start),
      onStep: (metrics) => this.#add(metrics),
      onEvaluate: callbacks.onEvaluate,
      onNote: callbacks.onNote,
      signal,
    };
  }

  /** The run is no longer in progress. */
  async end(): Promise<void> {
    this.tell();
    this.#keepNote(false);
    await this.#written;
  }

  #begin(start: RunStart): void {
    this.folder = start.config.out;
    this.note.steps = start.steps;
    this.#keepNote(true);
    this.#callbacks.onStart(start);
  }

  #add(metrics: StepMetrics): void {
    this.#steps.push(metrics);
    this.#timer ??= setTimeout(() => this.tell(), TELL_EVERY);
  }

  /** Reports the pending steps. */
  tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#steps.length > 0) this.#callbacks.onSteps(this.#steps);
    this.#steps = [];
  }

  #keepNote(isUnderWay: boolean): void {
    const folder = this.folder;
    if (folder === null) return;
    const note = { ...this.note, isUnderWay };
    this.#written = this.#written.then(() => this.#runs.writeNote(folder, note));
  }
}

const underWay = (what: string): UsageError =>
  new UsageError(`${what}: a run is in progress, in this tab or in another one of this page.`, {
    remedy: 'wait until it has finished, or pause it there',
  });

/** There is no adapter while the browser restarts its GPU process. */
const isLoss = (error: unknown, losses: number): error is OeclError =>
  error instanceof DeviceLostError || (losses > 0 && error instanceof AdapterError);

function givenUp(error: OeclError, done: number): DeviceLostError {
  return new DeviceLostError(`the device was lost ${MOST_LOSSES + 1} times in a row: the run stopped.`, {
    details: [error.sentence, `kept         ${done} steps, in the last checkpoint`],
    remedy:
      'close other programs and tabs that use the GPU, then resume; if it happens again, use a smaller batch or network, or a newer driver',
    cause: error,
  });
}
