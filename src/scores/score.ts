/** The interface of a score: one number per image, computed from its features. Higher = more normal. */
import type { FeatureTable, Matrix } from './features.ts';

/** What a score stores about the training images; the model file holds it as tensors `score.<name>.*`. */
export type ScoreState = Readonly<Record<string, Matrix>>;

/**
 * The scores of images, one each, in order. Anything that depends only on the state is computed up front. Returns a promise,
 * because comparison with the training images may run on the device.
 */
export type ScoreImages = (images: FeatureTable) => Float64Array | Promise<Float64Array>;

interface ScoreFacts {
  /** The name in results, scores.csv and --score. */
  readonly name: string;
  /** A phrase that describes it. */
  readonly summary: string;
  /** Encoder outputs that it reads. */
  readonly needs: readonly ('backbone' | 'projection' | 'logits' | 'map')[];
  /** Steps of training below which it tells little; default: it does not depend on them. */
  readonly leastSteps?: number;
  /** Whether it uses the augmented views or only the plain view. */
  readonly views: 'plain' | 'all';
  /** Whether runs of every method have it, or only those of methods that name it. */
  readonly isGeneral?: true;
}

/** A score computed from the image's own features. */
export interface OwnScore extends ScoreFacts {
  readonly fit?: undefined;
  open(): ScoreImages;
}

/** A score that compares an image with the training images. */
export interface FittedScore extends ScoreFacts {
  /** The views of the training images that it is fitted to; default: only the plain one. */
  readonly fittedViews?: 'plain' | 'all';
  /** Names of the matrices in its state. */
  readonly keeps: readonly string[];
  /** Another score whose state it shares, so that the model file stores it once. */
  readonly stateOf?: string;
  /** Constants of its definition, for readers of the model file: metadata `score.<name>.<key>`. */
  readonly constants?: Readonly<Record<string, string>>;
  /**
   * What fit() reads of the training images: as many rows for each image. Called per batch, so that no batch has to be kept.
   * @param first place of the batch's first image among the training images   @param images number of all of them
   */
  rowsOf(training: FeatureTable, first: number, images: number): Matrix;
  /**
   * Fits the state.
   * @param rows at least one, in the order of the training images' content, so that file names have no effect
   * @param labels the class of each image, from 0, without gaps
   */
  fit(rows: Matrix, labels: ArrayLike<number>): ScoreState;
  /** What a user should know about a fitted state, for the notes of the run. */
  remarks?(state: ScoreState): string[];
  open(state: ScoreState): ScoreImages;
}

export type Score = OwnScore | FittedScore;

/** Defines an own score by its formula for one image. */
export const ownScore = (facts: ScoreFacts, of: (images: FeatureTable, image: number) => number): OwnScore => ({
  ...facts,
  open: () => (images) => Float64Array.from({ length: images.count }, (_, image) => of(images, image)),
});
