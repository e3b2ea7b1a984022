/** The run of one normal class, from images to result: build, restore, train, evaluate, write. */
import type { Context } from '../../runtime/index.ts';
import { namesOf } from '../base/adapter.ts';
import { DataError } from '../base/errors.ts';
import { SignalWatch } from '../base/signalWatch.ts';
import type { RunConfig } from '../config/config.ts';
import { imageAt } from '../data/imageSet.ts';
import { channelStatistics, statisticsText } from '../data/statistics.ts';
import { isTrained, methodNamed } from '../methods/table.ts';
import type { Encoder } from '../models/encoder.ts';
import { encodeModel, stateDict, weightsSha256 } from '../models/stateDict.ts';
import type { Platform } from '../platform/platform.ts';
import type { Split } from '../protocols/protocol.ts';
import { buildReport } from '../report/report.ts';
import { imageCounts, type RunResult, type ScoreTable, testMetrics, testSetResults } from '../report/result.ts';
import { encodeStates, remarksOn, type ScoreStates } from '../scores/state.ts';
import { scoresOf } from '../scores/table.ts';
import {
  type Checkpoint,
  type DataProgress,
  type EpochStart,
  encodeCheckpoint,
  restoreCheckpoint,
} from '../train/checkpoint.ts';
import { recordTuned } from '../train/kernels.ts';
import { ofEvaluation, ofNetwork, ofStep } from '../train/limits.ts';
import { TrainLoop } from '../train/loop.ts';
import type { StepMetrics } from '../train/stepMetrics.ts';
import { StepProfile } from '../train/stepProfile.ts';
import { Trainer } from '../train/trainer.ts';
import { evaluate, fitToTraining, projectionsOf } from './evaluate.ts';
import { changeLines, checkedChanges, decodeFingerprint, encodeFingerprint, fingerprintOf } from './fingerprint.ts';
import type { TrainHooks } from './hooks.ts';
import { type InitialWeights, initialize } from './initialWeights.ts';
import { modelMetadata } from './modelMetadata.ts';
import { mainScoreFor, scoreMetadata } from './modelScores.ts';
import { networkOf } from './network.ts';
import type { Prepared } from './prepare.ts';
import { type RunFolder, readStoredConfig } from './runFolder.ts';

/** A monotonic clock, in seconds. */
export const seconds = (): number => performance.now() / 1000;

/** Real outliers that a method needs which learns from them. */
const LEAST_OUTLIERS = 5;

interface Evaluated {
  /** The states of scores fitted to the training images. */
  states: ScoreStates;
  /** Scores of the test images. */
  scores: ScoreTable;
}

export class ClassRun {
  readonly #context: Context;
  readonly #files: Platform;
  #config: RunConfig;
  readonly #folder: RunFolder;
  readonly #data: Prepared;
  readonly #split: Split;
  readonly #hooks: TrainHooks;
  readonly #notes: string[];
  readonly #initial: InitialWeights | null;

  constructor(
    context: Context,
    files: Platform,
    config: RunConfig,
    folder: RunFolder,
    data: Prepared,
    split: Split,
    hooks: TrainHooks,
    initial: InitialWeights | null,
  ) {
    this.#initial = initial;
    this.#context = context;
    this.#files = files;
    this.#folder = folder;
    this.#data = data;
    this.#split = split;
    this.#hooks = hooks;
    this.#notes = [...data.notes];
    this.#config = this.#withStatistics(this.#fitBatch(config));
    if (config.methodReason !== null) this.#note(`${split.trainIndices.length} normal images: ${config.methodReason}`);
  }

  /** The effective configuration: the batch is fitted to the class and, once the step is recorded, the kernels are set. */
  get config(): RunConfig {
    return this.#config;
  }

  /**
   * The result, or null when interrupted after writing a checkpoint.
   * @throws InterruptedError when interrupted before the first step; the folder is then unchanged
   */
  async go(place: { run: number; runs: number }, began: number): Promise<RunResult | null> {
    const checkpoint = await this.#folder.checkpoint();
    const data = this.#dataOf(checkpoint);
    const { encoder, trainer } = this.#build(data.origin);
    const compileFrom = seconds();
    await this.#record(trainer);
    const config = this.#config;
    const trainFrom = seconds();
    if (checkpoint) restoreCheckpoint(checkpoint, encoder, trainer?.optimizer ?? null);
    else {
      this.#initialize(encoder);
      await this.#center(encoder);
    }
    const doneSteps = checkpoint?.progress.step ?? 0;
    if (doneSteps === 0) await new SignalWatch(this.#hooks.signal).look('the training step was compiled');
    await this.#folder.begin(config); // after compiling, so that a failure cannot destroy an earlier run
    this.#announce(trainer, doneSteps, place);
    const metrics = this.#folder.state === 'resumed' || !trainer ? await this.#folder.truncateMetrics(doneSteps) : [];
    if (trainer) {
      const profile = this.#folder.mode.profile ? new StepProfile(this.#context, doneSteps, trainer.steps) : null;
      const parts = { encoder, trainer, log: this.#folder, config, hooks: this.#hooks, profile, data };
      if (!(await new TrainLoop(parts, metrics).run(doneSteps))) return null;
    } else if (!checkpoint) {
      await this.#folder.writeCheckpoint(await encodeCheckpoint(encoder, null, { ...data, step: 0, epoch: 0 }));
    }
    const evaluateFrom = seconds();
    const evaluated = await this.#evaluate(encoder).catch((error) => {
      throw ofEvaluation(error, config);
    });
    if (!evaluated) return null;
    const end = seconds();
    const times = {
      total: end - began,
      setup: compileFrom - began,
      compile: trainFrom - compileFrom,
      train: evaluateFrom - trainFrom,
      evaluate: end - evaluateFrom,
    };
    const result = await this.#write(encoder, trainer, metrics, evaluated, times, data.changedData);
    trainer?.dispose();
    return result;
  }

