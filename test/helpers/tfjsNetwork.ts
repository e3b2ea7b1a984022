/**
 * The encoder, the loss and training of docs/methods.md 1 and 3, in TensorFlow.js on its CPU back end: code and
 * gradients that share nothing with ours. Parameters are passed by name, in PyTorch's layout.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

export type Parameters = Record<string, { values: Float32Array; shape: readonly number[] }>;

export interface OeclOptions {
  temperature: number;
  lambda: number;
  /** 7x7 stride 2 and max-pooling, or 3x3. */
  stem: 'imagenet' | 'cifar';
}

type Tensors = Record<string, tf.Tensor>;

/** NHWC images, OIHW weights. Padded explicitly: numeric padding has no gradient where the stride does not fit. */
function conv2d(x: tf.Tensor, weight: tf.Tensor, stride: number, padding: number): tf.Tensor {
  const padded = pad(x, padding, 0) as tf.Tensor4D;
  return tf.conv2d(padded, tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D, stride, 'valid');
}

function pad(x: tf.Tensor, by: number, value: number): tf.Tensor {
  const sides: [number, number] = [by, by];
  return tf.pad(x, [[0, 0], sides, sides, [0, 0]], value);
}

/** Batch statistics over all axes but the last; biased variance. */
function batchNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  const { mean, variance } = tf.moments(x, axes);
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), weight), bias);
}

function basicBlock(p: Tensors, name: string, x: tf.Tensor, stride: number): tf.Tensor {
  const norm = (part: string, input: tf.Tensor) =>
    batchNorm(input, p[`${name}.${part}.weight`], p[`${name}.${part}.bias`]);
  const hidden = tf.relu(norm('bn1', conv2d(x, p[`${name}.conv1.weight`], stride, 1)));
  const second = norm('bn2', conv2d(hidden, p[`${name}.conv2.weight`], 1, 1));
  const shortcut = ['shortcut', 'downsample'].find((part) => p[`${name}.${part}.0.weight`]);
  if (!shortcut) return tf.relu(tf.add(second, x));
  return tf.relu(tf.add(second, norm(`${shortcut}.1`, conv2d(x, p[`${name}.${shortcut}.0.weight`], stride, 0))));
}

const linear = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor =>
  tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D, false, true), bias);

/** ResNet-10 with its head: NCHW images -> [N, features]. */
function encode(p: Tensors, images: tf.Tensor, stem: OeclOptions['stem']): tf.Tensor {
  const [stride, padding] = stem === 'imagenet' ? [2, 3] : [1, 1];
  let x = conv2d(tf.transpose(images, [0, 2, 3, 1]), p['backbone.conv1.weight'], stride, padding);
  x = tf.relu(batchNorm(x, p['backbone.bn1.weight'], p['backbone.bn1.bias']));
  if (stem === 'imagenet') x = tf.maxPool(pad(x, 1, -1) as tf.Tensor4D, 3, 2, 'valid'); // after ReLU, -1 never wins
  for (const stage of [1, 2, 3, 4]) x = basicBlock(p, `backbone.layer${stage}.0`, x, stage === 1 ? 1 : 2);
  const hidden = linear(tf.mean(x, [1, 2]), p['head.0.weight'], p['head.0.bias']);
  const active = tf.relu(batchNorm(hidden, p['head.1.weight'], p['head.1.bias']));
  return linear(active, p['head.3.weight'], p['head.3.bias']);
}

/** Lengths of the rows, [N, 1]. */
const lengths = (f: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.square(f), 1, true));

/** docs/methods.md 1.1. */
function ntXent(f: tf.Tensor, temperature: number): tf.Tensor {
  const rows = f.shape[0];
  const z = tf.div(f, lengths(f)) as tf.Tensor2D;
  const similarities = tf.div(tf.matMul(z, z, false, true), temperature);
  const others = tf.sub(similarities, tf.mul(tf.eye(rows), 1e9)); // makes exp(s_ii) vanish
  const partners = tf.concat([tf.slice(z, rows / 2), tf.slice(z, 0, rows / 2)]);
  const positives = tf.div(tf.sum(tf.mul(z, partners), 1), temperature);
  return tf.mean(tf.sub(tf.logSumExp(others, 1), positives));
}

function oecl(p: Tensors, images: tf.Tensor, { temperature, lambda, stem }: OeclOptions): tf.Scalar {
  const f = encode(p, images, stem);
  const half = f.shape[0] / 2;
  const penalty = tf.mean(lengths(tf.slice(f, half)));
  return tf.add(ntXent(tf.slice(f, 0, half), temperature), tf.mul(penalty, lambda)) as tf.Scalar;
}

/** The loss and its gradient for every parameter, by name. */
export async function lossAndGradients(
  parameters: Parameters,
  images: { values: ArrayLike<number>; shape: readonly number[] },
  options: OeclOptions,
): Promise<{ loss: number; gradients: Record<string, Float32Array> }> {
  tf.enableProdMode(); // prints no advice about other back ends
  await tf.setBackend('cpu');
  const names = Object.keys(parameters);
  return tf.tidy(() => {
    const x = tf.tensor(Float32Array.from(images.values), [...images.shape]);
    const given = names.map((name) => tf.tensor(parameters[name].values, [...parameters[name].shape]));
    const f = (...tensors: tf.Tensor[]) =>
      oecl(Object.fromEntries(names.map((name, i) => [name, tensors[i]])), x, options);
    const { value, grads } = tf.valueAndGrads(f)(given);
    const gradients = names.map((name, i) => [name, grads[i].dataSync() as Float32Array] as const);
    return { loss: value.dataSync()[0], gradients: Object.fromEntries(gradients) };
  });
}

/** SGD with momentum as PyTorch defines it: the losses before each of the steps. Changes the parameters' values. */
export async function trainingLosses(
  parameters: Parameters,
  batches: readonly { values: ArrayLike<number>; shape: readonly number[] }[],
  options: OeclOptions & { learningRate: number; momentum: number; weightDecay: number },
): Promise<number[]> {
  const { learningRate, momentum, weightDecay } = options;
  const velocities = Object.fromEntries(
    Object.entries(parameters).map(([name, { values }]) => [name, new Float32Array(values.length)]),
  );
  const losses: number[] = [];
  for (const images of batches) {
    const { loss, gradients } = await lossAndGradients(parameters, images, options);
    losses.push(loss);
    for (const [name, { values }] of Object.entries(parameters)) {
      const velocity = velocities[name];
      for (let i = 0; i < values.length; i++) {
        velocity[i] = momentum * velocity[i] + gradients[name][i] + weightDecay * values[i];
        values[i] -= learningRate * velocity[i];
      }
    }
  }
  return losses;
}
