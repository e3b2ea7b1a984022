/** Weights of ResNets under the names that torchvision gives them, written from its documentation, with random values. */
import { encodeSafetensors, type SafetensorsTensor } from '../../runtime/index.ts';
import { uniformInput } from './inputs.ts';

export interface ResNetStateOptions {
  blocks: readonly number[];
  width: number;
  hasBottlenecks?: boolean;
  /** Side of the first convolution; default 7. */
  stem?: number;
  /** Default `downsample`. */
  shortcut?: string;
  /** Convolutions of bottlenecks in the middle: their channels per channel of the stage, and groups. */
  middle?: { widen?: number; groups?: number };
}

type State = Record<string, SafetensorsTensor>;

/** A tensor for each name, in the order of the layers; `fc` has 5 classes. */
export function resnetState(options: ResNetStateOptions): State {
  const { blocks, width, hasBottlenecks = false, stem = 7, shortcut = 'downsample', middle = {} } = options;
  const { widen = 1, groups = 1 } = middle;
  const state: State = {};
  const add = (name: string, shape: number[], low: number, high: number) => {
    const { values } = uniformInput(shape, { low, high, seed: Object.keys(state).length });
    state[name] = { dtype: 'F32', shape, data: Float32Array.from(values) };
  };
  const conv = (name: string, out: number, fanIn: number, side: number) => {
    const bound = Math.sqrt(6 / (fanIn * side * side));
    add(`${name}.weight`, [out, fanIn, side, side], -bound, bound);
  };
  const norm = (name: string, channels: number) => {
    add(`${name}.weight`, [channels], 0.5, 1.5);
    add(`${name}.bias`, [channels], -0.5, 0.5);
    add(`${name}.running_mean`, [channels], -0.5, 0.5);
    add(`${name}.running_var`, [channels], 0.5, 2);
    state[`${name}.num_batches_tracked`] = { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) };
  };
  conv('conv1', width, 3, stem);
  norm('bn1', width);
  let channels = width;
  for (const [stage, count] of blocks.entries()) {
    const hidden = width * 2 ** stage;
    const out = hasBottlenecks ? 4 * hidden : hidden;
    for (let block = 0; block < count; block++) {
      const name = `layer${stage + 1}.${block}`;
      const wide = hidden * widen;
      const layers = hasBottlenecks
        ? [
            [channels, 1, wide],
            [wide / groups, 3, wide],
            [wide, 1, out],
          ]
        : [
            [channels, 3, hidden],
            [hidden, 3, hidden],
          ];
      for (const [i, [fanIn, side, to]] of layers.entries()) {
        conv(`${name}.conv${i + 1}`, to, fanIn, side);
        norm(`${name}.bn${i + 1}`, to);
      }
      if (block === 0 && (stage > 0 || channels !== out)) {
        conv(`${name}.${shortcut}.0`, out, channels, 1);
        norm(`${name}.${shortcut}.1`, out);
      }
      channels = out;
    }
  }
  add('fc.weight', [5, channels], -1, 1);
  add('fc.bias', [5], -1, 1);
  return state;
}

/** The state with `prefix` before each name. */
export const below = (prefix: string, state: Readonly<State>): State =>
  Object.fromEntries(Object.entries(state).map(([name, tensor]) => [prefix + name, tensor]));

/** The bytes of a file, with the metadata that PyTorch's users write. */
export const fileOf = (state: Readonly<State>, metadata: Record<string, string> = { format: 'pt' }): Uint8Array =>
  encodeSafetensors(state, metadata);
