/**
 * The built-in weights: MobileNetV2, blocks 0 to 12, as trained on ImageNet, from the package nsfwjs, which carries them with
 * 8 bits per value. Only the build needs it.  Its own training left the layers before block_11 as they were.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const BLOCKS = 12;

/** Keras' names of arrays, and ours. */
const ARRAYS = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** `block_3_expand_BN/gamma` -> `block_3.expand_BN.weight`; null for layers after block 12. */
function nameOf(name) {
  const [layer, array] = name.split('/');
  const [, block, part] = /^(expanded_conv|block_\d+)_(.*)$/.exec(layer) ?? [];
  if (block === undefined) return /^(Conv1|bn_Conv1)$/.test(layer) ? `${layer}.${ARRAYS[array]}` : null;
  const index = Number(/\d+/.exec(block)?.[0] ?? 0);
  return index <= BLOCKS ? `${block}.${part}.${ARRAYS[array]}` : null;
}

/** Height, width, inputs, outputs to PyTorch's outputs, inputs, height, width; for depthwise kernels the inputs come first. */
function toPyTorch(values, [height, width, inputs, outputs], isDepthwise) {
  const shape = isDepthwise ? [inputs, outputs, height, width] : [outputs, inputs, height, width];
  const data = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const [o, i, pixel] = [at % outputs, Math.floor(at / outputs) % inputs, Math.floor(at / (outputs * inputs))];
    const [first, second, seconds] = isDepthwise ? [i, o, outputs] : [o, i, inputs];
    data[(first * seconds + second) * height * width + pixel] = values[at];
  }
  return { shape, data };
}

/** The arrays by name, and metadata with their origin and license, for a safetensors file. */
export async function builtinWeights() {
  const folder = join(dirname(require.resolve('nsfwjs/core')), '..', 'models', 'mobilenet_v2');
  const { version } = JSON.parse(await readFile(join(folder, '..', '..', '..', 'package.json'), 'utf8'));
  const { weightsManifest } = require(join(folder, 'model.min.js'));
  const bytes = Buffer.from(require(join(folder, 'group1-shard1of1.min.js')), 'base64');
  const tensors = {};
  let start = 0;
  for (const { name, shape, quantization } of weightsManifest[0].weights) {
    const count = shape.reduce((product, side) => product * side, 1);
    const codes = bytes.subarray(start, start + count);
    start += count;
    const ours = nameOf(name);
    if (ours === null) continue;
    const values = Float32Array.from(codes, (code) => code * quantization.scale + quantization.min);
    const isKernel = shape.length === 4;
    const array = isKernel ? toPyTorch(values, shape, name.endsWith('depthwise_kernel')) : { shape, data: values };
    tensors[ours] = { dtype: 'F32', ...array };
  }
  if (start !== bytes.length) throw new Error(`nsfwjs ${version}: ${bytes.length} bytes of weights, expected ${start}`);
  return {
    tensors,
    metadata: {
      format: 'pt',
      arch: 'mobilenetv2',
      width: '32',
      input: 'RGB in [0, 1]',
      origin: `MobileNetV2 1.0, ImageNet (Keras Applications), from nsfwjs ${version}, 8 bits per value; blocks 0 to ${BLOCKS}`,
      license: 'MIT (nsfwjs, Copyright (c) 2019 Infinite Red, Inc.)',
    },
  };
}
