/** Binary cross-entropy between normal and outlier-exposure images (docs/methods.md 1.7), one view of each image. */
import { binaryCrossEntropy } from '../../runtime/index.ts';
import { classifier } from './classifier.ts';

export const bce = classifier({
  name: 'bce',
  title: 'BCE',
  summary: 'A classifier of normal against outlier images.',
  source: 'Liznerski et al. 2022, arXiv 2205.11474',
  loss: binaryCrossEntropy,
});
