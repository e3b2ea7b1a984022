/** What a training step reports. */
/** A line of metrics.jsonl. Norms and losses are means over the step's views. */
export interface StepMetrics {
  /** Counts from 1. */
  step: number;
  /** Counts from 0. */
  epoch: number;
  /** contrastive + lambda * penalty. */
  loss: number;
  contrastive: number;
  /** Mean norm of the outlier views, before lambda; null for methods without outliers. */
  penalty: number | null;
  /** Weight of the penalty in this step: 0 during the warm-up. */
  lambda: number;
  /** Mean norm of the features of normal and of outlier views; outliers null where there are none. */
  normNormal: number;
  normOutlier: number | null;
  lr: number;
  /** Wall time of the step, milliseconds. */
  ms: number;
}
