/** Converts an encoder's parameters and running statistics to named arrays in PyTorch's layout, and back. */
import {
  encodeSafetensors,
  FormatError,
  floatValues,
  type Module,
  type SafetensorsTensor,
} from '../../runtime/index.ts';
import { sha256 } from '../base/contentHash.ts';

export type StateDict = Record<string, SafetensorsTensor>;

/** Everything that defines the network's output, under PyTorch's names. Reads back from the device. */
export async function stateDict(model: Module): Promise<StateDict> {
  const named = [...model.namedParameters(), ...model.namedBuffers()];
  const entries = await Promise.all(
    named.map(async ([name, tensor]): Promise<[string, SafetensorsTensor]> => {
      const data = (await tensor.read()) as Float32Array<ArrayBuffer>;
      return [name, { dtype: 'F32', shape: [...tensor.shape], data }];
    }),
  );
  return Object.fromEntries(entries);
}

/**
 * Loads named arrays of any floating-point type into a model, or into the part of it whose names begin with `part`; the file's
 * names are without it.
 * @throws FormatError naming the file when a tensor is missing, has the wrong shape (a checkpoint of another architecture),
 * has an integer type, or holds a value that is not finite
 */
export function loadStateDict(model: Module, state: Readonly<StateDict>, file: string, part = ''): void {
  for (const [fullName, tensor] of [...model.namedParameters(), ...model.namedBuffers()]) {
    if (!fullName.startsWith(part)) continue;
    const name = fullName.slice(part.length);
    const found = state[name];
    if (!found || found.shape.join() !== tensor.shape.join()) {
      throw new FormatError(`${file}: it is of another architecture.`, {
        details: [
          `${name}: found ${found ? `[${found.shape.join(', ')}]` : 'none'}, expected [${tensor.shape.join(', ')}]`,
        ],
        remedy: 'the arch, width and size that it was trained with',
      });
    }
    const values = floatValues(found, `${file}: ${name}`);
    expectNumbers(values, `${file}: ${name}`);
    if (name.endsWith('running_var') && values.some((value) => value < 0))
      throw new FormatError(`${file}: ${name} has a variance below 0.`, { remedy: 'a whole copy of the file' });
    tensor.write(values);
  }
}

/** @param what the tensor   @throws FormatError for NaN or an infinite value */
export function expectNumbers(values: Float32Array, what: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new FormatError(`${what} has the value ${values[at]} (element ${at}), expected finite numbers.`, {
    remedy:
      'a file of a training that did not diverge; a smaller --lr, or a larger --batch, may keep it from diverging',
  });
}

/**
 * SHA-256, in hexadecimal, of the bytes of all parameters and running statistics, sorted by name. Equal exactly when two
 * trained networks are bitwise equal.
 */
export async function weightsSha256(state: StateDict): Promise<string> {
  const parts = Object.keys(state)
    .sort()
    .map((name) => {
      const { buffer, byteOffset, byteLength } = state[name].data as Float32Array;
      return new Uint8Array(buffer, byteOffset, byteLength);
    });
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return sha256(all);
}

/** model.safetensors: the state dict, the batch counters of PyTorch's batch norm, and additional tensors. */
export function encodeModel(
  state: StateDict,
  steps: number,
  metadata: Record<string, string>,
  others: StateDict = {},
): Uint8Array {
  const counters = Object.keys(state)
    .filter((name) => name.endsWith('.running_mean'))
    .map((name) => [
      name.replace('running_mean', 'num_batches_tracked'),
      { dtype: 'I64' as const, shape: [], data: BigInt64Array.of(BigInt(steps)) },
    ]);
  return encodeSafetensors({ ...state, ...others, ...Object.fromEntries(counters) }, { format: 'pt', ...metadata });
}
