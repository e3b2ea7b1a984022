/** The contract of a score: one number per image, from its features. The higher, the more normal. */
import type { FeatureTable, Matrix } from './features.ts';

/** What a score keeps of the training images; the model file holds it as tensors `score.<name>.*`. */
export type ScoreState = Readonly<Record<string, Matrix>>;

/**
 * The scores of images, one each in their order. What depends on the state alone is computed before. A promise, where the
 * comparison with the training images runs on the device.
 */
export type ScoreImages = (images: FeatureTable) => Float64Array | Promise<Float64Array>;

interface ScoreFacts {
  /** As results, scores.csv and --score spell it. */
  readonly name: string;
  /** What it is, in a phrase. */
  readonly summary: string;
  /** Outputs of the encoder that it reads. */
  readonly needs: readonly ('backbone' | 'projection')[];
  /** Whether augmented views count, or the plain view alone. */
  readonly views: 'plain' | 'all';
  /** Runs of every method have it; the others are of the methods that name them. */
  readonly isGeneral?: true;
}

/** A score of an image's own features. */
export interface OwnScore extends ScoreFacts {
  readonly fit?: undefined;
  open(): ScoreImages;
}

/** A score that compares an image with the training images. */
export interface FittedScore extends ScoreFacts {
  /** The matrices of its state. */
  readonly keeps: readonly string[];
  /** Another score whose state it uses, so that the model file holds it once. */
  readonly stateOf?: string;
  /** Values that the definition fixes, for readers of the model file: its metadata `score.<name>.<key>`. */
  readonly constants?: Readonly<Record<string, string>>;
  /**
   * The state, in the order of the training images' content, so that it does not depend on what files are called.
   * @param training one view per image, the plain one; at least one image
   */
  fit(training: FeatureTable): ScoreState;
  open(state: ScoreState): ScoreImages;
}

export type Score = OwnScore | FittedScore;

/** An own score from its formula for one image. */
export const ownScore = (facts: ScoreFacts, of: (images: FeatureTable, image: number) => number): OwnScore => ({
  ...facts,
  open: () => (images) => Float64Array.from({ length: images.count }, (_, image) => of(images, image)),
});
