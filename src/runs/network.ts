/** The network of a configuration: its architecture, with the heads of its method. */
import { type Context, decodeSafetensors } from '../../runtime/index.ts';
import type { RunConfig, ScoringConfig } from '../config/config.ts';
import { methodNamed } from '../methods/table.ts';
import { Encoder } from '../models/encoder.ts';
import { loadStateDict } from '../models/stateDict.ts';
import { BUILTIN_WEIGHTS, type Platform } from '../platform/platform.ts';

/** @param config of a model or, with what only training needs, of a run */
export function networkOf(context: Context, config: ScoringConfig & Partial<RunConfig>): Encoder {
  const network = methodNamed(config.method).network?.(config);
  const { init, freeze } = config;
  return new Encoder(context, {
    ...config,
    network,
    init: init === 'builtin' ? undefined : init,
    frozen: freeze,
  });
}

/** Sets the initial weights of the backbone that are not drawn. */
export async function initialize(encoder: Encoder, { init }: RunConfig, files: Platform): Promise<void> {
  if (init !== 'builtin') return;
  const { tensors } = decodeSafetensors(await files.builtinWeights(), BUILTIN_WEIGHTS);
  loadStateDict(encoder, tensors, BUILTIN_WEIGHTS, 'backbone.');
}
