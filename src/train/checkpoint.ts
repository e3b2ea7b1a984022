/**
 * checkpoint.safetensors: all that a bit-exact resume needs. Weights and running statistics by PyTorch's names under
 * `model.`, the optimiser's arenas under `optimizer.`, and the number of steps done; everything else of a step follows
 * from the configuration and the step's number.
 */
import {
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type Module,
  OeclError,
  type Optimizer,
  type SafetensorsTensor,
} from '../../runtime/index.ts';
import { expectNumbers, loadStateDict, stateDict } from '../models/stateDict.ts';

/** 1 had the optimizer's arenas in another order; runs of 2 drew the views of an image by its place in the list. */
const FORMAT = 'oecl-checkpoint-3';

/** The checkpoint's bytes after `step` steps. Waits for the device. @throws OeclError when a value is no finite number */
export async function encodeCheckpoint(model: Module, optimizer: Optimizer, step: number): Promise<Uint8Array> {
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
    if ((data as Float32Array).some((value) => !Number.isFinite(value))) throw diverged(name, step);
  return encodeSafetensors(tensors, { format: FORMAT, step: String(step) });
}

function diverged(name: string, step: number): OeclError {
  return new OeclError(
    `${name} is not finite after step ${step}: the training diverged, and no checkpoint is written.`,
    {
      remedy: 'a smaller --lr, or a larger --batch; --resume continues from the checkpoint before',
    },
  );
}

/**
 * Puts a checkpoint back. Returns the number of steps that it has seen.
 * @throws FormatError when the file is damaged, or of another architecture or optimiser
 */
export function restoreCheckpoint(bytes: Uint8Array, file: string, model: Module, optimizer: Optimizer): number {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata.format !== FORMAT) {
    throw new FormatError(`${file}: not a checkpoint of this version (format ${metadata.format ?? 'not stated'}).`, {
      details: [`expected ${FORMAT}`],
      remedy: '--force to train the run again from the start: an older one would resume with other images and views',
    });
  }
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
    throw new FormatError(`${file}: it was written by another optimiser, or for another architecture.`, {
      details: [
        `optimizer.${name}: expected [${tensor.shape.join(', ')}], found ${state[name] ? `[${state[name].shape.join(', ')}]` : 'none'}`,
      ],
      remedy: 'the --optimizer, --arch, --width and --size that it was trained with',
    });
  }
  loadStateDict(model, part('model.'), file);
  for (const [name] of arenas) expectNumbers(state[name].data as Float32Array, `${file}: optimizer.${name}`);
  for (const [name, tensor] of arenas) tensor.write(state[name].data as Float32Array);
  return Number(metadata.step);
}
