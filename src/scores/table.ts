/** Every score, in listing order. To add one, add a file in this folder and a line here. */
import { type MethodName, methodNamed } from '../methods/table.ts';
import { centerDistance } from './centerDistance.ts';
import { classProbability } from './classProbability.ts';
import { cosineNorm } from './cosineNorm.ts';
import { csi } from './csi.ts';
import { dirichlet } from './dirichlet.ts';
import { hypersphere } from './hypersphere.ts';
import { knn, knnEuclidean } from './knn.ts';
import { logit } from './logit.ts';
import { mahalanobis } from './mahalanobis.ts';
import { meanSquaredNorm } from './meanSquaredNorm.ts';
import { norm } from './norm.ts';
import { normEnsemble } from './normEnsemble.ts';
import { normOfMean } from './normOfMean.ts';
import { patchcore } from './patchcore.ts';
import type { Score } from './score.ts';
import { transformation } from './transformation.ts';

export const SCORES: readonly Score[] = [
  norm,
  normEnsemble,
  normOfMean,
  meanSquaredNorm,
  cosineNorm,
  knn,
  knnEuclidean,
  mahalanobis,
  csi,
  classProbability,
  hypersphere,
  centerDistance,
  logit,
  transformation,
  dirichlet,
  patchcore,
];

export const SCORE_NAMES: readonly string[] = SCORES.map(({ name }) => name);

/** The scores of a method's runs: those that it names, and those of every method. */
export const scoresOf = (method: MethodName): readonly Score[] =>
  SCORES.filter(({ name, isGeneral }) => isGeneral || methodNamed(method).scores.includes(name));

/** Whether a score of the method reads augmented views; otherwise images are scored by their plain view alone. */
export const usesAugmentedViews = (method: MethodName): boolean =>
  scoresOf(method).some(({ views }) => views === 'all');

/** Whether a score of the method reads maps of the backbone. */
export const readsMaps = (method: MethodName): boolean => scoresOf(method).some(({ needs }) => needs.includes('map'));

export const scoreNamed = (name: string): Score | undefined => SCORES.find((score) => score.name === name);
