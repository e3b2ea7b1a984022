/** A verdict, never alone: with its score, its percentile among normal images, and the threshold's false alarms. */

import { percentileAmong, ratesAt } from '../../../scores/threshold.ts';
import { percent, score } from '../logic/format.ts';
import { useStore } from '../state.ts';

export function Verdict({ value, normal }: { value: number; normal: Float64Array | null }) {
  const { threshold } = useStore();
  if (normal === null || normal.length === 0) {
    return <p>Score {score(value)}. There are no scores of normal images to compare it with.</p>;
  }
  const isOutlier = value < threshold.value;
  const { falseAlarms } = ratesAt(threshold.value, normal, []);
  return (
    <p class="verdict-line">
      <strong class={isOutlier ? 'outlier' : 'normal'}>{isOutlier ? 'Called an outlier' : 'Called normal'}</strong>:
      score {score(value)}, {isOutlier ? 'below' : 'not below'} the threshold of {score(threshold.value)}. It scores
      higher than {percent(percentileAmong(normal, value))} of the normal test images. With this threshold{' '}
      {percent(falseAlarms)} of normal images are false alarms.
    </p>
  );
}
