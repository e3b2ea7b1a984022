/** Thresholds: an image that scores below is called an outlier. Higher scores = more normal. */
import { bisectLeft } from 'd3-array';

/** Share of normal images below the threshold that is proposed. */
export const FALSE_ALARMS = 0.05;

export interface ThresholdRates {
  /** Share of normal images below: wrongly called outliers. */
  falseAlarms: number;
  /** Share of outliers at or above: taken for normal. Null where there are no outliers. */
  missed: number | null;
}

/** Both rates. @param normal, outliers scores, ascending */
export function ratesAt(threshold: number, normal: ArrayLike<number>, outliers: ArrayLike<number>): ThresholdRates {
  return {
    falseAlarms: normal.length === 0 ? 0 : bisectLeft(normal, threshold) / normal.length,
    missed: outliers.length === 0 ? null : 1 - bisectLeft(outliers, threshold) / outliers.length,
  };
}

/**
 * The highest threshold whose false alarms are at most `rate`: the score of the first normal image that must stay above.
 * @param normal scores, ascending, at least one   @param rate 0 to 1
 */
export function thresholdFor(rate: number, normal: ArrayLike<number>): number {
  // the small addition makes 0.05 of 20 images one image, as 0.05 has no exact f64
  const below = Math.min(Math.floor(rate * normal.length + 1e-9), normal.length - 1);
  return normal[below];
}

/** Share of the normal images that score lower: 0 for a score below all of them. @param normal ascending */
export function percentileAmong(normal: ArrayLike<number>, score: number): number {
  return normal.length === 0 ? 0 : bisectLeft(normal, score) / normal.length;
}

/** The positions of scores from the most anomalous, the lowest score, to the most normal; equal ones in their order. */
export function mostAnomalousFirst(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (_, index) => index).sort((a, b) => scores[a] - scores[b] || a - b);
}
