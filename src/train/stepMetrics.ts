/** The metrics of a training step: one line of metrics.jsonl. */
export interface StepMetrics {
  /** Counts from 1. */
  step: number;
  /** Counts from 0. */
  epoch: number;
  loss: number;
  lr: number;
  /** Wall time of the step, milliseconds. */
  ms: number;
  /**
   * Metrics named by the method: loss terms, mean feature norms, scheduled weights. Runs of older versions store null for
   * those that their method lacks.
   */
  [term: string]: number | null | undefined;
}
