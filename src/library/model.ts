/** A trained model outside its run: the weights, and the options that its scores depend on. */
import { type Context, decodeSafetensors, FormatError } from '../../runtime/index.ts';
import { UsageError } from '../base/errors.ts';
import type { ScoringConfig } from '../config/config.ts';
import { readFile } from '../data/files.ts';
import type { Encoder } from '../models/encoder.ts';
import { loadStateDict, type StateDict } from '../models/stateDict.ts';
import type { Platform } from '../platform/platform.ts';
import { scoringConfig } from '../runs/modelMetadata.ts';
import { type ModelScores, modelScores } from '../runs/modelScores.ts';
import { networkOf } from '../runs/network.ts';
import { FILE, readStoredConfig } from '../runs/runFolder.ts';
import { type Bytes, bytesOf, isBytes, pathOf, wrongArgument } from './arguments.ts';

export interface TrainedModel {
  /** Options of the run that trained it, as far as scores depend on them. */
  readonly config: Readonly<ScoringConfig>;
  /** Parameters and running statistics by PyTorch's names, in PyTorch's layout. */
  readonly state: Readonly<StateDict>;
  /** Main score, thresholds, and what the scores keep of the training images; without it, only norms are computed. */
  readonly scores?: ModelScores;
  /** Source of the weights. */
  readonly file: string;
}

/** The run folder or the model file, by path, or the file's bytes. */
export type ModelSource = string | URL | Bytes;

/**
 * A trained model.
 * @throws UsageError when there is none, FormatError when it is damaged, or of a version whose metadata is incomplete
 */
export async function readModel(files: Platform, source: ModelSource): Promise<TrainedModel> {
  const path = pathOf(source);
  if (path === null) {
    if (isBytes(source)) return decodeTrained(await bytesOf(source), FILE.model);
    const isUrl = source instanceof URL;
    throw wrongArgument(
      'loadModel: source',
      source,
      `the path of a run folder or of its ${FILE.model}, or the bytes of the latter`,
      isUrl ? 'fetch it, and give the bytes' : undefined,
    );
  }
  const isFolder = (await files.listFolder(path)) !== null;
  if (!isFolder && ((await files.exists(path)) || path.endsWith('.safetensors'))) {
    return decodeTrained(await readExisting(files, path), path);
  }
  const folder = path.replace(/(?<=.)\/+$/, '');
  const file = `${folder}/${FILE.model}`;
  const bytes = await readExisting(files, file);
  const hasConfig = await files.exists(`${folder}/${FILE.config}`);
  return decodeTrained(bytes, file, hasConfig ? await readStoredConfig(files, folder) : undefined);
}

/** @throws UsageError when it is not what loadModel returns. @param what the function that was called */
export function checkModel(what: string, model: TrainedModel): void {
  const { config, state, file } = (model ?? {}) as Partial<TrainedModel>;
  if (typeof config === 'object' && typeof state === 'object' && typeof file === 'string') return;
  throw wrongArgument(`${what}: model`, model, 'what loadModel returns', 'await loadModel(...) first');
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
  const config = stored ?? scoringConfig(metadata, file);
  return { config, state: tensors, scores: modelScores(tensors, metadata, file), file };
}

/** The network with the model's weights, on a device. @param explain converts the error when it does not fit there */
export function buildEncoder(
  context: Context,
  { config, state, file }: TrainedModel,
  explain: (error: unknown) => unknown,
): Encoder {
  const width = state['backbone.conv1.weight']?.shape[0] ?? config.width;
  if (width !== config.width) {
    // before a network is built that may take minutes and gigabytes
    throw new FormatError(`${file}: its network is ${width} channels wide, its metadata say ${config.width}.`, {
      remedy: 'a whole copy of the file, or the run folder that it comes from',
    });
  }
  try {
    const encoder = networkOf(context, config);
    loadStateDict(encoder, state, file);
    return encoder;
  } catch (error) {
    throw explain(error);
  }
}
