/** --init FILE: backbone features with the weights of a file in each naming, against f64 with the file's own arrays. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, permute } from '../../runtime/index.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { encodeModel, stateDict } from '../../src/models/stateDict.ts';
import { decodeWeights } from '../../src/models/weights.ts';
import { initialize } from '../../src/runs/initialWeights.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { avgPool2dF64, f64 } from '../helpers/reference.ts';
import { resnetF64, resnetStagesF64 } from '../helpers/referenceNetwork.ts';
import { below, fileOf, type ResNetStateOptions, resnetState } from '../helpers/resnetState.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(() => context.close());

interface Case {
  name: string;
  state: ResNetStateOptions;
  size: number;
  prefix: string;
}

const BLOCKS = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3] } as const;

test.each<Case>([
  { name: "torchvision's ResNet-18", state: { blocks: BLOCKS[18], width: 4 }, size: 65, prefix: '' },
  { name: "torchvision's ResNet-34", state: { blocks: BLOCKS[34], width: 2 }, size: 66, prefix: '' },
  {
    name: "torchvision's ResNet-50",
    state: { blocks: BLOCKS[34], width: 2, hasBottlenecks: true },
    size: 65,
    prefix: '',
  },
  { name: "the authors' ResNet-18", state: { blocks: BLOCKS[18], width: 4 }, size: 70, prefix: 'module.backbone.' },
  {
    name: "the authors' network for small images",
    state: { blocks: BLOCKS[18], width: 4, stem: 3, shortcut: 'shortcut' },
    size: 9,
    prefix: 'backbone.',
  },
  {
    name: 'a network for small images whose shortcuts are called as in torchvision',
    state: { blocks: [1, 1, 1, 1], width: 4, stem: 3 },
    size: 16,
    prefix: 'model.',
  },
])('$name', async ({ state, size, prefix }) => {
  const tensors = resnetState(state);
  const weights = decodeWeights(fileOf(below(prefix, tensors)), 'a.safetensors');
  const { arch, width } = weights.network;
  expect(weights.network.fits(size)).toBe(true);
  const encoder = new Encoder(context, { arch, width, size, seed: 1 });
  initialize(encoder, { tensors: weights.tensors, file: 'a.safetensors', note: () => null });
  const images = uniformInput([2, 3, size, size], { low: -2, high: 2 });
  const input = context.tensor(images.values, images.shape);
  const { backbone, maps } = context.noGrad(() => encoder.outputs(input, false, { withMaps: true }));
  const reference = Object.entries(tensors).flatMap(([name, { dtype, shape, data }]) =>
    dtype === 'F32' ? [[`backbone.${name}`, f64(shape, data as Float32Array)] as const] : [],
  );
  const parameters = Object.fromEntries(reference);
  const expected = resnetF64(parameters, f64(images.shape, images.values));
  expect(backbone.shape).toEqual(expected.shape);
  expectClose(await backbone.read(), expected.data, tolerance.network);
  const [, ...stages] = resnetStagesF64(parameters, f64(images.shape, images.values));
  for (const [i, map] of maps.entries()) {
    const means = avgPool2dF64(stages[i], { kernel: 3, stride: 1, padding: 1 });
    const byChannel = permute(map, [0, 3, 1, 2]);
    expect(byChannel.shape).toEqual(means.shape);
    expectClose(await byChannel.read(), means.data, tolerance.network);
  }
});

test.each(['cnn32', 'resnet18-cbam', 'resnet50', 'mobilenetv2'] as const)(
  "a run's own model of %s gives its backbone, bit for bit",
  async (arch) => {
    const [first, second] = [1, 2].map((seed) => new Encoder(context, { arch, width: 4, size: 16, seed }));
    const state = await stateDict(first);
    const bytes = encodeModel(state, 3, { arch, width: '4', size: '16' });
    const weights = decodeWeights(bytes, 'model.safetensors');
    expect(weights.network).toMatchObject({ arch, width: 4, size: 16 });
    initialize(second, { tensors: weights.tensors, file: 'model.safetensors', note: () => null });
    const after = await stateDict(second);
    const moved = Object.keys(state).filter((name) => after[name].data.join() !== state[name].data.join());
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.filter((name) => !name.startsWith('head.'))).toEqual([]);
  },
);
