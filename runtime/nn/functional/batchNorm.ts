/** Batch normalization, fused with the residual sum and the ReLU that follow it, forward and backward. */

import source from '../../../shaders/batch_norm.wgsl';
import { flag, float, number, object, op, optional } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import type { Context } from '../../context.ts';
import { ShapeError } from '../../errors.ts';
import { elementTypes } from '../../ops/lanes.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { CHANNELS_LAST, formatShape, type Shape, sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';

/** All [C]. Training updates the running statistics in place. */
export interface BatchNormParameters {
  weight: Tensor;
  bias: Tensor;
  runningMean: Tensor;
  runningVar: Tensor;
}

export interface BatchNormOptions {
  /** True: uses the statistics of the batch and updates the running ones. False: uses the running ones. */
  training: boolean;
  /** As in PyTorch: running = (1 - momentum) running + momentum batch. Default: 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Applies max(., 0) at the end; NaN stays NaN. */
  relu?: boolean;
  /** Added before the ReLU; has the input's shape. */
  residual?: Tensor | null;
}

const PARAMETERS = object({ weight: float, bias: float, runningMean: float, runningVar: float });
const OPTIONS = object({
  ...{ training: flag, momentum: optional(number), eps: optional(number) },
  ...{ relu: optional(flag), residual: optional(float) },
});

/** The data of one call. The matrix is [rows, C], in memory order `order`. */
interface Call {
  context: Context;
  shape: Shape;
  order: Shape | undefined;
  rows: number;
  /** One launch forward and one backward: each workgroup has all rows of its channels. */
  isWhole: boolean;
  sizes: Record<'rows' | 'quads' | 'slices' | 'rowsPerSlice' | 'quadsPerGroup' | 'rowsPerGroup', number>;
  params: { T: string; I: string; LANES: number };
  options: BatchNormOptions;
}

/**
 * Lanes per workgroup, and the minimum of rows per lane: a GPU needs many lanes, a software adapter few lanes with much
 * work each. Both determine the order of sums. Software adapters have few cores, and launches are expensive there: an input
 * of up to wholeBytes, which fits in the cache, takes one launch of wholeGroups workgroups, or one workgroup per quad.
 */
const SPREAD = {
  software: { LANES: 64, rowsPerLane: 64, wholeBytes: 2 ** 20, wholeGroups: 8 },
  hardware: { LANES: 256, rowsPerLane: 16, wholeBytes: 0, wholeGroups: 0 },
} as const;
/** The most quads of channels per workgroup: 16 fill whole cache lines and leave lanes to split the rows. */
const MOST_QUADS = 16;
/** The most slices that a lane joins. */
const SLICES_PER_LANE = 16;

/**
 * relu((x - mean) / sqrt(variance + eps) * weight + bias + residual); residual and ReLU are optional. Mean and (biased)
 * variance are over all axes but the second; the running variance is unbiased (Ioffe and Szegedy 2015, as in PyTorch).
 * @param input [N, C] or [N, C, H, W]; the result has its shape and type, channels last in memory
 * @throws ShapeError if shapes do not match, or if training has one value per channel
 */
export const batchNorm = op(
  'batchNorm',
  { input: float, parameters: PARAMETERS, options: OPTIONS },
  (input: Tensor, parameters: BatchNormParameters, options: BatchNormOptions): Tensor => {
    const call = callOf(input, parameters, options);
    const { weight, bias } = parameters;
    const { relu, residual } = options;
    const x = inOrder(input, call.order);
    const statistic = call.context.empty([2, weight.size]);
    const y = call.context.empty(call.shape, { order: call.order, dtype: x.dtype });
    launch(call, 'normalize', {
      bindings: {
        ...{ x, weight, bias, statistics_out: statistic, out: y },
        ...{ runningMean: parameters.runningMean, runningVar: parameters.runningVar },
        ...(options.training && !call.isWhole ? { sliced: batchSums(call, x) } : {}),
        ...(residual ? { residual: inOrder(residual, call.order) } : {}),
      },
      slots: {
        ...(options.training ? {} : { deviations: '', statistics: RUNNING_STATISTICS }),
        ...(options.training && call.isWhole ? { deviations: '  deviations_of_rows(group, lane);' } : {}),
        ...(residual ? {} : { residual: '' }),
        ...(relu ? {} : { relu: '' }),
      },
    });
    const inputs = residual ? [input, weight, bias, residual] : [input, weight, bias];
    const saved = relu && residual ? [x, statistic, y] : [x, statistic];
    const gradient = (dOutput: Tensor, addend: Tensor | null) => {
      const gradients = backward(
        call,
        { x, y, statistic, weight, bias, dy: inOrder(dOutput, call.order) },
        addend && inOrder(addend, call.order),
        residual?.requiresGrad ?? false,
      );
      return residual ? gradients : gradients.slice(0, 3);
    };
    return differentiable('batchNorm', inputs, y, saved, gradient, { takesAddend: relu && residual != null });
  },
);

/** Replaces the statistics of the batch for inference. */
const RUNNING_STATISTICS = `
  let mean = runningMean[quad];
  let variance = runningVar[quad];`;

/** Statistics of slices, [slices, 2, C], which normalize joins. */
function batchSums(call: Call, x: Tensor): Tensor {
  const sums = call.context.empty([call.sizes.slices, 2, call.shape[1]]);
  launch(call, 'statistics', { bindings: { x, slices_out: sums } });
  return sums;
}

