/**
 * SGD, LARS and Adam on the device, five steps each on a loss with a known gradient, against their definitions in f64:
 * packing into the arena, views into it, parts of it, and what is kept between steps.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { show } from '../helpers/claims.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { tolerance } from '../helpers/tolerances.ts';

const STEPS = 5;
/**
 * A matrix, a bias, a scalar, an image kernel in another memory order, and a run of exactly 64. The last two are large, for
 * the optimizers; the first would be if its size were a multiple of 4.
 */
const SHAPES = [[7, 13], [7], [], [4, 3, 3, 3], [64]];
const ORDERS = [undefined, undefined, undefined, rt.KERNEL_ORDER, undefined];
const LEARNING_RATES = [0.1, 0.05, 0.05, 0.02, 0.01]; // changes between the runs of a plan

const starts = SHAPES.map((shape, i) => Array.from(uniformInput(shape, { seed: 10 + i }).values));
const targets = SHAPES.map((shape, i) => Array.from(uniformInput(shape, { seed: 20 + i }).values));

/** One step of one parameter tensor: its values and gradient in, its new values out. `t` counts from 1. */
type Rule = (p: number[], g: number[], lr: number, t: number) => number[];

const length = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** v = momentum v + g, p - lr v, in the way of PyTorch. */
function withMomentum(momentum: number): Rule {
  let velocity: number[] = [];
  return (p, g, lr) => {
    velocity = g.map((value, i) => momentum * (velocity[i] ?? 0) + value);
    return p.map((value, i) => value - lr * velocity[i]);
  };
}

const decayed = (p: number[], g: number[], weightDecay: number) => g.map((value, i) => value + weightDecay * p[i]);

function sgdF64(momentum: number, weightDecay: number): Rule {
  const step = withMomentum(momentum);
  return (p, g, lr, t) => step(p, decayed(p, g, weightDecay), lr, t);
}

function larsF64(momentum: number, weightDecay: number, eta: number, rank: number): Rule {
  const step = withMomentum(momentum);
  return (p, g, lr, t) => {
    if (rank < 2) return step(p, g, lr, t);
    const sum = decayed(p, g, weightDecay);
    const ratio = (eta * length(p)) / (length(g) + weightDecay * length(p) + 1e-8);
    return step(
      p,
      sum.map((value) => value * ratio),
      lr,
      t,
    );
  };
}

/** p - lr (g + momentum v), with the velocity of SGD (PyTorch's form of Nesterov's method). */
function nesterovF64(momentum: number, weightDecay: number): Rule {
  let v: number[] = [];
  return (p, given, lr) => {
    const g = decayed(p, given, weightDecay);
    v = g.map((value, i) => momentum * (v[i] ?? 0) + value);
    return p.map((value, i) => value - lr * (g[i] + momentum * v[i]));
  };
}

function adamF64([beta1, beta2]: readonly [number, number], eps: number, weightDecay: number): Rule {
  let [m, v]: number[][] = [[], []];
  return (p, given, lr, t) => {
    const g = decayed(p, given, weightDecay);
    m = g.map((value, i) => beta1 * (m[i] ?? 0) + (1 - beta1) * value);
    v = g.map((value, i) => beta2 * (v[i] ?? 0) + (1 - beta2) * value * value);
    const correct = (moment: number, beta: number) => moment / (1 - beta ** t);
    return p.map((value, i) => value - (lr * correct(m[i], beta1)) / (Math.sqrt(correct(v[i], beta2)) + eps));
  };
}

interface Case {
  name: string;
  make(parameters: rt.Tensor[], learningRate: rt.Tensor): rt.Optimizer;
  rule(rank: number): Rule;
  state: string[];
}

const cases: Case[] = [
  {
    name: 'SGD, plain',
    make: (parameters, learningRate) => new rt.SGD(parameters, { learningRate }),
    rule: () => sgdF64(0, 0),
    state: ['velocity'],
  },
  {
    name: 'SGD, momentum and weight decay',
    make: (parameters, learningRate) => new rt.SGD(parameters, { learningRate, momentum: 0.9, weightDecay: 0.1 }),
    rule: () => sgdF64(0.9, 0.1),
    state: ['velocity'],
  },
  {
    name: 'SGD, Nesterov momentum',
    make: (parameters, learningRate) =>
      new rt.SGD(parameters, { learningRate, momentum: 0.9, weightDecay: 0.1, nesterov: true }),
    rule: () => nesterovF64(0.9, 0.1),
    state: ['velocity'],
  },
  {
    name: 'LARS',
    make: (parameters, learningRate) =>
      new rt.LARS(parameters, { learningRate, momentum: 0.9, weightDecay: 0.1, trustCoefficient: 0.5 }),
    rule: (rank) => larsF64(0.9, 0.1, 0.5, rank),
    state: ['velocity'],
  },
  {
    name: 'LARS of every tensor',
    make: (parameters, learningRate) =>
      new rt.LARS(parameters, {
        ...{ learningRate, momentum: 0.9, weightDecay: 0.1 },
        trustCoefficient: 0.5,
        scaleAll: true,
      }),
    rule: () => larsF64(0.9, 0.1, 0.5, 2),
    state: ['velocity'],
  },
  {
    name: 'Adam',
    make: (parameters, learningRate) =>
      new rt.Adam(parameters, { learningRate, betas: [0.8, 0.95], eps: 1e-4, weightDecay: 0.1 }),
    rule: () => adamF64([0.8, 0.95], 1e-4, 0.1),
    state: ['mean', 'powers', 'square'],
  },
];

describe.each(cases)('$name', ({ make, rule, state }) => {
  let context: rt.Context;
  beforeAll(async () => {
    context = await openTestContext();
  });
  afterAll(async () => {
    await context.close();
  });

  test.each([
    ['eager', 'minimize'],
    ['recorded', 'minimize'],
    ['eager', 'step'],
    ['recorded', 'step'],
  ] as const)('five %s steps by %s()', async (how, by) => {
    const parameters = SHAPES.map((shape, i) => {
      const parameter = context.tensor(starts[i], shape, { order: ORDERS[i] });
      parameter.requiresGrad = true;
      return parameter;
    });
    const goals = SHAPES.map((shape, i) => context.tensor(targets[i], shape, { order: ORDERS[i] }));
    const learningRate = context.tensor([0], []);
    const optimizer = make(parameters, learningRate);
    /** The loss sum (p - target)^2, whose gradient is 2 (p - target). */
    const step = () =>
      context.scope(() => {
        const losses = parameters.map((parameter, i) => rt.sum(rt.square(rt.sub(parameter, goals[i]))));
        const loss = losses.reduce((a, b) => rt.add(a, b));
        if (by === 'minimize') optimizer.minimize(loss);
        else {
          rt.backward(loss);
          optimizer.step();
        }
      });
    const plan = how === 'recorded' ? await context.record(step) : null;
    for (const rate of LEARNING_RATES) {
      learningRate.write([rate]);
      if (plan) plan.run();
      else step();
    }
    for (const [i, parameter] of parameters.entries()) {
      const next = rule(SHAPES[i].length);
      let expected = starts[i];
      for (let t = 0; t < STEPS; t++) {
        const gradient = expected.map((value, k) => 2 * (value - targets[i][k]));
        expected = next(expected, gradient, LEARNING_RATES[t], t + 1);
      }
      expectClose((await parameter.read()) as Float32Array, expected, tolerance.reduction(STEPS * 4), SHAPES[i]);
    }
    expect(Object.keys(optimizer.stateDict()).sort()).toEqual(state);
    show(optimizer.constructor.name);
  });
});
