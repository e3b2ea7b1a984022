/** Focal loss between normal and outlier-exposure images (docs/methods.md 1.7), one view of each image. */
import { focalLoss } from '../../runtime/index.ts';
import { classifier } from './classifier.ts';

export const focal = classifier({
  name: 'focal',
  title: 'Focal',
  summary: 'A classifier of normal against outlier images that gives the images it is unsure of more weight.',
  source: 'Lin et al. 2017, arXiv 1708.02002; Liznerski et al. 2022',
  loss: focalLoss,
});
