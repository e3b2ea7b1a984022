/** Alignment and uniformity (docs/methods.md 1.2): the two parts of the contrastive loss, weighted apart. */
import { add, alignment, normPenalty, scale, uniformity } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { NORM_NORMAL, NORM_SCORES } from './options.ts';

const DISTANCES = ['cosine', 'euclidean'] as const;

export interface AlignUniformValues {
  /** w_u / w_a, where w_a + w_u = 2. */
  uniformityRatio: number;
  distance: (typeof DISTANCES)[number];
}

export const alignUniform: Method<AlignUniformValues, 'align-uniform'> = {
  name: 'align-uniform',
  title: 'Alignment + uniformity',
  summary: 'Contrastive learning on normal images, as two losses: views of an image close, all images spread evenly.',
  source: 'Wang and Isola 2020, arXiv 2005.10242; arXiv 2312.15288, eq. 16-18',
  options: [
    {
      name: 'uniformity-ratio',
      key: 'uniformityRatio',
      type: 'number',
      above: 0,
      group: 'Method',
      value: 1,
      help: 'weight of the uniformity loss over that of the alignment loss; the two add up to 2',
      field: { label: 'Uniformity / alignment', help: 'Ratio of the weights of the two losses' },
    },
    {
      name: 'distance',
      key: 'distance',
      type: 'choice',
      choices: DISTANCES,
      group: 'Method',
      value: 'cosine',
      help: 'cosine: between directions of f, as in contrastive learning; euclidean: between f, so that norms grow',
    },
  ],
  batch: () => ({ normal: { views: 2 } }),
  loss({ projection }, _, { uniformityRatio, distance }) {
    const uniformWeight = (2 * uniformityRatio) / (1 + uniformityRatio);
    const align = alignment(projection, { distance });
    const uniform = uniformity(projection, { distance });
    const normNormal = projection.context.noGrad(() => normPenalty(projection));
    return {
      loss: add(scale(align, 2 - uniformWeight), scale(uniform, uniformWeight)),
      terms: { alignment: align, uniformity: uniform, normNormal },
    };
  },
  terms: {
    alignment: { title: 'alignment', chart: 'loss', of: 'normal' },
    uniformity: { title: 'uniformity', chart: 'loss', of: 'normal' },
    normNormal: NORM_NORMAL,
  },
  scores: NORM_SCORES,
  mainScore: 'normEnsemble',
};
