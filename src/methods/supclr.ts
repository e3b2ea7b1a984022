/** SupCLR (docs/methods.md 1.6): contrastive learning in which all normal images of a class are positives of each other. */
import { normPenalty, supCon } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { CONTRASTIVE, NORM_NORMAL, NORM_SCORES, TEMPERATURE } from './options.ts';

export const supclr: Method<{ temperature: number }, 'supclr'> = {
  name: 'supclr',
  title: 'SupCLR',
  summary:
    'Contrastive learning that draws normal images of the same class together; needs two or more normal classes.',
  source: 'Khosla et al. 2020, arXiv 2004.11362',
  options: [TEMPERATURE],
  needsClasses: true,
  recipe: () => ({ temperature: 0.07 }),
  batch: () => ({ normal: { views: 2 }, labels: { class: ({ label }) => label } }),
  loss({ projection }, { labels }, { temperature }) {
    const contrastive = supCon(projection, labels.class, { temperature });
    const normNormal = projection.context.noGrad(() => normPenalty(projection));
    return { loss: contrastive, terms: { contrastive, normNormal } };
  },
  terms: { contrastive: CONTRASTIVE, normNormal: NORM_NORMAL },
  scores: [...NORM_SCORES, 'classProbability'],
  mainScore: 'classProbability',
};