/**
 * [dx, dWeight, dBias, dResidual]; the last is null if not needed. The ReLU mask comes from the output if there is a
 * residual; otherwise it is cheaper to recompute it from x, which is read anyway.
 * @param addend if given, the gradient is dy + addend; only with residual and ReLU
 */
function backward(
  call: Call,
  { x, y, statistic, weight, bias, dy }: Record<'x' | 'y' | 'statistic' | 'weight' | 'bias' | 'dy', Tensor>,
  addend: Tensor | null,
  wantsResidual: boolean,
): (Tensor | null)[] {
  const { context, options } = call;
  const dWeight = context.empty([weight.size]);
  const dBias = context.empty([weight.size]);
  const isMasked = options.relu === true;
  const fromOutput = isMasked && options.residual != null;
  const fromInput = isMasked && !fromOutput;
  // `backward` continues with the masked dy; without ReLU that is dy itself
  const g = fromOutput ? context.empty(call.shape, { order: call.order }) : dy;
  const sums: LaunchParts = {
    bindings: {
      ...{ x, dy, statistic },
      ...(addend ? { addend } : {}),
      ...(fromOutput ? { y, dResidual: g } : {}),
      ...(fromInput ? { weight, bias } : {}),
    },
    slots: {
      ...(addend ? {} : { addend: '' }),
      ...(fromOutput ? {} : { residual_gradient: '', ...(fromInput ? MASK_FROM_INPUT : { mask: '' }) }),
    },
  };
  const dx = context.empty(call.shape, { order: call.order });
  const rest: LaunchParts = {
    bindings: { weight, out: dx, dWeightOut: dWeight, dBiasOut: dBias },
    slots: fromInput ? {} : { bias: '', input_mask: '' },
  };
  const uniforms = { perRow: options.training ? 1 / call.rows : 0 };
  if (call.isWhole) {
    launch(call, 'backward', {
      bindings: { ...sums.bindings, ...rest.bindings },
      slots: {
        ...{ ...sums.slots, ...rest.slots, sums: '  sums_of_rows(group, lane);' },
        ...(fromOutput ? { gradient: '    let g = dResidual[i];' } : {}),
      },
      uniforms,
    });
  } else {
    const sliced = context.empty([call.sizes.slices, 2, weight.size]);
    launch(call, 'backward_sums', { ...sums, bindings: { ...sums.bindings, slices_out: sliced } });
    const own = { ...{ x, dy: g, sliced, statistic }, ...(fromInput ? { bias } : {}) };
    launch(call, 'backward', { ...rest, bindings: { ...own, ...rest.bindings }, uniforms });
  }
  return [dx, dWeight, dBias, wantsResidual ? (fromOutput ? g : map('a', [dy])) : null];
}

/** The same expression as slot input_mask of `backward`, so that both use the same mask. */
const MASK_FROM_INPUT = {
  input: `
  let factor = weight[quad];
  let shift = bias[quad];`,
  mask: '    g = select(g, T(0.0), fma(normalized, factor, shift) <= T(0.0));',
};

interface LaunchParts {
  bindings: Record<string, Tensor>;
  slots?: Record<string, string>;
  uniforms?: Record<string, number>;
}

function launch(call: Call, entry: string, { bindings, slots, uniforms }: LaunchParts): void {
  const { rows, sizes, params, options } = call;
  call.context.launch({
    kernel: { file: 'batch_norm.wgsl', source, entry, params, slots },
    bindings,
    uniforms: {
      ...{ ...sizes, perRow: 1 / rows, unbiased: rows / Math.max(rows - 1, 1) },
      ...{ momentum: options.momentum ?? 0.1, eps: options.eps ?? 1e-5, ...uniforms },
    },
    groups: [Math.ceil(sizes.quads / sizes.quadsPerGroup), sizes.slices, 1],
    work: { name: '', shape: `${rows}x${call.shape[1]}`, flops: 0 },
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
    throw new ShapeError('batchNorm: the shape of the residual differs from that of the input.', {
      details: [...details, `residual ${formatShape(residual.shape)}`],
    });
  }
  const rows = input.size / channels;
  if (options.training && rows < 2) {
    throw new ShapeError('batchNorm: one value per channel has no variance.', {
      details,
      remedy: 'a batch of two or more in training',
    });
  }
  const isVector = channels % 4 === 0;
  const quads = isVector ? channels / 4 : channels;
  const { LANES, rowsPerLane, wholeBytes, wholeGroups } =
    SPREAD[input.context.info.isSoftware ? 'software' : 'hardware'];
  const isSmall = options.training && 4 * input.size <= wholeBytes;
  const most = isSmall ? Math.min(Math.max(1, quads / wholeGroups), LANES) : Math.min(quads, MOST_QUADS);
  let quadsPerGroup = 1;
  while (quadsPerGroup < most) quadsPerGroup *= 2;
  const rowsPerGroup = LANES / quadsPerGroup;
  const wanted = Math.min(SLICES_PER_LANE * rowsPerGroup, Math.ceil(rows / (rowsPerGroup * rowsPerLane)));
  const rowsPerSlice = isSmall ? rows : Math.ceil(rows / wanted);
  const slices = Math.ceil(rows / rowsPerSlice);
  return {
    context: input.context,
    shape,
    order: shape.length === 4 ? CHANNELS_LAST : undefined,
    rows,
    isWhole: slices === 1,
    sizes: { rows, quads, slices, rowsPerSlice, quadsPerGroup, rowsPerGroup },
    params: { ...elementTypes(isVector), LANES },
    options,
  };
}
