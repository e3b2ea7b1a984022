/**
 * All-normal: every training image is normal, and so are the test images of classes named as normal; all other test classes
 * are outliers. Without outliers, the scores of the normal images are the only result.
 */
import { DataError } from '../base/errors.ts';
import { EVERY_CLASS } from '../base/names.ts';
import { isNormalName } from '../data/datasets/classFolders.ts';
import { classCounts, countTable, type Protocol, splitBy } from './protocol.ts';

export const allNormal: Protocol<'all-normal'> = {
  name: 'all-normal',
  summary: 'every class that has training images',
  isOfAllClasses: true,
  plan(dataset) {
    const counts = classCounts(dataset);
    const trained = new Set(counts.filter(({ train }) => train > 0).map(({ name }) => name));
    const isNormal = (name: string) => trained.has(name) || isNormalName(name);
    if (!counts.some(({ name, test }) => test > 0 && isNormal(name)) || trained.size === 0) {
      throw new DataError(
        `--protocol all-normal: there are no ${trained.size === 0 ? 'training' : 'normal test'} images.`,
        {
          details: countTable(counts),
          remedy: 'test images of a class that has training images, or is called normal, good, ok or inlier',
        },
      );
    }
    return { splits: [splitBy(dataset, EVERY_CLASS, isNormal, () => true)], skipped: [] };
  },
  headline: (_, hasOutliers) => (hasOutliers ? 'trained classes against unseen ones' : 'normal images alone'),
  normalImages: () => 'the trained classes',
};
