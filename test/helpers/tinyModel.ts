/** A model file without training: the initial weights of a network of width 4 for inputs of 16 pixels. */
import type { Context } from '../../runtime/index.ts';
import { resolveConfig, type ScoringConfig } from '../../src/config/config.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { encodeModel, stateDict } from '../../src/models/stateDict.ts';
import { modelMetadata } from '../../src/runs/modelMetadata.ts';

export const TINY_MODEL: ScoringConfig = resolveConfig(
  { dataset: 'folder', arch: 'resnet10', width: 4, size: 16, views: 1, normal: 'stripes' },
  { isSoftware: true },
);

/** The bytes of model.safetensors. */
export async function tinyModelFile(context: Context): Promise<Uint8Array> {
  return encodeModel(await stateDict(new Encoder(context, TINY_MODEL)), 0, modelMetadata(TINY_MODEL, 'stripes'));
}
