/** Batch normalisation, with the residual sum and the ReLU that follow it in the same launches, both ways. */
import source from '../../shaders/batch_norm.wgsl';
import { differentiable } from '../autograd.ts';
import type { Context } from '../context.ts';
import { ShapeError } from '../errors.ts';
import { groups2d } from '../launch.ts';
import { CHANNELS_LAST, formatShape, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { map } from './elementwise.ts';
import { inOrder } from './layout.ts';

/** All [C]. Training moves the running ones in place. */
export interface BatchNormParameters {
  weight: Tensor;
  bias: Tensor;
  runningMean: Tensor;
  runningVar: Tensor;
}

export interface BatchNormOptions {
  /** Statistics of the batch, which also move the running ones; otherwise the running ones are used. */
  training: boolean;
  /** PyTorch's meaning: running = (1 - momentum) running + momentum batch. Default 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Ends with max(., 0). */
  relu?: boolean;
  /** Added before the ReLU; of the input's shape. */
  residual?: Tensor | null;
}

/** What one call works on. The matrix is [rows, C], in memory order `order`. */
interface Call {
  context: Context;
  shape: Shape;
  order: Shape | undefined;
  rows: number;
  sizes: Record<string, number>;
  params: Record<string, string>;
  options: BatchNormOptions;
}

/** Rows that a slice has at least: below that, joining slices costs more than it spreads. */
const ROWS_PER_SLICE = 64;
const MOST_SLICES = 1024;

/**
 * relu((x - mean) / sqrt(variance + eps) * weight + bias + residual), the last two steps as asked for. Mean and (biased)
 * variance over all axes but the second; the running variance is the unbiased one (Ioffe and Szegedy 2015, as PyTorch).
 * @param input [N, C] or [N, C, H, W]; the result has its shape, channels last in memory
 * @throws ShapeError when sides do not fit, or when training has one value a channel
 */
export function batchNorm(input: Tensor, parameters: BatchNormParameters, options: BatchNormOptions): Tensor {
  const call = callOf(input, parameters, options);
  const { weight, bias } = parameters;
  const { relu, residual } = options;
  const x = inOrder(input, call.order);
  const statistic = options.training ? batchStatistics(call, x, parameters) : runningStatistics(call, parameters);
  const y = call.context.empty(call.shape, { order: call.order });
  launch(call, 'normalize', {
    bindings: { x, statistic, weight, bias, out: y, ...(residual ? { residual: inOrder(residual, call.order) } : {}) },
    slots: { ...(residual ? {} : { residual: '' }), ...(relu ? {} : { relu: '' }) },
  });
  const inputs = residual ? [input, weight, bias, residual] : [input, weight, bias];
  const saved = relu ? [x, statistic, y] : [x, statistic];
  return differentiable('batchNorm', inputs, y, saved, (dOutput) => {
    const gradients = backward(
      call,
      { x, y, statistic, weight, dy: inOrder(dOutput, call.order) },
      residual?.requiresGrad ?? false,
    );
    return residual ? gradients : gradients.slice(0, 3);
  });
}

function batchStatistics(call: Call, x: Tensor, { weight, runningMean, runningVar }: BatchNormParameters): Tensor {
  const { context, sizes, options } = call;
  const partials = context.empty([sizes.slices, 2, weight.size]);
  const statistic = context.empty([2, weight.size]);
  launch(call, 'statistics', { bindings: { x, slices_out: partials } });
  launch(call, 'finish_statistics', {
    bindings: { sliced: partials, statistics_out: statistic, runningMean, runningVar },
    uniforms: {
      momentum: options.momentum ?? 0.1,
      unbiased: call.rows / (call.rows - 1),
      eps: options.eps ?? 1e-5,
    },
  });
  return statistic;
}

function runningStatistics(call: Call, { weight, runningMean, runningVar }: BatchNormParameters): Tensor {
  const statistic = call.context.empty([2, weight.size]);
  launch(call, 'running_statistics', {
    bindings: { weight: runningMean, bias: runningVar, statistics_out: statistic },
    uniforms: { eps: call.options.eps ?? 1e-5 },
  });
  return statistic;
}

/** [dx, dWeight, dBias, dResidual]; the last null when it is not wanted. */
function backward(
  call: Call,
  { x, y, statistic, weight, dy }: Record<'x' | 'y' | 'statistic' | 'weight' | 'dy', Tensor>,
  wantsResidual: boolean,
): (Tensor | null)[] {
  const { context, options } = call;
  const channels = weight.size;
  const mask: Pick<LaunchParts, 'bindings' | 'slots'> = options.relu
    ? { bindings: { y } }
    : { bindings: {}, slots: { mask: '' } };
  const partials = context.empty([call.sizes.slices, 2, channels]);
  const dWeight = context.empty([channels]);
  const dBias = context.empty([channels]);
  launch(call, 'backward_sums', {
    bindings: { x, dy, statistic, slices_out: partials, ...mask.bindings },
    slots: mask.slots,
  });
  launch(call, 'finish_sums', { bindings: { sliced: partials, dWeightOut: dWeight, dBiasOut: dBias } });
  const dx = context.empty(call.shape, { order: call.order });
  // without ReLU the residual's gradient is dy itself
  const dResidual = wantsResidual && options.relu ? context.empty(call.shape, { order: call.order }) : null;
  launch(call, 'backward', {
    bindings: {
      x,
      dy,
      statistic,
      weight,
      dWeight,
      dBias,
      out: dx,
      ...(dResidual ? { dResidual } : {}),
      ...mask.bindings,
    },
    slots: dResidual ? mask.slots : { ...mask.slots, residual_gradient: '' },
    uniforms: { perRow: options.training ? 1 / call.rows : 0 },
  });
  return [dx, dWeight, dBias, wantsResidual ? (dResidual ?? map('a', [dy])) : null];
}

interface LaunchParts {
  bindings: Record<string, Tensor>;
  slots?: Record<string, string>;
  uniforms?: Record<string, number>;
}

function launch(call: Call, entry: string, { bindings, slots, uniforms }: LaunchParts): void {
  const { slices, quads, rows } = call.sizes;
  const lanes = {
    statistics: slices * quads,
    backward_sums: slices * quads,
    normalize: rows * quads,
    backward: rows * quads,
  }[entry];
  const single: [number, number, number] =
    entry === 'running_statistics' ? [Math.ceil(quads / 64), 1, 1] : [quads, 1, 1];
  call.context.launch({
    kernel: { file: 'batch_norm.wgsl', source, entry, params: call.params, slots },
    bindings,
    uniforms: { ...call.sizes, perRow: 1 / rows, momentum: 0, unbiased: 1, eps: 0, ...uniforms },
    groups: lanes === undefined ? single : groups2d(Math.ceil(lanes / 64)),
  });
}

function callOf(input: Tensor, parameters: BatchNormParameters, options: BatchNormOptions): Call {
  const { shape } = input;
  const details = [`input ${formatShape(shape)}`];
  if (shape.length !== 2 && shape.length !== 4)
    throw new ShapeError('batchNorm: expected an input [N, C] or [N, C, H, W].', { details });
  const channels = shape[1];
  for (const [name, tensor] of Object.entries(parameters) as [string, Tensor][]) {
    if (sameShape(tensor.shape, [channels])) continue;
    throw new ShapeError(`batchNorm: the input has ${channels} channels, ${name} is ${formatShape(tensor.shape)}.`, {
      details,
      remedy: `a ${name} of [${channels}].`,
    });
  }
  const { residual } = options;
  if (residual && !sameShape(residual.shape, shape)) {
    throw new ShapeError('batchNorm: the residual has another shape than the input.', {
      details: [...details, `residual ${formatShape(residual.shape)}`],
    });
  }
  const rows = input.size / channels;
  if (options.training && rows < 2) {
    throw new ShapeError('batchNorm: one value a channel has no variance.', {
      details,
      remedy: 'a batch of two or more in training',
    });
  }
  const isVector = channels % 4 === 0;
  return {
    context: input.context,
    shape,
    order: shape.length === 4 ? CHANNELS_LAST : undefined,
    rows,
    sizes: {
      rows,
      quads: isVector ? channels / 4 : channels,
      slices: Math.min(MOST_SLICES, Math.ceil(rows / ROWS_PER_SLICE)),
    },
    params: { T: isVector ? 'vec4<f32>' : 'f32' },
    options,
  };
}
