/**
 * Single kernels. Matrix products and convolutions of a few shapes in turn with the peers; only ours for every convolution
 * of ResNet-18, the projection head, batch norm, NT-Xent and the optimizer.
 */
import { batchNorm, CHANNELS_LAST, type Context, ntXent, SGD, type Tensor } from '../runtime/index.ts';
import { sizeOf } from '../runtime/shape.ts';
import { Field } from './field.ts';
import { filled, type Prepared, prepare, recordBackward, recordOutput } from './ours.ts';
import { TEMPERATURE } from './peers/values.mjs';
import { sampleLaunches } from './statistics.ts';
import { type SuiteRun, withContext } from './suite.ts';
import {
  CONVOLUTION_PASSES,
  type ConvolutionShape,
  distinctConvolutions,
  encoderWork,
  flopsOf,
  nameOf,
  resnetConvolutions,
  type Workload,
} from './workloads.ts';

const square = (side: number): Workload => ({ kind: 'matmul', m: side, n: side, k: side });

/** Forward products of the projection head, at widths 64 and 16. */
const HEAD: Workload[] = [
  { kind: 'matmul', m: 256, k: 512, n: 512 },
  { kind: 'matmul', m: 256, k: 512, n: 128 },
  { kind: 'matmul', m: 256, k: 128, n: 128 },
];

const passesOf = (shape: ConvolutionShape): Workload[] =>
  CONVOLUTION_PASSES.map((pass) => ({ kind: 'conv2d', pass, ...shape }));

/** Representative convolutions: the stem, a large image, a stride, many channels, 1x1. */
function comparedConvolutions(): ConvolutionShape[] {
  const n = 16;
  return [
    { n, ic: 64, h: 32, w: 32, oc: 64, side: 3, stride: 1, padding: 1 },
    { n, ic: 64, h: 32, w: 32, oc: 128, side: 3, stride: 2, padding: 1 },
    { n, ic: 512, h: 4, w: 4, oc: 512, side: 3, stride: 1, padding: 1 },
    { n, ic: 64, h: 32, w: 32, oc: 128, side: 1, stride: 2, padding: 0 },
  ];
}

export async function kernelsSuite(run: SuiteRun): Promise<void> {
  const { isFull } = run.options;
  const shared = comparedWorkloads(isFull);
  const names = new Set(shared.map(nameOf));
  const all = [...HEAD, ...(isFull ? allConvolutions() : allConvolutions([16], [32]))];
  await compared(run, shared);
  await withContext(run, async (context) => {
    await own(
      run,
      context,
      all.filter((workload) => !names.has(nameOf(workload))),
    ); // the others are measured already
    await batchNorms(run, context);
    await contrastive(run, context);
    await optimizer(run, context);
  });
}

function comparedWorkloads(isFull: boolean): Workload[] {
  const shapes = isFull ? comparedConvolutions() : comparedConvolutions().slice(0, 1);
  return [square(512), square(1024), ...shapes.flatMap(passesOf)];
}

/** In turn with the peers. */
async function compared(run: SuiteRun, all: readonly Workload[]): Promise<void> {
  const { options, selection, peerOptions, sink } = run;
  const workloads = all.filter((workload) => selection.wants(nameOf(workload)));
  const effort = { iterations: 5, milliseconds: options.isFull ? 10_000 : 5000 };
  await withContext(run, async (context) => {
    const field = new Field(context, options.peers, peerOptions);
    try {
      for (const workload of workloads) await field.measure('kernels', workload, effort, sink);
    } finally {
      await field.close();
    }
  });
}

/** Every distinct convolution, with the number of images limited to about one GFLOP. */
function allConvolutions(widths = [16, 64], sizes = [32, 224]): Workload[] {
  return sizes.flatMap((size) =>
    widths.flatMap((width) =>
      distinctConvolutions(resnetConvolutions(width, size, size === 32 ? 16 : 4)).flatMap(passesOf),
    ),
  );
}

async function own(run: SuiteRun, context: Context, workloads: readonly Workload[]): Promise<void> {
  for (const workload of workloads)
    await sample(run, context, nameOf(workload), () => prepare(context, workload), { flops: flopsOf(workload) });
}

