/**
 * jax-js as a contestant, used as its documentation recommends: WebGPU, each iteration in one jit(), NCHW (the
 * only layout that its convolution takes). Every function takes ownership of its arguments; `.ref` keeps one alive.
 */
import './serve.mjs'; // installs navigator.gpu before the library looks for it
import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  grad,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  valueAndGrad,
} from '@jax-js/jax';
import { serve, versionOf } from './serve.mjs';
import { blocksOf, encoderParameters, LEARNING_RATE, MOMENTUM, TEMPERATURE, uniform, WEIGHT_DECAY } from './values.mjs';

const devices = await init('webgpu');
if (!devices.includes('webgpu')) throw new Error('jax-js found no WebGPU device');
defaultDevice('webgpu');

const array = (values, shape) => np.array(values).reshape(shape);

/** A workload from a jitted function whose arguments stay the same. */
function repeated(compute, inputs) {
  let output = null;
  return {
    async run() {
      output?.dispose();
      output = compute(...inputs.map((input) => input.ref));
      await settle(output);
    },
    read: async () => [...(await output.ref.data())],
    dispose() {
      output?.dispose();
      for (const input of inputs) input.dispose();
      compute.dispose();
    },
  };
}

/** Resolves when the arrays are computed and the queue is empty. */
async function settle(arrays) {
  await blockUntilReady(arrays);
  await getWebGPUDevice().queue.onSubmittedWorkDone();
}

function matmul({ m, n, k }) {
  const [a, b] = [array(uniform(m * k, 1, 1), [m, k]), array(uniform(k * n, 1, 2), [k, n])];
  return repeated(
    jit((x, y) => np.matmul(x, y)),
    [a, b],
  );
}

const convolve = (x, w, stride, padding) =>
  lax.convGeneralDilated(
    x,
    w,
    [stride, stride],
    [
      [padding, padding],
      [padding, padding],
    ],
  );

function conv2d({ pass, n, ic, h, w, oc, side, stride, padding }) {
  const [oh, ow] = [h, w].map((length) => Math.floor((length + 2 * padding - side) / stride) + 1);
  const x = array(uniform(n * ic * h * w, 1, 1), [n, ic, h, w]);
  const weight = array(uniform(oc * ic * side * side, 1, 2), [oc, ic, side, side]);
  if (pass === 'forward')
    return repeated(
      jit((a, b) => convolve(a, b, stride, padding)),
      [x, weight],
    );
  const dy = array(uniform(n * oc * oh * ow, 1, 3), [n, oc, oh, ow]);
  // linear in each operand: the gradient needs the other operand and dy, and jit drops the unused forward product
  const weighted = (a, b, c) => convolve(a, b, stride, padding).mul(c).sum();
  const gradient = grad(weighted, { argnums: pass === 'inputGradient' ? 0 : 1 });
  return repeated(
    jit((a, b, c) => gradient(a, b, c)),
    [x, weight, dy],
  );
}

/** Batch statistics over all axes but 1. */
function batchNorm(x, weight, bias, axes) {
  const shape = x.shape.map((side, axis) => (axis === 1 ? side : 1));
  const mean = np.mean(x.ref, axes, { keepdims: true });
  const centered = x.sub(mean);
  const variance = np.mean(np.square(centered.ref), axes, { keepdims: true });
  const scale = weight.reshape(shape).div(np.sqrt(variance.add(1e-5)));
  return centered.mul(scale).add(bias.reshape(shape));
}

function encode(views, parameters, width) {
  let next = 0;
  const convNorm = (x, stride, padding) => {
    const [w, gamma, beta] = parameters.slice(next, (next += 3));
    return batchNorm(convolve(x, w, stride, padding), gamma, beta, [0, 2, 3]);
  };
  const linear = (x) => {
    const [w, b] = parameters.slice(next, (next += 2));
    return np.matmul(x, np.transpose(w)).add(b);
  };
  let x = nn.relu(convNorm(views, 1, 1));
  let channels = width;
  for (const { out, stride } of blocksOf(width)) {
    const hidden = convNorm(nn.relu(convNorm(x.ref, stride, 1)), 1, 1);
    const shortcut = stride !== 1 || channels !== out ? convNorm(x, stride, 0) : x;
    x = nn.relu(hidden.add(shortcut));
    channels = out;
  }
  const hidden = linear(np.mean(x, [2, 3]));
  const [gamma, beta] = parameters.slice(next, (next += 2));
  return linear(nn.relu(batchNorm(hidden, gamma, beta, [0])));
}

/** NT-Xent on the first half of the rows plus the mean norm of the second half. */
function oeclLoss(features, selfMask, partners) {
  const rows = features.shape[0] / 2;
  const [normal, outliers] = np.split(features, 2, 0);
  const norms = np.sqrt(np.sum(np.square(normal.ref), 1, { keepdims: true }));
  const z = normal.div(norms);
  const similarities = np.matmul(z.ref, np.transpose(z)).mul(1 / TEMPERATURE);
  const positives = similarities.ref
    .mul(partners)
    .sum()
    .mul(1 / rows);
  const contrastive = np.mean(nn.logsumexp(similarities.add(selfMask), 1)).sub(positives);
  return contrastive.add(np.mean(np.sqrt(np.sum(np.square(outliers), 1))));
}

function step({ width, size, batch }) {
  const views = array(uniform(4 * batch * 3 * size * size, 1, 1000), [4 * batch, 3, size, size]);
  const rows = 2 * batch;
  const at = (i, j) => [i, j];
  const matrix = (value) =>
    array(
      Float32Array.from({ length: rows * rows }, (_, i) => value(...at(Math.floor(i / rows), i % rows))),
      [rows, rows],
    );
  const selfMask = matrix((i, j) => (i === j ? -1e9 : 0));
  const partners = matrix((i, j) => (Math.abs(i - j) === batch ? 1 : 0));
  let parameters = encoderParameters(width).map(({ values, shape }) => array(values, shape));
  let velocities = parameters.map(({ shape }) => np.zeros(shape));
  let loss = null;
  const lossOf = (p, x, mask, pairs) => oeclLoss(encode(x, p, width), mask, pairs);
  const update = jit((p, v, x, mask, pairs) => {
    const [value, gradients] = valueAndGrad(lossOf)(
      p.map((array) => array.ref),
      x,
      mask,
      pairs,
    );
    const moved = v.map((velocity, i) => velocity.mul(MOMENTUM).add(gradients[i]).add(p[i].ref.mul(WEIGHT_DECAY)));
    const updated = p.map((array, i) => array.sub(moved[i].ref.mul(LEARNING_RATE)));
    return [value, updated, moved];
  });
  return {
    async run() {
      loss?.dispose();
      [loss, parameters, velocities] = update(parameters, velocities, views.ref, selfMask.ref, partners.ref);
      await settle([loss, ...parameters, ...velocities]);
    },
    read: async () => [...(await loss.ref.data())],
    dispose() {
      for (const each of [loss, views, selfMask, partners, ...parameters, ...velocities]) each?.dispose();
      update.dispose();
    },
  };
}

const kinds = { matmul, conv2d, step };
await serve(`jax-js ${versionOf('@jax-js/jax')}`, (workload) => kinds[workload.kind](workload));
