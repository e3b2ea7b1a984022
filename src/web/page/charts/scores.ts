/** The two charts of scores, with the threshold in them. */
import type { ReadonlySignal } from '@preact/signals';
import { ratesAt } from '../../../scores/threshold.ts';
import { axis, bars, type ChartOptions, chart, dot, horizontal, line, percentTicks, verticalMark } from './options.ts';
import { type ChartTheme, faded } from './theme.ts';

type OptionsOf = (theme: ChartTheme) => ChartOptions;

/** Bars of both groups, from the lowest score to the highest. @param name of the score */
export function histogramOptions(
  name: string,
  [low, high]: readonly [number, number],
  hasOutliers: boolean,
  threshold: ReadonlySignal<number>,
): OptionsOf {
  return (theme) =>
    chart(
      [axis(theme, name, horizontal), axis(theme, 'share', { values: percentTicks, size: 48 })],
      [bars(theme, 'normal'), { ...bars(theme, 'outlier'), show: hasOutliers }],
      {
        scales: { x: { time: false, range: () => [low, high] }, y: { range: (_, __, max) => [0, (max || 1) * 1.18] } },
        hooks: { draw: [(u) => verticalMark(u, threshold.value, 'threshold', theme)] },
      },
    );
}

/** The ROC curve with the report's axes. @param normal, outliers scores, ascending */
export function rocOptions(normal: Float64Array, outliers: Float64Array, threshold: ReadonlySignal<number>): OptionsOf {
  return (theme) =>
    chart(
      [
        axis(theme, 'outliers accepted', { ...horizontal, values: percentTicks }),
        axis(theme, 'normal images accepted', { values: percentTicks, size: 52 }),
      ],
      [{ ...line(theme, 'normal'), fill: faded(theme.normal, 0.1) }],
      {
        scales: { x: { time: false, range: () => [0, 1] }, y: { range: () => [0, 1.02] } },
        hooks: {
          draw: [
            (u) => {
              const { falseAlarms, missed } = ratesAt(threshold.value, normal, outliers);
              dot(u, missed ?? 0, 1 - falseAlarms, theme.normal, theme);
            },
          ],
        },
      },
    );
}
