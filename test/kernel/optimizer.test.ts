/** optimizer.wgsl on the CPU: SGD, LARS and Adam against their definitions, over two tensors with padding between. */
import { expect, test } from 'vitest';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

/** Runs of 64 scalars: a matrix of 100 in runs 0 and 1, a bias of 30 in run 2; what is left of a run is 0. */
const COUNT = 192;
const TENSORS = [
  { firstRun: 0, runs: 2, size: 100, isScaled: true },
  { firstRun: 2, runs: 1, size: 30, isScaled: false },
];

function arena(seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(COUNT);
  TENSORS.forEach(({ firstRun, size }, i) => {
    values.set(uniformInput([size], { seed: seed * 10 + i }).values, firstRun * 64);
  });
  return values;
}

const p = arena(1);
const grads = arena(2);
const v = arena(3);
const lr = Float32Array.of(0.1);
const uniforms = {
  first: 0,
  count: COUNT / 4,
  firstTensor: 0,
  tensorCount: 2,
  momentum: 0.9,
  weightDecay: 0.05,
  eta: 0.02,
  beta1: 0.8,
  beta2: 0.95,
  eps: 1e-3,
};
const table = Uint32Array.from(
  TENSORS.flatMap(({ firstRun, runs, isScaled }) => [firstRun, runs, isScaled ? 1 : 0, 0]),
);
const decayed = (i: number) => grads[i] + uniforms.weightDecay * p[i];
const groups: [number, number, number] = [1, 1, 1];

test('sgd: v = momentum v + g, p = p - lr v', () => {
  const velocity = Array.from(v, (old, i) => uniforms.momentum * old + decayed(i));
  expectOnCpu(
    { kernel: { file: 'optimizer.wgsl', entry: 'sgd' }, bindings: { p, grads, v, lr }, uniforms, groups },
    { v: velocity, p: p.map((old, i) => old - lr[0] * velocity[i]) },
    tolerance.reduction(4),
  );
});

test('nesterov: p = p - lr (g + momentum v)', () => {
  const velocity = Array.from(v, (old, i) => uniforms.momentum * old + decayed(i));
  expectOnCpu(
    { kernel: { file: 'optimizer.wgsl', entry: 'nesterov' }, bindings: { p, grads, v, lr }, uniforms, groups },
    { v: velocity, p: p.map((old, i) => old - lr[0] * (decayed(i) + uniforms.momentum * velocity[i])) },
    tolerance.reduction(5),
  );
});

test('sgd writes nothing at and after count', () => {
  const { p: after } = expectOnCpu(
    {
      kernel: { file: 'optimizer.wgsl', entry: 'sgd' },
      bindings: { p, grads, v, lr },
      uniforms: { ...uniforms, count: 16 },
      groups,
    },
    {},
    tolerance.exact,
  );
  expect(after.subarray(64)).toEqual(p.subarray(64));
  expect(after.subarray(0, 64)).not.toEqual(p.subarray(0, 64));
});

test('sgd of a part: from `first` on, with gradients of its own', () => {
  const own = grads.slice(128);
  const velocity = Array.from(v, (old, i) => (i < 128 ? old : uniforms.momentum * old + decayed(i)));
  expectOnCpu(
    {
      kernel: { file: 'optimizer.wgsl', entry: 'sgd' },
      bindings: { p, grads: own, v, lr },
      uniforms: { ...uniforms, first: 32, count: 16 },
      groups,
    },
    { v: velocity, p: p.map((old, i) => (i < 128 ? old : old - lr[0] * velocity[i])) },
    tolerance.reduction(4),
  );
});

const norm = (first: number, size: number, f: (i: number) => number) =>
  Math.sqrt(Array.from({ length: size }, (_, i) => f(first * 64 + i) ** 2).reduce((a, b) => a + b, 0));

const ratios = TENSORS.map(({ firstRun, size }) => {
  const [ofP, ofG] = [norm(firstRun, size, (i) => p[i]), norm(firstRun, size, (i) => grads[i])];
  return (uniforms.eta * ofP) / (ofG + uniforms.weightDecay * ofP + uniforms.eps);
});

test('lars_ratios: eta ||p|| / (||g|| + weightDecay ||p|| + eps); 1 where a norm is 0', () => {
  const bindings = { grads, tensors: table, ratios: new Float32Array(2) };
  const launch = { kernel: { file: 'optimizer.wgsl', entry: 'lars_ratios' }, uniforms };
  expectOnCpu(
    { ...launch, bindings: { ...bindings, parameters: p }, groups: [1, 2, 1] }, // folded
    { ratios },
    tolerance.reduction(100),
  );
  expectOnCpu(
    { ...launch, bindings: { ...bindings, parameters: new Float32Array(COUNT) }, groups: [2, 1, 1] },
    { ratios: [1, 1] },
    tolerance.exact,
  );
});

test('lars_ratios of a part: the other ratios stay', () => {
  const launch = {
    kernel: { file: 'optimizer.wgsl', entry: 'lars_ratios' },
    bindings: { parameters: p, grads: grads.slice(128), tensors: table, ratios: Float32Array.of(7, 7) },
    uniforms: { ...uniforms, first: 32, count: 8, firstTensor: 1, tensorCount: 1 }, // 30 of the bias and 2 of what is left of the run
    groups,
  };
  expectOnCpu(launch, { ratios: [7, ratios[1]] }, tolerance.reduction(100));
});

test('lars: matrices decayed and scaled, the bias neither', () => {
  const step = (i: number) => (i < 128 ? decayed(i) * 0.25 : grads[i]);
  const velocity = Array.from(v, (old, i) => uniforms.momentum * old + step(i));
  const ratio = Float32Array.of(0.25, 0.5);
  const tensorOf = Uint32Array.of(0, 0, 1);
  expectOnCpu(
    {
      kernel: { file: 'optimizer.wgsl', entry: 'lars' },
      bindings: { p, grads, v, lr, tensorOf, tensors: table, ratio },
      uniforms,
      groups,
    },
    { v: velocity, p: p.map((old, i) => old - lr[0] * velocity[i]) },
    tolerance.reduction(4),
  );
});

test('adam: two steps of moments, corrected by 1 - beta^t', () => {
  const { beta1, beta2, eps } = uniforms;
  let state = { p, m: new Float32Array(COUNT), v: new Float32Array(COUNT), powers: Float32Array.of(1, 1) };
  const expected = { p: [...p], m: new Array<number>(COUNT).fill(0), v: new Array<number>(COUNT).fill(0) };
  for (let t = 1; t <= 2; t++) {
    for (let i = 0; i < COUNT; i++) {
      const g = grads[i] + uniforms.weightDecay * expected.p[i];
      expected.m[i] = beta1 * expected.m[i] + (1 - beta1) * g;
      expected.v[i] = beta2 * expected.v[i] + (1 - beta2) * g * g;
      const mean = expected.m[i] / (1 - beta1 ** t);
      expected.p[i] -= (lr[0] * mean) / (Math.sqrt(expected.v[i] / (1 - beta2 ** t)) + eps);
    }
    const { powers } = expectOnCpu(
      {
        kernel: { file: 'optimizer.wgsl', entry: 'adam_powers' },
        bindings: { powers: state.powers },
        uniforms,
        groups,
      },
      { powers: [beta1 ** t, beta2 ** t] },
      tolerance.elementwise,
    );
    state = expectOnCpu(
      {
        kernel: { file: 'optimizer.wgsl', entry: 'adam' },
        bindings: { ...state, powers, grads, lr },
        uniforms,
        groups,
      },
      expected,
      tolerance.reduction(9),
    );
  }
});
