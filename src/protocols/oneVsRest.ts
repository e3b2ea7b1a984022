/** One-vs-rest: one class is normal; all others are outliers. */
import { perClass } from './perClass.ts';

export const oneVsRest = perClass({
  name: 'one-vs-rest',
  summary: 'the class of --normal',
  role: 'is normal',
  isImplied: true,
  isOfOneClass: true,
  isTrained: (className, normal) => className === normal,
  isTested: () => true,
  unfit({ name, train, test }, others) {
    if (train === 0) return `${name} has no training images`;
    if (test === 0) return `${name} has no test images`;
    if (!others.some((other) => other.test > 0))
      return `no class but ${name} has test images, so there are no outliers`;
    return undefined;
  },
  headline: (normal) => `${normal} against the rest`,
  normalImages: (normal) => normal,
});
