/**
 * The trainer as functions for other programs: train, load a trained model, score images with it. The same in Node and in
 * browsers; node.ts and browser.ts name the platforms.
 */
import type { PlatformAdapter, RuntimePlatform } from '../../runtime/index.ts';
import { parseTrainOptions } from '../cli/parse.ts';
import { type ConfigChoices, type RunConfig, resolveConfig, resumedConfig } from '../config/config.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import { runTraining } from '../runs/run.ts';
import { readStoredConfig } from '../runs/runFolder.ts';
import { checkOptions } from './arguments.ts';
import { checkedImages, type GivenImages } from './givenImages.ts';
import { checkModel, type ModelSource, readModel, type TrainedModel } from './model.ts';
import { openScorerOn, SCORE_CALL_OPTIONS, SCORER_OPTIONS, type Scorer } from './scorer.ts';
import { checkHooks, trainArguments } from './trainArguments.ts';
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
   * (`checkpointEvery` for `--checkpoint-every`) and the same run folder. Without `preset` the adapter decides, as there.
   * @param hooks progress, results and notes as they come, and a signal that stops the run after a checkpoint
   * @throws OeclError of every family; `exitCode` tells what was wrong (2: the options or the data)
   */
  train(options: TrainOptions, hooks?: TrainHooks): Promise<RunOutcome>;

  /**
   * The model that a run left. @param source the run folder, or its model.safetensors alone: path or bytes. Weights of
   * another floating-point type (F64, F16, BF16) are converted to f32.
   * @throws UsageError when there is none, FormatError when it is damaged, or too old to be used without its run folder
   */
  loadModel(source: ModelSource): Promise<TrainedModel>;

  /**
   * The model on a device that stays open: for many batches, as a server has them. To be closed by the caller.
   * @throws UsageError for a precision that the adapter lacks, LimitError when the network does not fit there
   */
  openScorer(model: TrainedModel, options?: ScorerOptions): Promise<Scorer>;

  /**
   * Scores images: the higher, the more normal. An image has the same score to the bit whatever it is called and whichever
   * images are scored with it; those of the run's test get the scores of its scores.csv. Opens a device and closes it.
   * @param images one or several: paths, File objects, encoded images (JPEG, PNG, BMP) or pixels with a name; or a folder,
   *   all of whose images are taken in the order of their paths
   * @throws DataError for an image that cannot be read, unless `skipBad` is set
   */
  score(model: TrainedModel, images: GivenImages, options?: ScoreOptions): Promise<ScoreOutcome>;
}

export function libraryFor(host: LibraryHost): Library {
  const { runtime, files, where } = host;
  return {
    async train(options, hooks = {}) {
      checkHooks(hooks);
      const { choices: given, resume, force, profile, acceptChangedData } = parseTrainOptions(trainArguments(options));
      const mode = { resume, force, profile, acceptChangedData };
      const choices: ConfigChoices = { ...given, where };
      const adapter = await runtime.requestAdapter({ adapter: choices.adapter });
      const opened = handOutOnce(runtime, adapter);
      try {
        const config = resolveConfig(choices, adapter.info);
        const used = resume ? resumedConfig(await readStoredConfig(files, config.out), choices) : config;
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
  };
}

/** A runtime that gives away the adapter that is open already, then new ones; `release` for when nobody took it. */
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
