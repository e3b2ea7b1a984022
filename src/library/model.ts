/** A trained model outside of its run: the weights and the values that its scores depend on. */
import type { Context } from '../../runtime/index.ts';
import { readFile } from '../data/files.ts';
import { Encoder } from '../models/resnet.ts';
import { decodeModel, loadStateDict, type StateDict } from '../models/stateDict.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunConfig } from '../train/config.ts';
import { FILE, readStoredConfig } from '../train/runFolder.ts';

export interface TrainedModel {
  /** Of the run that trained it. */
  readonly config: Readonly<RunConfig>;
  /** Parameters and running statistics by PyTorch's names, in PyTorch's layout. */
  readonly state: Readonly<StateDict>;
  /** Where the weights were read from. */
  readonly file: string;
}

/** @throws UsageError, DataError, FormatError */
export async function readModel(files: Platform, folder: string): Promise<TrainedModel> {
  const config = await readStoredConfig(files, folder);
  const file = `${folder}/${FILE.model}`;
  return { config, state: decodeModel(await readFile(files, file), file), file };
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
