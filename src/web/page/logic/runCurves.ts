/** The two charts of a run: its losses and its norms over the steps. */
import { type TermCurve, termCurves } from '../../../methods/curves.ts';
import type { Part } from '../../../methods/method.ts';
import type { StepMetrics } from '../../../train/stepMetrics.ts';
import { type Columns, Curve } from './curve.ts';

export interface RunLine {
  title: string;
  of: Part | 'total';
}

/** A chart: its lines, and the steps with one column per line. */
export interface RunChart {
  lines: readonly RunLine[];
  columns: Columns;
}

export interface RunColumns {
  /** The loss as a whole, and its terms. */
  losses: RunChart;
  /** Mean norms of features. */
  norms: RunChart;
}

interface Growing {
  lines: (RunLine & Pick<TermCurve, 'valueIn'>)[];
  curve: Curve;
}

export class RunCurves {
  /** None before the first step, which says what there is to draw. */
  #charts: { losses: Growing; norms: Growing } | null = null;

  add(metrics: readonly StepMetrics[]): void {
    if (metrics.length === 0) return;
    this.#charts ??= chartsOf(metrics[0]);
    for (const { lines, curve } of Object.values(this.#charts)) {
      for (const line of metrics)
        curve.add(
          line.step,
          lines.map(({ valueIn }) => valueIn(line)),
        );
    }
  }

  /** Drops what lies after a step: a run that resumes from its checkpoint repeats these steps. */
  cutAfter(step: number): void {
    for (const { curve } of Object.values(this.#charts ?? {})) curve.cutAfter(step);
  }

  columns(): RunColumns {
    const drawn = (chart?: Growing): RunChart =>
      chart ? { lines: chart.lines, columns: chart.curve.columns() } : { lines: [], columns: [[]] };
    return { losses: drawn(this.#charts?.losses), norms: drawn(this.#charts?.norms) };
  }
}

function chartsOf(first: StepMetrics): { losses: Growing; norms: Growing } {
  const growing = (lines: Growing['lines']): Growing => ({ lines, curve: new Curve(lines.length) });
  const total = { title: 'total', of: 'total', valueIn: ({ loss }) => loss ?? null } satisfies Growing['lines'][number];
  return { losses: growing([total, ...termCurves(first, 'loss')]), norms: growing(termCurves(first, 'norm')) };
}
