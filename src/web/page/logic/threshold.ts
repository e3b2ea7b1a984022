/** What a threshold means: an image that scores below it is called an outlier. Scores: the higher, the more normal. */

export interface ThresholdRates {
  /** Share of normal images below: called outliers, wrongly. */
  falseAlarms: number;
  /** Share of outliers at or above: taken for normal. Null where there are no outliers. */
  missed: number | null;
}

/** How many of the ascending values lie below `limit`. */
export function countBelow(ascending: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Both rates. @param normal, outliers scores, ascending */
export function ratesAt(threshold: number, normal: ArrayLike<number>, outliers: ArrayLike<number>): ThresholdRates {
  return {
    falseAlarms: normal.length === 0 ? 0 : countBelow(normal, threshold) / normal.length,
    missed: outliers.length === 0 ? null : 1 - countBelow(outliers, threshold) / outliers.length,
  };
}

/**
 * The highest threshold whose false alarms are at most `rate`: the score of the first normal image that must stay above.
 * @param normal scores, ascending, at least one   @param rate 0 to 1
 */
export function thresholdFor(rate: number, normal: ArrayLike<number>): number {
  // the small addition makes 0.05 of 20 images one image, though 0.05 has no exact f64
  const below = Math.min(Math.floor(rate * normal.length + 1e-9), normal.length - 1);
  return normal[below];
}

/** Share of the normal images that score lower: 0 for one that is stranger than all of them. @param normal ascending */
export function percentileAmong(normal: ArrayLike<number>, score: number): number {
  return normal.length === 0 ? 0 : countBelow(normal, score) / normal.length;
}

/** The positions of scores from the most anomalous, the lowest score, to the most normal; equal ones in their order. */
export function mostAnomalousFirst(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (_, index) => index).sort((a, b) => scores[a] - scores[b] || a - b);
}

export interface Histogram {
  /** One more than there are bins. */
  edges: number[];
  /** For each group, each bin's share of the group. */
  shares: number[][];
}

/** Shares of several groups over common bins of equal width, from the smallest value of all to the largest. */
export function histogram(groups: readonly ArrayLike<number>[], bins: number): Histogram {
  let low = Infinity;
  let high = -Infinity;
  for (const group of groups) {
    for (let i = 0; i < group.length; i++) {
      low = Math.min(low, group[i]);
      high = Math.max(high, group[i]);
    }
  }
  if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
  const width = (high - low) / bins;
  const shares = groups.map((group) => {
    const counts = new Array<number>(bins).fill(0);
    for (let i = 0; i < group.length; i++) counts[Math.min(Math.floor((group[i] - low) / width), bins - 1)]++;
    return counts.map((count) => (group.length === 0 ? 0 : count / group.length));
  });
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), shares };
}
