/** Scores of test images: the encoder with running statistics over the plain view and T augmented views of each. */
import { type Context, LimitError, type Plan, type Tensor } from '../../runtime/index.ts';
import { Augmenter } from '../augment/augmenter.ts';
import { OeclError } from '../base/errors.ts';
import { augmentOptions, type ScoringConfig } from '../config/config.ts';
import type { ImageSet } from '../data/imageSet.ts';
import type { Encoder } from '../models/resnet.ts';
import { SCORE_NAMES, type ScoreName, type ScoreTable } from '../report/result.ts';
import { normScores } from '../scores/normScores.ts';
import type { TrainHooks } from './hooks.ts';

/** Views in one pass, about those of a training step of the tiny preset: enough to fill a device, little memory. */
const VIEWS_PER_PASS = 128;

/**
 * Every score of the images at `indices`, in that order, or null when it was interrupted. A view depends on (seed, content
 * of the image, view) alone, and so does a score, to the bit: neither on other images nor on how many there are.
 */
export async function evaluate(
  context: Context,
  encoder: Encoder,
  set: ImageSet,
  indices: readonly number[],
  config: ScoringConfig,
  hooks: Pick<TrainHooks, 'onEvaluate' | 'signal'> = {},
): Promise<ScoreTable | null> {
  const views = config.views + 1;
  let batch = Math.min(indices.length, Math.max(1, Math.floor(VIEWS_PER_PASS / views)));
  for (;;) {
    try {
      return await evaluateBy(batch, context, encoder, set, indices, config, hooks);
    } catch (error) {
      if (!(error instanceof LimitError) || batch === 1) throw error;
      batch = Math.ceil(batch / 2); // a score does not depend on what is scored beside it
    }
  }
}

/** As evaluate(), `batch` images in one pass. @throws LimitError, before anything is scored, when that is too many */
async function evaluateBy(
  batch: number,
  context: Context,
  encoder: Encoder,
  set: ImageSet,
  indices: readonly number[],
  config: ScoringConfig,
  { onEvaluate, signal }: Pick<TrainHooks, 'onEvaluate' | 'signal'>,
): Promise<ScoreTable | null> {
  const views = config.views + 1;
  const augmenter = Augmenter.forEvaluation(context, augmentOptions(config), set.images, batch, config.views);
  let plan: Plan<Tensor> | null = null;
  try {
    plan = await context.record(() => context.noGrad(() => encoder.forward(augmenter.views(), false)));
    const { outputs } = plan;
    const column = () => new Float64Array(indices.length);
    const scores: Record<ScoreName, Float64Array> = {
      norm: column(),
      normEnsemble: column(),
      normOfMean: column(),
      meanSquaredNorm: column(),
    };
    onEvaluate?.(0, indices.length);
    for (let first = 0; first < indices.length && !signal?.aborted; first += batch) {
      // the last batch is filled up with its first image: a plan has one batch size
      const chosen = Uint32Array.from(
        { length: batch },
        (_, i) => indices[first + i < indices.length ? first + i : first],
      );
      augmenter.upload([{ images: set.images, indices: chosen, rounds: new Uint32Array(batch) }]);
      plan.run();
      const features = (await outputs.read()) as Float32Array;
      for (let i = 0; i < batch && first + i < indices.length; i++) {
        const values = normScores(featuresOf(i, { features, batch, views }), outputs.shape[1]);
        for (const name of SCORE_NAMES) {
          if (!Number.isFinite(values[name])) throw notFinite(set.paths[indices[first + i]], name, values[name]);
          scores[name][first + i] = values[name];
        }
      }
      onEvaluate?.(Math.min(first + batch, indices.length), indices.length);
    }
    return signal?.aborted ? null : scores;
  } finally {
    plan?.outputs.dispose();
    plan?.dispose();
    augmenter.dispose();
  }
}

function notFinite(image: string, score: ScoreName, value: number): OeclError {
  return new OeclError(`${image}: the score ${score} is ${value}, expected a finite number.`, {
    remedy: 'a model whose training did not diverge; with --precision f16, --precision f32',
  });
}

/** Rows of an image, one a view: in a pass they are in view-major order. */
function featuresOf(
  image: number,
  { features, batch, views }: { features: Float32Array; batch: number; views: number },
): Float32Array {
  const dimension = features.length / (batch * views);
  const own = new Float32Array(views * dimension);
  for (let view = 0; view < views; view++) {
    const row = (view * batch + image) * dimension;
    own.set(features.subarray(row, row + dimension), view * dimension);
  }
  return own;
}
