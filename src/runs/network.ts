/** The network of a configuration: its architecture, with the heads of its method. */
import type { Context } from '../../runtime/index.ts';
import type { RunConfig, ScoringConfig } from '../config/config.ts';
import { methodNamed } from '../methods/table.ts';
import { Encoder } from '../models/encoder.ts';

/** @param config of a model or, with what only training needs, of a run */
export function networkOf(context: Context, config: ScoringConfig & Partial<RunConfig>): Encoder {
  const network = methodNamed(config.method).network?.(config);
  const { init, freeze } = config;
  return new Encoder(context, {
    ...config,
    network,
    init: init === 'kaiming-normal' ? init : 'uniform',
    frozen: freeze,
  });
}
