/**
 * The built-in weights: features of our MobileNetV2 with the file that the build wrote, against TensorFlow.js running the
 * arrays of the package they come from, in Keras' names and layout.
 */
import '@tensorflow/tfjs-backend-cpu';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, decodeSafetensors } from '../../runtime/index.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import { builtin, initialize } from '../../src/runs/initialWeights.ts';
import { networkOf } from '../../src/runs/network.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { tolerance } from '../helpers/tolerances.ts';

interface Entry {
  name: string;
  shape: number[];
  quantization: { scale: number; min: number };
}

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(() => context.close());

const SIDE = 33; // odd sides pad in another way than even ones: 33, 17, 9, 5, 3

/** Keras' arrays by name. */
function kerasArrays(): Record<string, tf.Tensor> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('nsfwjs/core')), '..', 'models', 'mobilenet_v2');
  const { weightsManifest } = require(`${folder}/model.min.js`) as { weightsManifest: { weights: Entry[] }[] };
  const bytes = Buffer.from(require(`${folder}/group1-shard1of1.min.js`) as string, 'base64');
  let start = 0;
  return Object.fromEntries(
    weightsManifest[0].weights.map(({ name, shape, quantization: { scale, min } }) => {
      const count = shape.reduce((product, side) => product * side, 1);
      const values = Float32Array.from(bytes.subarray(start, start + count), (code) => code * scale + min);
      start += count;
      return [name, tf.tensor(values, shape)];
    }),
  );
}

/**
 * Means, then deviations, of the channels of block_5_add, block_9_add and block_12_add, [N, 384], and the means of 3 x 3 pixels
 * of the first two. @param images NHWC, in [0, 1]
 */
function featuresOf(images: tf.Tensor): { features: tf.Tensor; maps: tf.Tensor[] } {
  const of = kerasArrays();
  const norm = (name: string, x: tf.Tensor) => {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
      (part) => of[`${name}/${part}`],
    );
    return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), gamma), beta);
  };
  const conv = (name: string, x: tf.Tensor, stride = 1) =>
    tf.conv2d(x as tf.Tensor4D, of[`${name}/kernel`] as tf.Tensor4D, stride, 'same');
  const tapped: tf.Tensor[] = [];
  const maps: tf.Tensor[] = [];
  let x = tf.relu6(norm('bn_Conv1', conv('Conv1', images, 2)));
  for (const [index, stride] of [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1].entries()) {
    const name = index === 0 ? 'expanded_conv' : `block_${index}`;
    const wide = index === 0 ? x : tf.relu6(norm(`${name}_expand_BN`, conv(`${name}_expand`, x)));
    const kernel = of[`${name}_depthwise/depthwise_kernel`] as tf.Tensor4D;
    const filtered = tf.depthwiseConv2d(wide as tf.Tensor4D, kernel, stride, 'same');
    const y = norm(`${name}_project_BN`, conv(`${name}_project`, tf.relu6(norm(`${name}_depthwise_BN`, filtered))));
    const isResidual = stride === 1 && y.shape[3] === x.shape[3];
    x = isResidual ? tf.add(x, y) : y;
    if (![5, 9, 12].includes(index)) continue;
    const { mean, variance } = tf.moments(x, [1, 2]);
    tapped.push(mean, tf.sqrt(variance));
    const bordered = tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]) as tf.Tensor4D; // zeros count, too
    if (index < 12) maps.push(tf.avgPool(bordered, 3, 1, 'valid'));
  }
  return { features: tf.concat(tapped, 1), maps };
}

test('features and maps equal those of TensorFlow.js within 1e-4', async () => {
  const config = resolveConfig({ dataset: 'demo', init: 'builtin', size: SIDE }, { isSoftware: true });
  expect(config).toMatchObject({ arch: 'mobilenetv2', width: 32, normalize: 'none', freeze: 'all' });
  const encoder = networkOf(context, config);
  initialize(encoder, await builtin(nodePlatform()));
  const images = uniformInput([2, 3, SIDE, SIDE], { low: 0, high: 1 });
  const input = context.tensor(images.values, images.shape);
  const { backbone, maps } = context.noGrad(() => encoder.outputs(input, true, { withMaps: true }));
  const nhwc = tf.transpose(
    tf.tensor(Float32Array.from(images.values), images.shape as [number, number, number, number]),
    [0, 2, 3, 1],
  );
  const expected = featuresOf(nhwc);
  expect(backbone.shape).toEqual([2, 384]);
  expectClose(await backbone.read(), [...(await expected.features.data())], tolerance.twoNetworks);
  expect(maps.map(({ shape }) => shape)).toEqual([
    [2, 5, 5, 32],
    [2, 3, 3, 64],
  ]);
  for (const [i, map] of maps.entries()) {
    expectClose(await map.read(), [...(await expected.maps[i].data())], tolerance.twoNetworks);
  }
  const plain = context.noGrad(() => encoder.outputs(input, true));
  expect(plain.maps).toEqual([]);
  expect(await plain.backbone.read()).toEqual(await backbone.read());
});

test('the file is small, and says where it comes from and under which license', async () => {
  const bytes = await nodePlatform().builtinWeights();
  expect(bytes.length).toBeLessThan(3e6);
  expect(decodeSafetensors(bytes, 'mobilenetv2.safetensors').metadata).toMatchObject({
    origin: expect.stringContaining('MobileNetV2'),
    license: expect.stringContaining('MIT'),
  });
});

test('another network is refused, with what fits', () => {
  expect(() => resolveConfig({ init: 'builtin', arch: 'resnet10' }, { isSoftware: true })).toThrow(
    /--init builtin --arch resnet10 --width 32: [\s\S]*--arch mobilenetv2 --width 32/,
  );
});
