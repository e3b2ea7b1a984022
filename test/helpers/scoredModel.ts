/** A trained model as loadModel returns it, without weights: for commands over a fake library. */
import type { TrainedModel } from '../../src/library/model.ts';
import { TINY_MODEL } from './tinyModel.ts';

export const NORM_THRESHOLD = 0.75;

/** @param hasThresholds true for files of current runs, false for files of earlier versions */
export const scoredModel = (hasThresholds: boolean): TrainedModel => ({
  ...{ config: TINY_MODEL, state: {}, file: 'model.safetensors' },
  scores: {
    main: 'norm',
    states: {},
    thresholds: hasThresholds ? { norm: NORM_THRESHOLD } : {},
    thresholdImages: hasThresholds ? 20 : 0,
  },
});
