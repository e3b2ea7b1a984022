/** Our runtime as a contestant: each workload is a recorded plan, as training uses it. */
import {
  CHANNELS_LAST,
  type Context,
  conv2d,
  KERNEL_ORDER,
  matmul,
  type Plan,
  SGD,
  type Shape,
  type Tensor,
} from '../runtime/index.ts';
import { oecl } from '../src/methods/oecl.ts';
import { StepBatch } from '../src/methods/stepBatch.ts';
import { Encoder } from '../src/models/encoder.ts';
import type { Contestant } from './contestant.ts';
import { encoderParameters, LEARNING_RATE, MOMENTUM, TEMPERATURE, uniform, WEIGHT_DECAY } from './peers/values.mjs';
import {
  type ConvolutionWorkload,
  type MatmulWorkload,
  outputSides,
  type StepWorkload,
  type Workload,
} from './workloads.ts';

/** A plan and its operands. */
export interface Prepared {
  plan: Plan<Tensor>;
  dispose(): void;
}

export class Ours implements Contestant {
  readonly name = 'oecl';
  readonly #context: Context;
  #prepared: Prepared | null = null;

  constructor(context: Context) {
    this.#context = context;
  }

  async prepare(workload: Workload): Promise<void> {
    this.#prepared?.dispose();
    this.#prepared = null;
    this.#prepared = await prepare(this.#context, workload);
  }

  async iterate(): Promise<number> {
    const began = performance.now();
    this.#prepared!.plan.run();
    await this.#context.sync();
    return performance.now() - began;
  }

  async outputSize(): Promise<number> {
    const values = await this.#prepared!.plan.outputs.read();
    let sum = 0;
    for (const value of values) sum += value * value;
    return Math.sqrt(sum / values.length);
  }

  /** The caller closes the context. */
  async close(): Promise<void> {
    this.#prepared?.dispose();
    this.#prepared = null;
  }
}

export async function prepare(context: Context, workload: Workload): Promise<Prepared> {
  switch (workload.kind) {
    case 'matmul':
      return prepareMatmul(context, workload);
    case 'conv2d':
      return prepareConvolution(context, workload);
    case 'step':
      return prepareStep(context, workload);
  }
}

/** Numbers from the generator shared by all contestants, in logical order. */
export function filled(context: Context, shape: Shape, seed: number, order?: Shape): Tensor {
  const count = shape.reduce((product, side) => product * side, 1);
  return context.tensor(uniform(count, 1, seed), shape, { order });
}

/** Records `body`, which must not keep a tape. */
export async function recordOutput(
  context: Context,
  inputs: readonly (Tensor | null | undefined)[],
  body: () => Tensor,
): Promise<Prepared> {
  const plan = await context.record(body);
  return {
    plan,
    dispose() {
      plan.outputs.dispose();
      plan.dispose();
      for (const input of inputs) input?.dispose();
    },
  };
}

/**
 * Records only the backward pass of one op. The op itself has already run and is not in the plan.
 * @param output of one op call whose inputs require gradients
 * @param pick which of the inputs' gradients the plan returns
 */
export async function recordBackward(
  context: Context,
  output: Tensor,
  dOutput: Tensor,
  pick: (dInputs: readonly (Tensor | null)[]) => Tensor,
): Promise<Prepared> {
  const node = output.node!;
  return recordOutput(context, [output, dOutput, ...node.saved, ...node.inputs], () =>
    context.noGrad(() => pick(node.backward([dOutput]))),
  );
}

function prepareMatmul(context: Context, { m, n, k }: MatmulWorkload): Promise<Prepared> {
  const [a, b] = [filled(context, [m, k], 1), filled(context, [k, n], 2)];
  return recordOutput(context, [a, b], () => matmul(a, b));
}

async function prepareConvolution(context: Context, workload: ConvolutionWorkload): Promise<Prepared> {
  const { pass, n, ic, h, w, oc, side, stride, padding } = workload;
  const x = filled(context, [n, ic, h, w], 1, CHANNELS_LAST);
  const weight = filled(context, [oc, ic, side, side], 2, KERNEL_ORDER);
  const convolve = () => conv2d(x, weight, { stride, padding });
  if (pass === 'forward') return recordOutput(context, [x, weight], convolve);
  const wanted = pass === 'inputGradient' ? x : weight;
  wanted.requiresGrad = true;
  const dy = filled(context, [n, oc, ...outputSides(workload)], 3, CHANNELS_LAST);
  return recordBackward(context, convolve(), dy, ([dx, dw]) => (pass === 'inputGradient' ? dx! : dw!));
}

/** The encoder and its optimizer as in the training loop, with the views and initial parameters of the peers. */
export async function prepareStep(
  context: Context,
  { width, size, batch, precision }: StepWorkload,
): Promise<Prepared> {
  const encoder = new Encoder(context, { arch: 'resnet18', width, size, seed: 0, precision });
  const parameters = encoder.namedParameters().map(([, tensor]) => tensor);
  const learningRate = context.tensor([LEARNING_RATE], []);
  const optimizer = new SGD(parameters, { learningRate, momentum: MOMENTUM, weightDecay: WEIGHT_DECAY });
  encoderParameters(width, size > 64 ? 7 : 3).forEach(({ values }, i) => {
    parameters[i].write(values);
  });
  const views = filled(context, [4 * batch, 3, size, size], 1000, CHANNELS_LAST);
  const values = { temperature: TEMPERATURE, lambda: 1, warmup: 0, penalty: 'l2' as const };
  const step = new StepBatch(context, oecl, values, batch);
  const plan = await context.record(() => {
    const { loss } = oecl.loss!(encoder.outputs(views, true), step, values);
    optimizer.minimize(loss);
    return loss;
  });
  const owned = [
    ...parameters.flatMap((parameter) => [parameter, parameter.grad, parameter.gradPlace]),
    ...encoder.namedBuffers().map(([, tensor]) => tensor),
    ...Object.values(optimizer.stateDict()),
    learningRate,
    ...Object.values(step.weights),
    views,
    plan.outputs,
  ];
  return {
    plan,
    dispose() {
      plan.dispose();
      for (const tensor of owned) tensor?.dispose();
    },
  };
}
