/** Options that few need: the ways of published code that differ from ours (docs/methods.md 4). */
import type { OptionTable } from '../base/options.ts';

export const OE_ORDERS = ['shuffled', 'fixed', 'replacement'] as const;

export const PARITY_OPTIONS: OptionTable = [
  {
    name: 'milestones',
    key: 'milestones',
    type: 'text',
    placeholder: 'E1,E2',
    group: 'Parity with published code',
    value: null,
    help: 'epochs at which the learning rate drops to a tenth, in place of the cosine decay',
  },
  {
    name: 'lr-warmup',
    key: 'lrWarmup',
    type: 'integer',
    min: 0,
    group: 'Parity with published code',
    value: 0,
    help: 'epochs in which the learning rate rises from a tenth, per step; the cosine after it is per step, too (CSI: 10)',
  },
  {
    name: 'lars-all',
    key: 'larsAll',
    type: 'flag',
    value: false,
    group: 'Parity with published code',
    help: 'lars scales and decays every parameter, also biases and batch norm (CSI)',
  },
  {
    name: 'wrap',
    key: 'wrap',
    type: 'flag',
    value: false,
    group: 'Parity with published code',
    help: 'fill the last batch of an epoch from the next pass over the images, instead of dropping it; a class smaller than the batch then keeps the batch',
  },
  {
    name: 'oe-order',
    key: 'oeOrder',
    type: 'choice',
    choices: OE_ORDERS,
    group: 'Parity with published code',
    value: 'shuffled',
    help: "order of outlier-exposure images. shuffled: a new order for each pass; fixed: the same order in every epoch, as in the authors' code; replacement: drawn with replacement",
  },
];
