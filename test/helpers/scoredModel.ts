/** A trained model as loadModel gives it, without weights: for commands over a library that is made up. */
import type { TrainedModel } from '../../src/library/model.ts';
import { TINY_MODEL } from './tinyModel.ts';

export const NORM_THRESHOLD = 0.75;

/** @param hasThresholds as files of today's runs have, and those of earlier ones have not */
export const scoredModel = (hasThresholds: boolean): TrainedModel => ({
  ...{ config: TINY_MODEL, state: {}, file: 'model.safetensors' },
  scores: {
    main: 'norm',
    states: {},
    thresholds: hasThresholds ? { norm: NORM_THRESHOLD } : {},
    thresholdImages: hasThresholds ? 20 : 0,
  },
});
