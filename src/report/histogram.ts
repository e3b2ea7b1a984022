/** Histograms for the report and the page. */
import { bin, max, min, range } from 'd3-array';

export interface Histogram {
  /** Bin edges, one more than there are bins. */
  edges: number[];
  /** For each group, the share of the group in each bin. */
  shares: number[][];
}

/**
 * Histograms of several groups over common bins of equal width, from the overall minimum to the maximum. In shares, so that
 * groups of different sizes are comparable. Equal values get bins around them; without values, bins span 0 to 1.
 */
export function histogram(groups: readonly Iterable<number>[], bins: number): Histogram {
  let low = min(groups, (group) => min(group)) ?? 0;
  let high = max(groups, (group) => max(group)) ?? 1;
  if (low === high) [low, high] = [low - 0.5, low + 0.5];
  const edges = range(bins).map((index) => low + (index * (high - low)) / bins);
  const binned = bin<number, number>().domain([low, high]).thresholds(edges);
  const shares = groups.map((group) => {
    const counts = binned(Array.from(group)).map(({ length }) => length);
    const count = counts.reduce((sum, each) => sum + each);
    return counts.map((each) => (count === 0 ? 0 : each / count));
  });
  return { edges: [...edges, high], shares };
}
