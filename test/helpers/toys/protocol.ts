import { EVERY_CLASS } from '../../../src/base/names.ts';
import { type Protocol, splitBy } from '../../../src/protocols/protocol.ts';

export const toyProtocol: Protocol<'toy-protocol'> = {
  name: 'toy-protocol',
  summary: 'the first class of the toy set',
  isOfAllClasses: true,
  plan(dataset) {
    const isFirst = (name: string) => name === dataset.train.classes[0];
    return { splits: [splitBy(dataset, EVERY_CLASS, isFirst, () => true)], skipped: [] };
  },
  headline: () => 'the headline of the toy protocol',
  normalImages: () => 'the first class',
};
