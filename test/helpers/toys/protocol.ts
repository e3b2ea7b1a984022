import { EVERY_CLASS } from '../../../src/base/names.ts';
import { type Protocol, splitBy } from '../../../src/protocols/protocol.ts';

/** Two test sets of two images each, in turn. */
export const toyProtocol: Protocol<'toy-protocol'> = {
  name: 'toy-protocol',
  summary: 'the first class of the toy set',
  isOfAllClasses: true,
  plan(dataset) {
    const isFirst = (name: string) => name === dataset.train.classes[0];
    const split = splitBy(dataset, EVERY_CLASS, isFirst, () => true);
    const half = (rest: number) => [...split.testIndices.keys()].filter((at) => Math.floor(at / 2) % 2 === rest);
    const testSets = [
      { name: 'the even ones', members: half(0) },
      { name: 'the odd ones', members: half(1) },
    ];
    return { splits: [{ ...split, testSets }], skipped: [] };
  },
  headline: () => 'the headline of the toy protocol',
  normalImages: () => 'the first class',
};
