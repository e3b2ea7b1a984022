/** Options that few need: the ways of published code that differ from ours (docs/methods.md 4). */
import { AUGMENTATION_NAMES, AUGMENTATIONS } from '../augment/augmentations.ts';
import type { OptionTable } from '../base/options.ts';

/** What colors are normalized by: the data set's constants, the training images' statistics, each view's own contrast, or ImageNet's constants; or they stay in [0, 1]. */
export const NORMALIZATIONS = ['dataset', 'training', 'contrast', 'imagenet', 'none'] as const;
export const OE_ORDERS = ['shuffled', 'fixed', 'replacement'] as const;

export const PARITY_OPTIONS: OptionTable = [
  {
    name: 'augment',
    key: 'augment',
    type: 'choice',
    choices: AUGMENTATION_NAMES,
    group: 'Parity with published code',
    value: 'simclr',
    default: 'simclr; --recipe theirs and gt72 as published',
    help: `how images are augmented: ${AUGMENTATIONS.map(({ name, summary }) => `${name}, ${summary}`).join('; ')}`,
  },
  {
    name: 'normalize',
    key: 'normalize',
    type: 'choice',
    choices: NORMALIZATIONS,
    group: 'Parity with published code',
    value: 'dataset',
    default: 'dataset; --recipe theirs as published; --init as trained',
    help: "how colors are normalized. dataset: by constants; training: by mean and deviation of the normal training images; contrast: by each view's own mean and mean deviation (global contrast normalization); imagenet: by the constants of networks trained on ImageNet; none: they stay in [0, 1]",
  },
  {
    name: 'nesterov',
    only: 'trained',
    key: 'nesterov',
    type: 'flag',
    value: false,
    group: 'Parity with published code',
    help: 'sgd uses Nesterov momentum (GT)',
  },
  {
    name: 'lr-per-step',
    only: 'trained',
    key: 'lrPerStep',
    type: 'flag',
    value: false,
    group: 'Parity with published code',
    help: 'the cosine decay proceeds with every step instead of every epoch (GT)',
  },
  {
    name: 'milestones',
    only: 'trained',
    key: 'milestones',
    type: 'text',
    placeholder: 'E1,E2',
    group: 'Parity with published code',
    value: null,
    help: 'epochs at which the learning rate drops to a tenth, in place of the cosine decay',
  },
  {
    name: 'lr-warmup',
    only: 'trained',
    key: 'lrWarmup',
    type: 'integer',
    min: 0,
    group: 'Parity with published code',
    value: 0,
    help: 'epochs in which the learning rate rises from a tenth, per step; the cosine after it is per step, too (CSI: 10)',
  },
  {
    name: 'lars-all',
    only: 'trained',
    key: 'larsAll',
    type: 'flag',
    value: false,
    group: 'Parity with published code',
    help: 'lars scales and decays every parameter, also biases and batch norm (CSI)',
  },
  {
    name: 'wrap',
    only: 'trained',
    key: 'wrap',
    type: 'flag',
    value: false,
    group: 'Parity with published code',
    help: 'fill the last batch of an epoch from the next pass over the images, instead of dropping it; a class smaller than the batch then keeps the batch',
  },
  {
    name: 'oe-order',
    only: 'trained',
    key: 'oeOrder',
    type: 'choice',
    choices: OE_ORDERS,
    group: 'Parity with published code',
    value: 'shuffled',
    help: "order of outlier-exposure images. shuffled: a new order for each pass; fixed: the same order in every epoch, as in the authors' code; replacement: drawn with replacement",
  },
];
