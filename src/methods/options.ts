/** Options that several methods have, and the terms that they report. */
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
