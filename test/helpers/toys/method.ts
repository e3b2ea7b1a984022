import { normPenalty, scale } from '../../../runtime/index.ts';
import type { Method } from '../../../src/methods/method.ts';

export const toyMethod: Method<{ toyWeight: number }, 'toy-method'> = {
  name: 'toy-method',
  title: 'Toy method',
  summary: 'The summary of the toy method.',
  source: 'test/e2e/toys.test.ts',
  options: [
    {
      name: 'toy-weight',
      key: 'toyWeight',
      type: 'number',
      above: 0,
      group: 'Method',
      value: 0.25,
      help: 'weight of the toy term',
      field: { label: 'Toy weight' },
    },
  ],
  recipe: () => ({ weightDecay: 0.125 }),
  batch: () => ({ normal: { views: 2 } }),
  loss({ projection }, _, { toyWeight }) {
    const toyTerm = normPenalty(projection);
    return { loss: scale(toyTerm, toyWeight), terms: { toyTerm } };
  },
  terms: { toyTerm: { title: 'toy term', chart: 'norm', of: 'normal' } },
  scores: ['toyScore', 'norm'],
  mainScore: 'toyScore',
};
