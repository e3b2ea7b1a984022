/**
 * Rotation and translation prediction (docs/methods.md 1.7): three linear heads tell which of 36 transformations an image
 * went through. `gt-plus` also pushes the heads to uniform outputs on outlier-exposure images.
 */
import { add, crossEntropy, logSoftmax, mean, neg, scale, type Tensor } from '../../runtime/index.ts';
import { ROTATIONS, type Shift } from '../augment/shifts.ts';
import type { Preset, Recipe, RecipeName } from '../base/recipe.ts';
import type { Batch, Method, Outputs, Row, TermSpec } from './method.ts';
import { RECIPE } from './options.ts';

/** The heads, and their number of classes. */
const HEADS = { turn: 4, right: 3, down: 3 } as const;

/** Each normal image has 36 rows. */
const BATCH: Readonly<Record<Preset, number>> = { paper: 32, small: 8, tiny: 4 };

export interface GtValues {
  size: number;
  recipe: RecipeName;
}

/** The publication's public script, with our batch; it decays to a learning rate of 1e-6, where ours ends at 0. */
const theirs = (preset: Preset): Recipe => ({
  ...{ optimizer: 'sgd', lr: 0.1, momentum: 0.9, weightDecay: 5e-4, nesterov: true, lrPerStep: true },
  augment: 'crop-flip',
  ...(preset === 'paper' ? { arch: 'resnet18-cbam', epochs: 5 } : {}),
});

/** All rotations of all translations by 0, -8 and 8 of 32 pixels; the turns change slowest, `down` fastest. */
function shiftsOf({ size }: Pick<GtValues, 'size'>): Shift[] {
  const steps = [0, -1, 1].map((direction) => direction * Math.floor(size / 4));
  return ROTATIONS.flatMap(({ turns }) => steps.flatMap((right) => steps.map((down) => ({ turns, right, down }))));
}

const LABELS: Readonly<Record<keyof typeof HEADS, (row: Row) => number>> = {
  turn: ({ shift }) => Math.floor(shift / 9),
  right: ({ shift }) => Math.floor(shift / 3) % 3,
  down: ({ shift }) => shift % 3,
};

const names = Object.keys(HEADS) as (keyof typeof HEADS)[];

/** The mean of a value of each head. */
const meanOfHeads = (of: (head: keyof typeof HEADS) => Tensor): Tensor =>
  scale(
    names.map(of).reduce((sum, value) => add(sum, value)),
    1 / names.length,
  );

const headLoss = ({ logits }: Outputs, { parts, labels }: Batch): Tensor =>
  meanOfHeads((head) => crossEntropy(parts(logits[head]).normal, parts(labels[head]).normal));

const TRANSFORMATION: TermSpec = { title: 'transformations', chart: 'loss', of: 'normal' };

const common = {
  recipe: (preset: Preset, _: unknown, name: RecipeName): Recipe => ({
    batch: BATCH[preset],
    ...(name === 'theirs' ? theirs(preset) : {}),
  }),
  network: () => ({ logits: HEADS }),
  sight: (values: GtValues) => ({ shifts: shiftsOf(values) }),
  scores: ['transformation'],
  mainScore: 'transformation',
};

export const gt: Method<GtValues, 'gt'> = {
  ...common,
  name: 'gt',
  title: 'GT',
  summary: 'Predicts how a normal image was turned and moved; on outliers it does so worse.',
  source: 'Hendrycks et al. 2019, arXiv 1906.12340',
  options: [RECIPE],
  batch: (values) => ({ normal: { views: 1, shifts: shiftsOf(values) }, labels: LABELS }),
  loss(outputs, batch) {
    const transformations = headLoss(outputs, batch);
    return { loss: transformations, terms: { transformations } };
  },
  terms: { transformations: TRANSFORMATION },
};

export const gtPlus: Method<GtValues & { uniformWeight: number }, 'gt-plus'> = {
  ...common,
  name: 'gt-plus',
  title: 'GT+',
  summary: 'GT that is also trained to be undecided about outlier images.',
  source: 'Hendrycks et al. 2019, arXiv 1812.04606 and 1906.12340',
  options: [
    RECIPE,
    {
      name: 'uniform-weight',
      key: 'uniformWeight',
      type: 'number',
      min: 0,
      group: 'Method',
      value: 0.5,
      help: 'weight of the loss that makes predictions for outlier-exposure images uniform',
      field: { label: 'Outlier weight', help: 'Weight of the loss on outlier images' },
    },
  ],
  batch: (values) => ({ normal: { views: 1, shifts: shiftsOf(values) }, outliers: { views: 1 }, labels: LABELS }),
  loss(outputs, batch, { uniformWeight }) {
    const transformations = headLoss(outputs, batch);
    // mean of logsumexp(a) - mean(a): the cross-entropy of the uniform distribution
    const uniform = meanOfHeads((head) => neg(mean(logSoftmax(batch.parts(outputs.logits[head]).outliers!))));
    return { loss: add(transformations, scale(uniform, uniformWeight)), terms: { transformations, uniform } };
  },
  terms: {
    transformations: TRANSFORMATION,
    uniform: { title: 'uniformity on outliers', chart: 'loss', of: 'outliers' },
  },
};
