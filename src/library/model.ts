/** A trained model outside of its run: the weights and the values that its scores depend on. */
import type { Context } from '../../runtime/index.ts';
import { readFile } from '../data/files.ts';
import { UsageError } from '../errors.ts';
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

/**
 * The model in a run folder.
 * @throws UsageError when the folder holds none, FormatError when it is damaged
 */
export async function readModel(files: Platform, folder: string): Promise<TrainedModel> {
  const file = `${folder}/${FILE.model}`;
  for (const path of [file, `${folder}/${FILE.config}`]) {
    if (await files.exists(path)) continue;
    throw new UsageError(`${path}: there is no such file, and a model needs it.`, {
      remedy: 'the folder of a finished run; after a run of all classes, the folder of one of them',
    });
  }
  const config = await readStoredConfig(files, folder);
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
