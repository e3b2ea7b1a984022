/**
 * The trainer as functions for other programs: train, load a trained model, score images with it. The same in Node and in
 * browsers; node.ts and browser.ts name the platforms.
 */
import { openContext, type PlatformAdapter, type RuntimePlatform } from '../../runtime/index.ts';
import { parseTrainOptions } from '../cli/parse.ts';
import type { Platform } from '../platform/platform.ts';
import { type ConfigChoices, flagOf, type RunConfig, resolveConfig, resumedConfig } from '../train/config.ts';
import { evaluate } from '../train/evaluate.ts';
import type { RunOutcome, TrainHooks } from '../train/hooks.ts';
import { checkPrecision, ofEvaluation, ofNetwork } from '../train/limits.ts';
import { SCORE_NAMES } from '../train/result.ts';
import { runTraining } from '../train/run.ts';
import { readStoredConfig } from '../train/runFolder.ts';
import { type GivenImage, loadGivenImages } from './images.ts';
import { buildEncoder, readModel, type TrainedModel } from './model.ts';
import type { ImageScores, ScoreOptions, ScoreOutcome, TrainOptions } from './types.ts';

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
   * The model that a run left. @param source the run folder, or its model.safetensors alone: path or bytes
   * @throws UsageError when there is none, FormatError when it is damaged, or too old to be used without its run folder
   */
  loadModel(source: string | Uint8Array): Promise<TrainedModel>;

  /**
   * Scores images: the higher, the more normal. The images of the run's test get the scores of its scores.csv, as long as
   * their order is the same: the augmented views of an image hang on its place.
   * @param images a folder, all of whose images are taken in the order of their paths, encoded images (JPEG, PNG, BMP), or pixels
   * @throws DataError for an image that cannot be read, unless `skipBad` is set
   */
  score(model: TrainedModel, images: string | readonly GivenImage[], options?: ScoreOptions): Promise<ScoreOutcome>;
}

export function libraryFor({ runtime, files, where }: LibraryHost): Library {
  return {
    async train(options, hooks = {}) {
      const { choices: given, resume, force, profile } = parseTrainOptions(argumentsOf(options));
      const choices: ConfigChoices = { ...given, where };
      const adapter = await runtime.requestAdapter({ adapter: choices.adapter });
      const opened = handOutOnce(runtime, adapter);
      try {
        const config = resolveConfig(choices, adapter.info);
        const used = resume ? resumedConfig(await readStoredConfig(files, config.out), choices) : config;
        return await runTraining({ runtime: opened.runtime, files }, used, { resume, force, profile }, hooks);
      } finally {
        opened.release();
      }
    },

    loadModel: (source) => readModel(files, source),

    async score(model, images, options = {}) {
      const config = { ...model.config, precision: options.precision ?? model.config.precision };
      const { set, skipped } = await loadGivenImages(files, images, config, options);
      const context = await openContext(runtime, { adapter: options.adapter });
      try {
        checkPrecision(config, context);
        const encoder = buildEncoder(context, { ...model, config }, (error) => ofNetwork(error, config));
        const indices = Array.from(set.paths.keys());
        const hooks = { onEvaluate: options.onProgress, signal: options.signal };
        const table = await evaluate(context, encoder, set, indices, config, hooks).catch((error) => {
          throw ofEvaluation(error, config);
        });
        if (!table) return { interrupted: true, scores: [], skipped };
        const scores = set.paths.map((image, i) => {
          const values = Object.fromEntries(SCORE_NAMES.map((name) => [name, table[name][i]]));
          return { image, ...values } as ImageScores;
        });
        return { interrupted: false, scores, skipped };
      } finally {
        await context.close();
      }
    },
  };
}

/** The options as the command line has them, whose checks they go through: a NaN or a misspelt name ends here. */
function argumentsOf(options: TrainOptions): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    return [value === true ? flagOf(key) : `${flagOf(key)}=${Array.isArray(value) ? value.join(',') : value}`];
  });
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
