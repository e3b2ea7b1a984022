/** Options, reported terms and scores that several methods share. */
import type { OptionSpec } from '../base/options.ts';
import type { TermSpec } from './method.ts';

export const TEMPERATURE: OptionSpec = {
  name: 'temperature',
  key: 'temperature',
  type: 'number',
  above: 0,
  group: 'Method',
  value: 0.5,
  help: 'temperature of the contrastive loss',
  field: { label: 'Temperature', help: 'Of the contrastive loss' },
};

export const CONTRASTIVE: TermSpec = { title: 'contrastive term', chart: 'loss', of: 'normal' };
export const NORM_NORMAL: TermSpec = { title: 'normal images', chart: 'norm', of: 'normal' };
export const NORM_OUTLIER: TermSpec = { title: 'outlier-exposure images', chart: 'norm', of: 'outliers' };

/** Scores based on the norm of f, which contrastive training increases for images that resemble the training images. */
export const NORM_SCORES: readonly string[] = ['norm', 'normEnsemble', 'normOfMean', 'meanSquaredNorm', 'cosineNorm'];
