/** Thresholds: an image that scores below the threshold is called an outlier. Higher scores = more normal. */
import { bisectLeft } from 'd3-array';

/** Share of normal images below the proposed threshold. */
export const FALSE_ALARMS = 0.05;

export interface ThresholdRates {
  /** Share of normal images below: false alarms. */
  falseAlarms: number;
  /** Share of outliers at or above: missed outliers. Null if there are no outliers. */
  missed: number | null;
}

/** Both error rates. @param normal, outliers scores, ascending */
export function ratesAt(threshold: number, normal: ArrayLike<number>, outliers: ArrayLike<number>): ThresholdRates {
  return {
    falseAlarms: normal.length === 0 ? 0 : bisectLeft(normal, threshold) / normal.length,
    missed: outliers.length === 0 ? null : 1 - bisectLeft(outliers, threshold) / outliers.length,
  };
}

/**
 * The highest threshold with a false alarm rate of at most `rate`: the lowest score of a normal image that must pass.
 * @param normal scores, ascending, at least one   @param rate 0 to 1
 */
export function thresholdFor(rate: number, normal: ArrayLike<number>): number {
  // 0.05 is not exact in f64; the epsilon makes 0.05 of 20 images one image
  const below = Math.min(Math.floor(rate * normal.length + 1e-9), normal.length - 1);
  return normal[below];
}

/** Share of the normal images with a lower score: 0 for a score below all of them. @param normal ascending */
export function percentileAmong(normal: ArrayLike<number>, score: number): number {
  return normal.length === 0 ? 0 : bisectLeft(normal, score) / normal.length;
}

/** Indices of the scores from most anomalous (lowest) to most normal; ties keep their order. */
export function mostAnomalousFirst(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (_, index) => index).sort((a, b) => scores[a] - scores[b] || a - b);
}
