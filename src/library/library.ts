/**
 * The trainer as functions for other programs: train, load a trained model, score images. The same in Node and in
 * browsers; node.ts and browser.ts supply the platforms.
 */
import type { PlatformAdapter, RuntimePlatform } from '../../runtime/index.ts';
import { type ConfigChoices, type RunConfig, resolveConfig, resumedConfig } from '../config/config.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import { weightsNetwork } from '../runs/initialWeights.ts';
import { runTraining } from '../runs/run.ts';
import { readStoredConfig } from '../runs/runFolder.ts';
import { trainCall } from '../runs/trainCall.ts';
import { checkOptions } from './arguments.ts';
import { checkedImages, type GivenImages } from './givenImages.ts';
import { checkModel, type ModelSource, readModel, type TrainedModel } from './model.ts';
import { openScorerOn, SCORE_CALL_OPTIONS, SCORER_OPTIONS, type Scorer } from './scorer.ts';
import { checkedTrainOptions, checkHooks } from './trainArguments.ts';
import type { ScoreOptions, ScoreOutcome, ScorerOptions, TrainOptions } from './types.ts';

/** Where a program runs. */
export interface LibraryHost {
  runtime: RuntimePlatform;
  files: Platform;
  where: RunConfig['where'];
}

export interface Library {
  /**
   * Trains on one kind of image and scores the test images: what `oecl train` does, with the same options in camelCase
   * (`checkpointEvery` for `--checkpoint-every`) and the same run folder. Without `preset`, the adapter determines it, as on the command line.
   * @param hooks receive progress, results and notes, and supply a signal that stops the run after a checkpoint
   * @throws any OeclError; `exitCode` tells what was wrong (2: the options or the data)
   */
  train(options: TrainOptions, hooks?: TrainHooks): Promise<RunOutcome>;

  /**
   * Loads the model of a run. @param source the run folder, or its model.safetensors alone, as path or bytes. Weights of
   * another floating-point type (F64, F16, BF16) are converted to f32.
   * @throws UsageError when there is none, FormatError when it is damaged, or too old to be used without its run folder
   */
  loadModel(source: ModelSource): Promise<TrainedModel>;

  /**
   * Puts the model on a device that stays open, for many batches, as in a server. The caller must close it.
   * @throws UsageError for a precision that the adapter lacks, LimitError when the network does not fit there
   */
  openScorer(model: TrainedModel, options?: ScorerOptions): Promise<Scorer>;

  /**
   * Scores images; higher = more normal. An image gets the same score, bit for bit, whatever its name and whichever
   * images are scored with it; the run's test images get the scores in its scores.csv. Opens and closes a device.
   * @param images one or several: paths, File objects, encoded images (JPEG, PNG, BMP) or pixels with a name; or a folder,
   *   whose images are scored in the order of their paths
   * @throws DataError for an image that cannot be read, unless `skipBad` is set
   */
  score(model: TrainedModel, images: GivenImages, options?: ScoreOptions): Promise<ScoreOutcome>;

  /**
   * As `score`, for any number of image files in bounded memory: yields the scores of some hundred images at a time, in
   * order, under the paths of the files. `onProgress` counts over all of them.
   * @param paths of image files, and of folders whose images are scored in the order of their paths
   */
  scoreEach(model: TrainedModel, paths: Iterable<string>, options?: ScoreOptions): AsyncGenerator<ScoreOutcome, void>;
}

export function libraryFor(host: LibraryHost): Library {
  const { runtime, files, where } = host;
  return {
    async train(options, hooks = {}) {
      checkHooks(hooks);
      const { choices: given, mode } = trainCall(checkedTrainOptions(options));
      const choices: ConfigChoices = { ...given, where };
      const adapter = await runtime.requestAdapter({ adapter: choices.adapter });
      const opened = handOutOnce(runtime, adapter);
      try {
        const weights = mode.resume ? null : await weightsNetwork(files, choices);
        const config = resolveConfig(choices, adapter.info, weights);
        const used = mode.resume ? resumedConfig(await readStoredConfig(files, config.out), choices) : config;
        return await runTraining({ runtime: opened.runtime, files }, used, mode, hooks);
      } finally {
        opened.release();
      }
    },

    loadModel: (source) => readModel(files, source),

    async openScorer(model, options = {}) {
      checkModel('openScorer', model);
      checkOptions('openScorer: options', options, SCORER_OPTIONS);
      return openScorerOn(host, model, options);
    },

    async score(model, images, options = {}) {
      checkModel('score', model);
      checkOptions('score: options', options, { ...SCORER_OPTIONS, ...SCORE_CALL_OPTIONS });
      const checked = checkedImages(images); // before a device is opened for them
      const { adapter, precision, ...call } = options;
      const scorer = await openScorerOn(host, model, { adapter, precision });
      try {
        return await scorer.score(checked, call);
      } finally {
        await scorer.close();
      }
    },

    async *scoreEach(model, paths, options = {}) {
      checkModel('scoreEach', model);
      checkOptions('scoreEach: options', options, { ...SCORER_OPTIONS, ...SCORE_CALL_OPTIONS });
      const { adapter, precision, ...call } = options;
      const scorer = await openScorerOn(host, model, { adapter, precision });
      try {
        yield* scorer.scoreEach(paths, call);
      } finally {
        await scorer.close();
      }
    },
  };
}

/** A runtime platform that first hands out the adapter that is already open, then new ones; `release` closes it if unused. */
function handOutOnce(runtime: RuntimePlatform, adapter: PlatformAdapter) {
  let open: PlatformAdapter | null = adapter;
  return {
    runtime: {
      async requestAdapter(options) {
        const found = open ?? (await runtime.requestAdapter(options));
        open = null;
        return found;
      },
    } satisfies RuntimePlatform,
    release() {
      open?.release();
      open = null;
    },
  };
}