  /**
   * What the run's checkpoints store about its images. If the training images have changed, the current epoch restarts.
   * @throws ChangedDataError when the images differ from the checkpoint's and the change was not accepted
   */
  #dataOf(checkpoint: Checkpoint | null): DataProgress {
    const now = fingerprintOf(this.#data, this.#split);
    const data = encodeFingerprint(now);
    if (!checkpoint) return { data, origin: { step: 0, epoch: 0 }, changedData: [] };
    const { step, epoch, origin, changedData, data: before } = checkpoint.progress;
    const { path: folder, mode } = this.#folder;
    const isAccepted = mode.acceptChangedData === true;
    const changes = checkedChanges(decodeFingerprint(before), now, { folder, isAccepted });
    const added =
      changes.length > 0 ? [`resumed after step ${step} with other ${changeLines(changes).join('; ')}`] : [];
    for (const text of added) this.#hooks.onNote?.(text);
    const all = [...changedData, ...added];
    this.#notes.push(...all);
    const isOtherTraining = changes.some(({ part }) => part === 'training');
    return { data, origin: isOtherTraining ? { step, epoch } : origin, changedData: all };
  }

  /** The trainer is null if the method trains nothing. */
  #build(origin: EpochStart): { encoder: Encoder; trainer: Trainer | null } {
    const { dataset, outliers } = this.#data;
    const images = { normal: dataset.train, indices: this.#split.trainIndices, outliers };
    try {
      const encoder = networkOf(this.#context, this.#config);
      const { method } = this.#config;
      const trainer = isTrained(method) ? new Trainer(this.#context, encoder, images, this.#config, origin) : null;
      return { encoder, trainer };
    } catch (error) {
      throw ofNetwork(error, this.#config);
    }
  }

  /** Sets initial weights that are not drawn, and says what of them fits. */
  #initialize(encoder: Encoder): void {
    if (!this.#initial) return;
    initialize(encoder, this.#initial);
    const note = this.#initial.note(encoder);
    if (note !== null) this.#note(note);
  }

  /** Computes the center of methods that have one, which the network keeps as a buffer. */
  async #center(encoder: Encoder): Promise<void> {
    const { center } = methodNamed(this.#config.method);
    if (!center) return;
    const { train } = this.#data.dataset;
    const rows = await projectionsOf(
      this.#context,
      encoder,
      train,
      this.#split.trainIndices,
      this.#config,
      this.#hooks,
    );
    encoder.center!.write(center(rows.data, rows.width));
  }

  /** A resumed run keeps its original kernels. */
  async #record(trainer: Trainer | null): Promise<void> {
    if (!trainer) {
      this.#context.choices.table = this.#config.kernels ?? {};
      return;
    }
    const { path, state } = this.#folder;
    if (state === 'resumed' && !this.#config.kernels) {
      const { kernels } = await readStoredConfig(this.#files, path);
      this.#config = { ...this.#config, kernels: kernels ?? {} };
    }
    const host = { files: this.#files, config: this.#config, hooks: this.#hooks };
    const kernels = await recordTuned(this.#context, trainer, host).catch((error) => {
      throw ofStep(error, this.#config);
    });
    this.#config = { ...this.#config, kernels };
  }

  /** A class smaller than the batch trains with its size as the batch, and a note says so. */
  #fitBatch(config: RunConfig): RunConfig {
    const count = this.#split.trainIndices.length;
    if (methodNamed(config.method).needsClasses && this.#split.trainClasses.length < 2) {
      throw new DataError(
        `--method ${config.method}: it learns from the classes of the normal images, and all are ${this.#split.trainClasses[0]}.`,
        { remedy: 'normal images in two or more class folders, or --method oecl' },
      );
    }
    if (count < 2) {
      throw new DataError(`${config.dataset}: ${count} training images of ${this.#split.normal}, expected 2 or more.`, {
        remedy: 'another --normal class, or more images',
      });
    }
    if (config.oe !== null && (this.#data.outliers?.images.count ?? 0) === 0) {
      throw new DataError(`--oe ${config.oe}: it holds no image.`, {
        remedy: '--oe dead-leaves, or a folder of images',
      });
    }
    const outliers = this.#data.outliers?.images.count ?? 0;
    if (methodNamed(config.method).needsOutliers && outliers < LEAST_OUTLIERS) {
      throw new DataError(`--oe ${config.oe}: ${outliers} outliers, expected ${LEAST_OUTLIERS} or more.`, {
        remedy: 'more of them, or --method dn2, which needs none',
      });
    }
    if (!isTrained(config.method) || count >= config.batch || config.wrap) return config;
    const note = `batch ${config.batch} lowered to ${count}: ${this.#split.normal} has only ${count} training images`;
    this.#note(note);
    return { ...config, batch: count, askedBatch: config.batch };
  }

  /** Fits scores to the training images before evaluating. Null when interrupted. */
  async #evaluate(encoder: Encoder): Promise<Evaluated | null> {
    const { train, test } = this.#data.dataset;
    const { trainIndices, testIndices } = this.#split;
    const [context, config, hooks] = [this.#context, this.#config, this.#hooks];
    const states = await fitToTraining(context, encoder, train, trainIndices, config, hooks);
    if (!states) return null;
    for (const text of remarksOn(scoresOf(config.method), states)) this.#note(text);
    const options = { states, onEvaluate: hooks.onEvaluate, signal: hooks.signal };
    const scores = await evaluate(context, encoder, test, testIndices, config, options);
    return scores && { states, scores };
  }

  /** For the user, now and in the report. */
  #note(text: string): void {
    this.#notes.push(text);
    this.#hooks.onNote?.(text);
  }

  /** Measures what the colors are normalized by, if that are the training images. A resumed run keeps its own. */
  #withStatistics(config: RunConfig): RunConfig {
    if (config.normalize !== 'training' || config.statistics !== null) return config;
    const { images } = this.#data.dataset.train;
    return { ...config, statistics: statisticsText(channelStatistics(images, this.#split.trainIndices)) };
  }

  #announce(trainer: Trainer | null, doneSteps: number, place: { run: number; runs: number }): void {
    const config = this.#config;
    const testNormal = this.#split.testIsNormal.filter(Boolean).length;
    const { liveBytes, pooledBytes } = this.#context.memory();
    this.#hooks.onStart?.({
      config,
      counts: {
        trainImages: this.#split.trainIndices.length,
        testNormal,
        testOutliers: this.#split.testIndices.length - testNormal,
        oeImages: this.#data.outliers?.images.count ?? 0,
      },
      synthetic: this.#isSynthetic,
      stepsPerEpoch: trainer?.stepsPerEpoch ?? 0,
      steps: trainer?.steps ?? 0,
      doneSteps,
      imagesPerStep: trainer ? config.batch * (this.#data.outliers ? 2 : 1) : 0,
      deviceBytes: liveBytes + pooledBytes,
      ...place,
    });
  }

  async #write(
    encoder: Encoder,
    trainer: Trainer | null,
    metrics: readonly StepMetrics[],
    { states, scores }: Evaluated,
    times: RunResult['seconds'],
    changedData: readonly string[],
  ): Promise<RunResult> {
    const config = this.#config;
    const { test } = this.#data.dataset;
    const { testIndices, testIsNormal, testClass, testSets } = this.#split;
    const state = await stateDict(encoder);
    const mainScore = mainScoreFor(config, trainer?.steps ?? 0);
    const result: RunResult = {
      dataset: config.dataset,
      protocol: config.protocol,
      normal: this.#split.normal,
      method: config.method,
      ...(config.methodReason === null ? {} : { methodReason: config.methodReason }),
      oe: config.oe,
      seed: config.seed,
      synthetic: this.#isSynthetic,
      ...mainScore,
      ...testMetrics(scores, testIsNormal, testClass),
      steps: trainer?.steps ?? 0,
      epochs: trainer ? config.epochs : 0,
      seconds: times,
      weightsSha256: await weightsSha256(state),
      trainImages: this.#split.trainIndices.length,
      testImages: imageCounts(testIsNormal),
      oeImages: this.#data.outliers?.images.count ?? 0,
      ...(testSets ? { testSets: testSetResults(testSets, scores, testIsNormal, testClass) } : {}),
      adapter: namesOf(this.#context.info),
      where: config.where,
      ...(changedData.length > 0 ? { changedData } : {}),
    };
    const images = testIndices.map((at, i) => ({
      path: test.paths[at],
      className: testClass[i],
      isNormal: testIsNormal[i],
    }));
    const metadata = {
      ...modelMetadata(config, result.normal),
      ...scoreMetadata(mainScore.mainScore, scores, testIsNormal),
    };
    await this.#folder.writeModel(encodeModel(state, trainer?.steps ?? 0, metadata, encodeStates(states)));
    await this.#folder.writeScores(images, scores);
    await this.#folder.writeReport(
      await buildReport({
        config,
        result,
        metrics,
        images,
        scores,
        pixelsOf: (index) => imageAt(test.images, testIndices[index]),
        notes: this.#notes,
        skipped: this.#data.skipped,
      }),
    );
    await this.#folder.writeResult(result);
    return result;
  }

  /** Decided by the test images alone: outlier-exposure images may be synthetic while the metrics are of real images. */
  get #isSynthetic(): boolean {
    const { train, test } = this.#data.dataset;
    return train.synthetic || test.synthetic;
  }
}
