/** What a training step reports: a line of metrics.jsonl. */
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
   * What the method names: terms of its loss, mean norms of features, weights that follow a schedule. Runs of older versions
   * have null for what their method lacks.
   */
  [term: string]: number | null | undefined;
}
