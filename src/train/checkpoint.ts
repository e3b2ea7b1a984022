/**
 * checkpoint.safetensors: everything that a bit-exact resume needs. Weights and running statistics under PyTorch's names
 * with the prefix `model.`, the optimizer's arenas under `optimizer.`, the progress of the run, and the fingerprint of its
 * data. Everything else follows from the configuration and the step number.
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
 * 1 had the optimizer's arenas in another order; 2 keyed the views of an image by its position in the list and stored no
 * fingerprint of the data.
 */
const FORMAT = 'oecl-checkpoint-3';

/** The tensor that holds the bytes of the fingerprint (fingerprint.ts). */
const DATA = 'data';

/** A step and the epoch that starts with it. */
export interface EpochStart {
  step: number;
  epoch: number;
}

/** What the checkpoints of a run store about its images: the same in all of them. */
export interface DataProgress {
  /** The start of epoch counting: step 0, or the step of the last resume with different training images. */
  origin: EpochStart;
  /** The encoded fingerprint of the data. */
  data: Uint8Array<ArrayBuffer>;
  /** Accepted changes of the data, in words, oldest first. */
  changedData: readonly string[];
}

/** What a checkpoint stores besides weights and the optimizer's state. */
export interface Progress extends DataProgress {
  /** Completed steps. */
  step: number;
  /** The epoch of the next step. */
  epoch: number;
}

/** The bytes of the checkpoint; no optimizer if nothing is trained. Waits for the device. @throws OeclError when a value is not finite */
export async function encodeCheckpoint(
  model: Module,
  optimizer: Optimizer | null,
  progress: Progress,
): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const [name, tensor] of Object.entries(await stateDict(model))) tensors[`model.${name}`] = tensor;
  for (const [name, tensor] of Object.entries(optimizer?.stateDict() ?? {})) {
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

/** @throws FormatError when the file is damaged or of another version */
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
 * Restores weights, running statistics and the optimizer's state.
 * @throws FormatError when they belong to another architecture or optimizer
 */
export function restoreCheckpoint({ file, tensors }: Checkpoint, model: Module, optimizer: Optimizer | null): void {
  const part = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    );
  const state = part('optimizer.');
  const arenas = Object.entries(optimizer?.stateDict() ?? {});
  for (const [name, tensor] of arenas) {
    if (state[name]?.shape.join() === tensor.shape.join()) continue;
    throw new FormatError(`${file}: it was written by another optimizer, or for another architecture.`, {
      details: [
        `optimizer.${name}: expected [${tensor.shape.join(', ')}], found ${state[name] ? `[${state[name].shape.join(', ')}]` : 'none'}`,
      ],
      remedy: 'the optimizer and the arch, width and size that it was trained with',
    });
  }
  loadStateDict(model, part('model.'), file);
  for (const [name] of arenas) expectNumbers(state[name].data as Float32Array, `${file}: optimizer.${name}`);
  for (const [name, tensor] of arenas) tensor.write(state[name].data as Float32Array);
}
