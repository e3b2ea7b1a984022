/** A loss, weight or score that is not finite ends the run, and the error names its step, tensor or image. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, decodeSafetensors, encodeSafetensors, SGD, type Tensor } from '../../runtime/index.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { packImages } from '../../src/data/imageSet.ts';
import type { Encoder } from '../../src/models/encoder.ts';
import { loadStateDict, stateDict } from '../../src/models/stateDict.ts';
import { evaluate } from '../../src/runs/evaluate.ts';
import { networkOf } from '../../src/runs/network.ts';
import { decodeCheckpoint, encodeCheckpoint, restoreCheckpoint } from '../../src/train/checkpoint.ts';
import { type LoopParts, TrainLoop } from '../../src/train/loop.ts';
import { openTestContext } from '../helpers/adapter.ts';

const config = resolveConfig({ arch: 'resnet10', width: 4, size: 16, views: 2 }, { isSoftware: true });
let context: Context;
let encoder: Encoder;
beforeAll(async () => {
  context = await openTestContext();
  encoder = networkOf(context, config);
});
afterAll(() => context.close());

/** Changes one element of the first parameter while the body runs. */
async function withWeight<T>(value: number, body: (name: string) => Promise<T>): Promise<T> {
  const [name, tensor] = encoder.namedParameters()[0] as [string, Tensor];
  const before = (await tensor.read()).slice();
  tensor.write(before.map((old, i) => (i === 3 ? value : old)));
  try {
    return await body(name);
  } finally {
    tensor.write(before);
  }
}

test('with a NaN weight, the score of an image is refused, and the error names the image', async () => {
  const images = [0, 1].map((i) => ({ width: 16, height: 16, pixels: new Uint8Array(16 * 16 * 3).fill(60 + 60 * i) }));
  const set = {
    ...{ name: 'images', synthetic: false, classes: ['image'], paths: ['cells/a.png', 'cells/b.png'] },
    ...{ images: await packImages(images), labels: new Int32Array(2) },
  };
  const scores = (indices: number[]) => evaluate(context, encoder, set, indices, config, {});
  expect(Array.from((await scores([1, 0]))!.norm, Number.isFinite)).toEqual([true, true]);
  await withWeight(Number.NaN, () =>
    expect(scores([1, 0])).rejects.toThrow('cells/b.png: the score norm is NaN, expected a finite number.'),
  );
});

test('a file with an impossible weight or variance is refused, and the error names the tensor', async () => {
  const state = await stateDict(encoder);
  const changed = (name: string, value: number) => ({
    ...state,
    [name]: { ...state[name], data: (state[name].data as Float32Array).map((old, i) => (i === 1 ? value : old)) },
  });
  const [weight] = encoder.namedParameters()[0];
  const variance = Object.keys(state).find((name) => name.endsWith('running_var'))!;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => loadStateDict(encoder, changed(weight, value), 'model.safetensors')).toThrow(
      `model.safetensors: ${weight} has the value ${value} (element 1)`,
    );
  }
  expect(() => loadStateDict(encoder, changed(variance, -1), 'model.safetensors')).toThrow(
    `model.safetensors: ${variance} has a variance below 0`,
  );
  loadStateDict(encoder, state, 'model.safetensors');
});

test('no checkpoint is written with NaN, and one with NaN in the optimizer is refused', async () => {
  const learningRate = context.tensor([0.1], []);
  const optimizer = new SGD(
    [...encoder.namedParameters()].map(([, tensor]) => tensor),
    { learningRate, momentum: 0.9 },
  );
  const progress = { step: 7, epoch: 3, origin: { step: 1, epoch: 1 }, data: Uint8Array.of(5, 6), changedData: ['x'] };
  const bytes = await encodeCheckpoint(encoder, optimizer, progress);
  const restored = decodeCheckpoint(bytes, 'checkpoint.safetensors');
  expect(restored.progress).toEqual(progress);
  restoreCheckpoint(restored, encoder, optimizer);
  await withWeight(Number.NaN, (name) =>
    expect(encodeCheckpoint(encoder, optimizer, { ...progress, step: 8 })).rejects.toThrow(
      `model.${name} is not finite after step 8`,
    ),
  );
  const { tensors, metadata } = decodeSafetensors(bytes, 'checkpoint.safetensors');
  (tensors['optimizer.velocity'].data as Float32Array)[2] = Number.NaN;
  const broken = decodeCheckpoint(encodeSafetensors(tensors, metadata), 'checkpoint.safetensors');
  expect(() => restoreCheckpoint(broken, encoder, optimizer)).toThrow(
    'checkpoint.safetensors: optimizer.velocity has the value NaN (element 2)',
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a loss of %s ends the training with its step and a remedy',
  async (loss) => {
    const told: number[] = [];
    const metricsAt = (step: number) => ({ loss: step === 2 ? loss : 1, epoch: 0, lambda: 0, lr: 0.1 });
    const parts = {
      trainer: { steps: 9, stepsPerEpoch: 9, epochOf: () => 0, run: async (step: number) => metricsAt(step) },
      log: { addMetrics: () => {} },
      ...{ config, encoder, profile: null, hooks: { onStep: ({ step }: { step: number }) => told.push(step) } },
    } as unknown as LoopParts;
    await expect(new TrainLoop(parts, []).run(0)).rejects.toThrow(
      new RegExp(`the loss became ${loss} at step 3: the training diverged.\\n  Remedy: a smaller --lr`),
    );
    expect(told).toEqual([1, 2]);
  },
);
