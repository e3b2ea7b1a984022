/** The network of a configuration: its architecture, with the heads of its method. */
import type { Context } from '../../runtime/index.ts';
import type { ScoringConfig } from '../config/config.ts';
import { methodNamed } from '../methods/table.ts';
import { Encoder } from '../models/encoder.ts';

export const networkOf = (context: Context, config: ScoringConfig): Encoder =>
  new Encoder(context, { ...config, network: methodNamed(config.method).network?.(config) });
