/**
 * TensorFlow.js on its WebGPU back end as a contestant: eager ops under tidy(), NHWC (the only layout that this back end
 * convolves in), gradients by variableGrads(), its own momentum optimizer.
 */
import { serve, versionOf } from './serve.mjs'; // first: it installs navigator.gpu, which the back end looks for at once
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { blocksOf, encoderParameters, LEARNING_RATE, MOMENTUM, TEMPERATURE, uniform, WEIGHT_DECAY } from './values.mjs';

await tf.setBackend('webgpu');
await tf.ready();
if (tf.getBackend() !== 'webgpu') throw new Error('TensorFlow.js found no WebGPU device');

/** Submits what the back end has gathered and resolves when the queue is empty. */
async function settle() {
  const backend = tf.backend();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}

/** Values given in PyTorch's order, as a tensor in TensorFlow's: images NHWC, kernels HWIO, matrices as they are. */
function tensor(values, shape, order) {
  const given = tf.tensor(values, shape);
  if (!order) return given;
  const moved = tf.transpose(given, order);
  given.dispose();
  return moved;
}
const IMAGES = [0, 2, 3, 1];
const KERNELS = [2, 3, 1, 0];

function repeated(compute, inputs) {
  let output = null;
  return {
    async run() {
      output?.dispose();
      output = compute(...inputs);
      await settle();
    },
    read: async () => [...(await output.data())],
    dispose() {
      tf.dispose([output, ...inputs]);
    },
  };
}

function matmul({ m, n, k }) {
  return repeated(tf.matMul, [tensor(uniform(m * k, 1, 1), [m, k]), tensor(uniform(k * n, 1, 2), [k, n])]);
}

function conv2d({ pass, n, ic, h, w, oc, side, stride, padding }) {
  const [oh, ow] = [h, w].map((length) => Math.floor((length + 2 * padding - side) / stride) + 1);
  const x = () => tensor(uniform(n * ic * h * w, 1, 1), [n, ic, h, w], IMAGES);
  const filter = () => tensor(uniform(oc * ic * side * side, 1, 2), [oc, ic, side, side], KERNELS);
  const dy = () => tensor(uniform(n * oc * oh * ow, 1, 3), [n, oc, oh, ow], IMAGES);
  const options = { strides: stride, pad: padding, dataFormat: 'NHWC' };
  // the kernels that its own gradient of conv2d calls
  const kernel = (name, given, more = {}) => tf.engine().runKernel(name, given, { ...options, ...more });
  if (pass === 'forward') return repeated((a, b) => tf.conv2d(a, b, stride, padding), [x(), filter()]);
  if (pass === 'inputGradient') {
    const inputShape = [n, h, w, ic];
    return repeated((c, b) => kernel('Conv2DBackpropInput', { dy: c, filter: b }, { inputShape }), [dy(), filter()]);
  }
  const filterShape = [side, side, ic, oc];
  return repeated((a, c) => kernel('Conv2DBackpropFilter', { x: a, dy: c }, { filterShape }), [x(), dy()]);
}

/** Batch statistics over all axes but the last, as its layers do it. */
function batchNorm(x, weight, bias) {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const { mean, variance } = tf.moments(x, axes);
  return tf.batchNorm(x, mean, variance, bias, weight, 1e-5);
}

function encode(views, parameters, width) {
  let next = 0;
  const convNorm = (x, stride, padding) => {
    const [w, gamma, beta] = parameters.slice(next, (next += 3));
    return batchNorm(tf.conv2d(x, w, stride, padding), gamma, beta);
  };
  const linear = (x) => {
    const [w, b] = parameters.slice(next, (next += 2));
    return tf.add(tf.matMul(x, w, false, true), b);
  };
  let x = tf.relu(convNorm(views, 1, 1));
  let channels = width;
  for (const { out, stride } of blocksOf(width)) {
    const hidden = convNorm(tf.relu(convNorm(x, stride, 1)), 1, 1);
    const shortcut = stride !== 1 || channels !== out ? convNorm(x, stride, 0) : x;
    x = tf.relu(tf.add(hidden, shortcut));
    channels = out;
  }
  const hidden = linear(tf.mean(x, [1, 2]));
  const [gamma, beta] = parameters.slice(next, (next += 2));
  // this back end normalizes images only
  const normalized = batchNorm(tf.reshape(hidden, [hidden.shape[0], 1, 1, hidden.shape[1]]), gamma, beta);
  return linear(tf.relu(tf.reshape(normalized, hidden.shape)));
}

/** NT-Xent on the first half of the rows plus the mean norm of the second half. */
function oeclLoss(features, selfMask, partners) {
  const [normal, outliers] = tf.split(features, 2, 0);
  const z = tf.div(normal, tf.sqrt(tf.sum(tf.square(normal), 1, true)));
  const similarities = tf.mul(tf.matMul(z, z, false, true), 1 / TEMPERATURE);
  const positives = tf.div(tf.sum(tf.mul(similarities, partners)), normal.shape[0]);
  const contrastive = tf.sub(tf.mean(tf.logSumExp(tf.add(similarities, selfMask), 1)), positives);
  return tf.add(contrastive, tf.mean(tf.sqrt(tf.sum(tf.square(outliers), 1))));
}

function step({ width, size, batch }) {
  const rows = 2 * batch;
  const matrix = (value) =>
    tf.tensor2d(
      Float32Array.from({ length: rows * rows }, (_, i) => value(Math.floor(i / rows), i % rows)),
      [rows, rows],
    );
  const selfMask = matrix((i, j) => (i === j ? -1e9 : 0));
  const partners = matrix((i, j) => (Math.abs(i - j) === batch ? 1 : 0));
  const views = tensor(uniform(4 * batch * 3 * size * size, 1, 1000), [4 * batch, 3, size, size], IMAGES);
  const parameters = encoderParameters(width).map(({ values, shape }) =>
    tf.variable(tensor(values, shape, shape.length === 4 ? KERNELS : null)),
  );
  const optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
  let loss = null;
  return {
    async run() {
      loss?.dispose();
      loss = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => oeclLoss(encode(views, parameters, width), selfMask, partners));
        const decayed = Object.fromEntries(
          parameters.map((parameter) => [
            parameter.name,
            tf.add(grads[parameter.name], tf.mul(parameter, WEIGHT_DECAY)),
          ]),
        );
        optimizer.applyGradients(decayed);
        return value;
      });
      await settle();
    },
    read: async () => [...(await loss.data())],
    dispose() {
      optimizer.dispose();
      tf.dispose([loss, selfMask, partners, views, ...parameters]);
    },
  };
}

const kinds = { matmul, conv2d, step };
await serve(`TensorFlow.js ${versionOf('@tensorflow/tfjs-core')}`, (workload) => kinds[workload.kind](workload));
