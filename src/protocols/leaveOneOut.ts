/** Leave-one-out: one class is the outlier; all others are normal. */
import { perClass } from './perClass.ts';

export const leaveOneOut = perClass({
  name: 'leave-one-out',
  summary: 'every other class',
  role: 'is left out',
  isImplied: false,
  isTrained: (className, leftOut) => className !== leftOut,
  // a class without training images is neither normal nor left out, so the test excludes it
  isTested: (className, leftOut, trained) => className === leftOut || trained.has(className),
  unfit({ name, test }, others) {
    if (test === 0) return `${name} has no test images, and they are the outliers`;
    const trained = others.filter(({ train }) => train > 0);
    if (trained.length === 0) return `no class but ${name} has training images`;
    if (!trained.some((other) => other.test > 0)) return `no trained class but ${name} has test images`;
    return undefined;
  },
  headline: (leftOut) => `all classes against ${leftOut}, left out`,
  normalImages: (leftOut) => `all classes but ${leftOut}`,
});
