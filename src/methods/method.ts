/** A method: what a step's loss is made of. The encoder and the views are the same for all. */
import { add, mul, normPenalty, ntXent, type Tensor } from '../../runtime/index.ts';
import type { RunConfig } from '../config/config.ts';

export interface LossTerms {
  /** What is minimised: a scalar. */
  loss: Tensor;
  contrastive: Tensor;
  /** Mean norm of the outlier views, before lambda; null for methods without outliers. */
  penalty: Tensor | null;
}

export interface Method {
  readonly usesOutliers: boolean;
  /**
   * @param normal [2B, d] features of the normal views, view 1 of all images and then view 2
   * @param outliers [2B, d] of the outlier-exposure views, or null
   * @param lambda scalar tensor: the weight of the outliers' term in this step
   */
  loss(normal: Tensor, outliers: Tensor | null, lambda: Tensor): LossTerms;
}

/** SimCLR (eq. 1): NT-Xent on the normal views alone. */
export function simclr({ temperature }: Pick<RunConfig, 'temperature'>): Method {
  return {
    usesOutliers: false,
    loss(normal) {
      const contrastive = ntXent(normal, { temperature });
      return { loss: contrastive, contrastive, penalty: null };
    },
  };
}

/** OECL (eq. 12): NT-Xent on the normal views, plus lambda times the mean norm of the outlier views. */
export function oecl({ temperature }: Pick<RunConfig, 'temperature'>): Method {
  return {
    usesOutliers: true,
    loss(normal, outliers, lambda) {
      const contrastive = ntXent(normal, { temperature });
      const penalty = normPenalty(outliers!);
      return { loss: add(contrastive, mul(lambda, penalty)), contrastive, penalty };
    },
  };
}

const METHOD_TABLE: Record<RunConfig['method'], (config: RunConfig) => Method> = { oecl, simclr };

export function methodOf(config: RunConfig): Method {
  return METHOD_TABLE[config.method](config);
}
