/** A trained model outside of its run: the weights and the values that its scores depend on. */
import { type Context, decodeSafetensors } from '../../runtime/index.ts';
import { readFile } from '../data/files.ts';
import { UsageError } from '../errors.ts';
import { Encoder } from '../models/resnet.ts';
import { loadStateDict, type StateDict } from '../models/stateDict.ts';
import type { Platform } from '../platform/platform.ts';
import type { ScoringConfig } from '../train/config.ts';
import { scoringConfig } from '../train/modelMetadata.ts';
import { FILE, readStoredConfig } from '../train/runFolder.ts';

export interface TrainedModel {
  /** Of the run that trained it: what scores depend on. */
  readonly config: Readonly<ScoringConfig>;
  /** Parameters and running statistics by PyTorch's names, in PyTorch's layout. */
  readonly state: Readonly<StateDict>;
  /** Where the weights were read from. */
  readonly file: string;
}

/**
 * A trained model.
 * @param source a run folder, or model.safetensors: its path, which ends so, or its bytes
 * @throws UsageError when there is none, FormatError when it is damaged, or a file of before its metadata said it all
 */
export async function readModel(files: Platform, source: string | Uint8Array): Promise<TrainedModel> {
  if (typeof source !== 'string') return decodeTrained(source, FILE.model);
  if (source.endsWith('.safetensors')) return decodeTrained(await readExisting(files, source), source);
  const file = `${source}/${FILE.model}`;
  const bytes = await readExisting(files, file);
  const hasConfig = await files.exists(`${source}/${FILE.config}`);
  return decodeTrained(bytes, file, hasConfig ? await readStoredConfig(files, source) : undefined);
}

async function readExisting(files: Platform, file: string): Promise<Uint8Array> {
  if (await files.exists(file)) return readFile(files, file);
  throw new UsageError(`${file}: there is no such file.`, {
    remedy: 'the folder of a finished run, or its model; after a run of all classes, the folder of one of them',
  });
}

/** @param stored the run's own configuration; without one, the file's metadata are asked */
function decodeTrained(bytes: Uint8Array, file: string, stored?: ScoringConfig): TrainedModel {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  return { config: stored ?? scoringConfig(metadata, file), state: tensors, file };
}

/** The network with the model's weights, on a device. @param explain what is thrown when it does not fit there */
export function buildEncoder(
  context: Context,
  { config, state, file }: TrainedModel,
  explain: (error: unknown) => unknown,
): Encoder {
  try {
    const encoder = new Encoder(context, config);
    loadStateDict(encoder, state, file);
    return encoder;
  } catch (error) {
    throw explain(error);
  }
}
