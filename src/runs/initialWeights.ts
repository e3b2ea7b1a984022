/**
 * The weights that backbones start from, unless they are drawn: read once, before the images. A run folder keeps a copy of the
 * user's file, so that a run depends on nothing but its folder once it began, whichever of its classes are still to start.
 */
import { decodeSafetensors, FormatError } from '../../runtime/index.ts';
import { UsageError } from '../base/errors.ts';
import type { ConfigChoices, RunConfig } from '../config/config.ts';
import { weightsFile } from '../config/initialWeights.ts';
import { INITIALIZATIONS } from '../config/networkOptions.ts';
import { readFile } from '../data/files.ts';
import type { Encoder } from '../models/encoder.ts';
import { loadStateDict, type StateDict } from '../models/stateDict.ts';
import { decodeWeights, type WeightsNetwork, weightsNote } from '../models/weights.ts';
import { BUILTIN_WEIGHTS, type Platform } from '../platform/platform.ts';
import type { RunFolder } from './runFolder.ts';

type Files = Pick<Platform, 'exists' | 'readFile'>;

export interface InitialWeights {
  /** By the names of the backbone. */
  tensors: StateDict;
  /** Their file, for errors. */
  file: string;
  /** What a network starts from and what not, for people; null for built-in weights, which always fit whole. */
  note(encoder: Encoder): string | null;
}

/**
 * The network of the file that --init names; null if it names none.
 * @throws UsageError, FormatError for a file that is no such network
 */
export async function weightsNetwork(files: Files, { init }: ConfigChoices): Promise<WeightsNetwork | null> {
  const file = weightsFile(init);
  return file === null ? null : decodeWeights(await readWeights(files, file), file).network;
}

/**
 * Null for weights that are drawn, and for a run with a checkpoint. A new run's folder is given the copy to keep.
 * @throws UsageError, FormatError
 */
export async function initialWeights(
  files: Platform,
  { init }: RunConfig,
  folder: RunFolder,
): Promise<InitialWeights | null> {
  if (folder.state === 'resumed') return null;
  const file = weightsFile(init);
  if (file === null) return init === 'builtin' ? builtin(files) : null;
  const bytes = (await folder.keptWeights()) ?? (await readWeights(files, file));
  folder.keepWeights(bytes);
  const weights = decodeWeights(bytes, file);
  return {
    tensors: weights.tensors,
    file,
    note: (encoder) => `--init ${weightsNote(weights, file, namesOf(encoder))}`,
  };
}

export async function builtin(files: Platform): Promise<InitialWeights> {
  const { tensors } = decodeSafetensors(await files.builtinWeights(), BUILTIN_WEIGHTS);
  return { tensors, file: BUILTIN_WEIGHTS, note: () => null };
}

/** Sets the backbone's weights and running statistics. @throws FormatError unless they are of such a network, all of them */
export function initialize(encoder: Encoder, { tensors, file }: InitialWeights): void {
  const known = new Set(namesOf(encoder));
  const foreign = Object.keys(tensors).filter((name) => !known.has(`backbone.${name}`));
  if (foreign.length > 0) {
    const { arch } = encoder.options;
    throw new FormatError(`${file}: ${arch} has no place for ${foreign.length} of its tensors.`, {
      details: [foreign.slice(0, 4).join(', ') + (foreign.length > 4 ? ', ...' : '')],
      remedy: `a plain ${arch}${encoder.options.network.isBiasFree ? ' and another method: the network of this one has no biases' : ''}`,
    });
  }
  loadStateDict(encoder, tensors, file, 'backbone.');
}

const namesOf = (encoder: Encoder): string[] =>
  [...encoder.namedParameters(), ...encoder.namedBuffers()].map(([name]) => name);

async function readWeights(files: Files, file: string): Promise<Uint8Array> {
  if (await files.exists(file)) return readFile(files, file);
  throw new UsageError(`--init ${file}: there is no such file.`, {
    remedy: `the path of a .safetensors file, or one of ${INITIALIZATIONS.join(', ')}`,
  });
}
