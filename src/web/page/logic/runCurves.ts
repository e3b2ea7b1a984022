/** The two pictures of a run: its losses and its norms over the steps. */
import type { StepMetrics } from '../../../train/stepMetrics.ts';
import { type Columns, Curve } from './curve.ts';

export interface RunColumns {
  /** Steps, total loss, contrastive loss. */
  losses: Columns;
  /** Steps, mean norm of normal and of outlier views. */
  norms: Columns;
}

export class RunCurves {
  readonly #losses = new Curve(2);
  readonly #norms = new Curve(2);

  add(metrics: readonly StepMetrics[]): void {
    for (const { step, loss, contrastive, normNormal, normOutlier } of metrics) {
      this.#losses.add(step, [loss, contrastive]);
      this.#norms.add(step, [normNormal, normOutlier]);
    }
  }

  /** Forgets what lies after a step: a run that goes on from its checkpoint does these steps again. */
  cutAfter(step: number): void {
    this.#losses.cutAfter(step);
    this.#norms.cutAfter(step);
  }

  columns(): RunColumns {
    return { losses: this.#losses.columns(), norms: this.#norms.columns() };
  }
}
