/**
 * The random streams of a run: the second word of the generator's key (seed, stream), one per use, so that drawing
 * more for one purpose never affects another. The numbers define what "the same seed" means: never renumber them.
 */
export const Stream = {
  /** Initial weights; index: position of the parameter. */
  init: 1,
  /** Order of the normal images; index: epoch. */
  shuffleNormal: 2,
  /** Order of the outlier-exposure images; index: epoch. */
  shuffleOutliers: 3,
  /** Augmented views of the normal images; index: the image's identity. */
  augment: 4,
  /** Augmented views at evaluation, for the ensemble scores; index: the image's identity. */
  evaluationViews: 5,
  /** The generated blood cells. */
  demoData: 6,
  /** The generated dead leaves. */
  deadLeaves: 7,
  /** Augmented views of the outlier-exposure images; index: the image's identity. */
  augmentOutliers: 8,
} as const;
