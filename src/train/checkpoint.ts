/**
 * checkpoint.safetensors: all that a bit-exact resume needs. Weights and running statistics by PyTorch's names under
 * `model.`, the optimizer's arenas under `optimizer.`, how far the run is, and the fingerprint of its data; everything else
 * of a step follows from the configuration and the step's number.
 */
import {
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type Module,
  OeclError,
  type Optimizer,
  type SafetensorsFile,
  type SafetensorsTensor,
} from '../../runtime/index.ts';
import { expectNumbers, loadStateDict, stateDict } from '../models/stateDict.ts';

/**
 * 1 had the optimizer's arenas in another order; runs of 2 drew the views of an image by its place in the list, and kept no
 * fingerprint of their data.
 */
const FORMAT = 'oecl-checkpoint-3';

/** The fingerprint's tensor: the bytes of fingerprint.ts. */
const DATA = 'data';

/** A step and an epoch that begins with it. */
export interface EpochStart {
  step: number;
  epoch: number;
}

/** What a run's checkpoints know of its images: the same in all of them. */
export interface DataProgress {
  /** From here epochs are counted: step 0, or where the run was last resumed with other training images. */
  origin: EpochStart;
  /** The fingerprint of the data, encoded. */
  data: Uint8Array<ArrayBuffer>;
  /** Changes of the data that were accepted, in words, the earliest first. */
  changedData: readonly string[];
}

/** What a checkpoint knows beside weights and the optimizer's state. */
export interface Progress extends DataProgress {
  /** Steps done. */
  step: number;
  /** Of the next step. */
  epoch: number;
}

/** The checkpoint's bytes. Waits for the device. @throws OeclError when a value is no finite number */
export async function encodeCheckpoint(model: Module, optimizer: Optimizer, progress: Progress): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const [name, tensor] of Object.entries(await stateDict(model))) tensors[`model.${name}`] = tensor;
  for (const [name, tensor] of Object.entries(optimizer.stateDict())) {
    tensors[`optimizer.${name}`] = {
      dtype: 'F32',
      shape: [...tensor.shape],
      data: (await tensor.read()) as Float32Array<ArrayBuffer>,
    };
  }
  for (const [name, { data }] of Object.entries(tensors))
    if ((data as Float32Array).some((value) => !Number.isFinite(value))) throw diverged(name, progress.step);
  const { data, ...numbers } = progress;
  tensors[DATA] = { dtype: 'U8', shape: [data.length], data };
  return encodeSafetensors(tensors, { format: FORMAT, progress: JSON.stringify(numbers) });
}

function diverged(name: string, step: number): OeclError {
  return new OeclError(
    `${name} is not finite after step ${step}: the training diverged, and no checkpoint is written.`,
    {
      remedy: 'a smaller --lr, or a larger --batch; --resume continues from the checkpoint before',
    },
  );
}

export interface Checkpoint {
  file: string;
  tensors: SafetensorsFile['tensors'];
  progress: Progress;
}

/** @throws FormatError when the file is damaged, or of another version */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata.format !== FORMAT) {
    throw new FormatError(`${file}: not a checkpoint of this version (format ${metadata.format ?? 'not stated'}).`, {
      details: [`expected ${FORMAT}`],
      remedy: '--force to train the run again from the start: an older one would resume with other images and views',
    });
  }
  const progress = { ...JSON.parse(metadata.progress), data: tensors[DATA].data } as Progress;
  return { file, tensors, progress };
}

/**
 * Puts weights, running statistics and the optimizer's state back.
 * @throws FormatError when they are of another architecture or optimizer
 */
export function restoreCheckpoint({ file, tensors }: Checkpoint, model: Module, optimizer: Optimizer): void {
  const part = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    );
  const state = part('optimizer.');
  const arenas = Object.entries(optimizer.stateDict());
  for (const [name, tensor] of arenas) {
    if (state[name]?.shape.join() === tensor.shape.join()) continue;
    throw new FormatError(`${file}: it was written by another optimizer, or for another architecture.`, {
      details: [
        `optimizer.${name}: expected [${tensor.shape.join(', ')}], found ${state[name] ? `[${state[name].shape.join(', ')}]` : 'none'}`,
      ],
      remedy: 'the --optimizer, --arch, --width and --size that it was trained with',
    });
  }
  loadStateDict(model, part('model.'), file);
  for (const [name] of arenas) expectNumbers(state[name].data as Float32Array, `${file}: optimizer.${name}`);
  for (const [name, tensor] of arenas) tensor.write(state[name].data as Float32Array);
}