async function sample(
  { options, selection, sink }: SuiteRun,
  context: Context,
  workload: string,
  prepared: () => Promise<Prepared>,
  work: { flops?: number; bytes?: number },
): Promise<void> {
  if (!selection.wants(workload)) return;
  const { plan, dispose } = await prepared();
  const milliseconds = await sampleLaunches(
    () => plan.run(),
    () => context.sync(),
    { iterations: 5, milliseconds: options.isFull ? 500 : 200 },
  );
  dispose();
  sink.add({ suite: 'kernels', workload, contestant: 'oecl', milliseconds, ...work });
}

/** With ReLU, as a block uses it. Bytes: x in, y out; x and dy in, dx out. */
async function batchNorms(run: SuiteRun, context: Context): Promise<void> {
  const shapes = [
    [16, 16, 32, 32],
    [16, 64, 32, 32],
    [16, 512, 4, 4],
  ];
  for (const shape of shapes) {
    const channels = shape[1];
    const make = () => {
      const x = filled(context, shape, 1, CHANNELS_LAST);
      const parameters = {
        weight: context.full([channels], 1),
        bias: context.zeros([channels]),
        runningMean: context.zeros([channels]),
        runningVar: context.full([channels], 1),
      };
      return { x, parameters };
    };
    const normalize = ({ x, parameters }: ReturnType<typeof make>) =>
      batchNorm(x, parameters, { training: true, relu: true });
    const name = `batch norm + ReLU ${shape[0]}x${shape[2]}x${shape[3]}x${channels}`;
    const forward = () => {
      const given = make();
      return recordOutput(context, [given.x, ...Object.values(given.parameters)], () => normalize(given));
    };
    const backward = async () => {
      const given = make();
      for (const tensor of [given.x, given.parameters.weight, given.parameters.bias]) tensor.requiresGrad = true;
      const dy = filled(context, shape, 3, CHANNELS_LAST);
      const prepared = await recordBackward(context, normalize(given), dy, ([dx]) => dx!);
      for (const tensor of [given.parameters.runningMean, given.parameters.runningVar]) tensor.dispose();
      return prepared;
    };
    const bytes = 4 * sizeOf(shape);
    await sample(run, context, `${name}, forward`, forward, { bytes: 2 * bytes });
    await sample(run, context, `${name}, backward`, backward, { bytes: 3 * bytes });
  }
}

/** For features of length 128. */
async function contrastive(run: SuiteRun, context: Context): Promise<void> {
  for (const views of [64, 512, 1024]) {
    const loss = (features: Tensor) => ntXent(features, { temperature: TEMPERATURE });
    const product = 2 * views ** 2 * 128;
    const forward = () => {
      const features = filled(context, [views, 128], 1);
      return recordOutput(context, [features], () => loss(features));
    };
    const backward = () => {
      const features = filled(context, [views, 128], 1);
      features.requiresGrad = true;
      return recordBackward(context, loss(features), context.full([], 1), ([dFeatures]) => dFeatures!);
    };
    await sample(run, context, `NT-Xent ${views} views, forward`, forward, { flops: product });
    await sample(run, context, `NT-Xent ${views} views, backward`, backward, { flops: 2 * product });
  }
}

/** SGD over one tensor as large as all parameters. Bytes: parameter, gradient and velocity in, parameter and velocity out. */
async function optimizer(run: SuiteRun, context: Context): Promise<void> {
  for (const width of [16, 64]) {
    const { parameters: count } = encoderWork(width, 32, 1);
    const update = () => {
      const parameter = filled(context, [count], 1);
      const learningRate = context.tensor([0], []);
      const sgd = new SGD([parameter], { learningRate, momentum: 0.9, weightDecay: 5e-4 });
      parameter.grad = filled(context, [count], 2);
      return recordOutput(context, [learningRate, parameter.grad], () => {
        sgd.step();
        return parameter;
      });
    };
    await sample(run, context, `SGD with momentum, ${count} parameters`, update, { bytes: 5 * 4 * count });
  }
}
