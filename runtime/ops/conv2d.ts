/** 2-D convolution, with both gradients, as implicit matrix products: no unfolded copy of the image is stored. */
import { differentiable } from '../autograd.ts';
import { ShapeError } from '../errors.ts';
import { CHANNELS_LAST, formatShape, KERNEL_ORDER } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add } from './elementwise.ts';
import { gemm, type Window } from './gemm.ts';
import { forwardReader, inputGradientReader, weightGradientReader } from './gemmReaders.ts';
import { inOrder } from './layout.ts';
import { reshape } from './shapeOps.ts';

export interface Conv2dOptions {
  /** [OC] */
  bias?: Tensor | null;
  /** One number for both axes, or [vertical, horizontal]. */
  stride?: number | readonly [number, number];
  padding?: number | readonly [number, number];
}

interface Geometry {
  N: number;
  IC: number;
  H: number;
  W: number;
  OC: number;
  KH: number;
  KW: number;
  OH: number;
  OW: number;
  stride: readonly [number, number];
  padding: readonly [number, number];
}

/**
 * 2-D convolution (cross-correlation, as in PyTorch). Returns [N, OC, OH, OW], OH = floor((H + 2 padding - KH) / stride) + 1,
 * channels last in memory.
 * @param input [N, IC, H, W]   @param weight [OC, IC, KH, KW]
 * @throws ShapeError when the channels differ or the kernel is larger than the padded input.
 * @throws LimitError when a tensor is larger than one binding may be.
 * Cost: 2 N OC OH OW IC KH KW flops forward, the same for each gradient.
 */
export function conv2d(input: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const g = geometryOf(input, weight, options);
  const x = inOrder(input, CHANNELS_LAST);
  const w = inOrder(weight, KERNEL_ORDER);
  const y = forward(x, w, g);
  const convolved = differentiable('conv2d', [input, weight], y, [x, w], (dOutput) => {
    const dy = inOrder(dOutput, CHANNELS_LAST);
    return [input.requiresGrad ? inputGradient(dy, w, g) : null, weight.requiresGrad ? weightGradient(dy, x, g) : null];
  });
  return options.bias ? add(convolved, reshape(options.bias, [g.OC, 1, 1])) : convolved;
}

function forward(x: Tensor, w: Tensor, g: Geometry): Tensor {
  const y = x.context.empty([g.N, g.OC, g.OH, g.OW], { order: CHANNELS_LAST });
  const window = windowOf(g, { channels: g.IC, height: g.H, width: g.W, gridHeight: g.OH, gridWidth: g.OW });
  const sizes = { m: g.OC, n: g.N * g.OH * g.OW, segments: g.KH * g.KW, length: g.IC };
  gemm(x.context, { a: w, x, reader: forwardReader(g.IC, g.stride), ...sizes, window }, y);
  return y;
}

function inputGradient(dy: Tensor, w: Tensor, g: Geometry): Tensor {
  const dx = dy.context.empty([g.N, g.IC, g.H, g.W], { order: CHANNELS_LAST });
  const window = windowOf(g, { channels: g.OC, height: g.OH, width: g.OW, gridHeight: g.H, gridWidth: g.W });
  const sizes = { m: g.IC, n: g.N * g.H * g.W, segments: g.KH * g.KW, length: g.OC };
  const a = inOrder(w, [2, 3, 0, 1]); // [KH, KW, OC, IC]: the sum goes over output channels
  gemm(dy.context, { a, x: dy, reader: inputGradientReader(g.OC, g.stride), ...sizes, window }, dx);
  return dx;
}

/** Pixels that one slice of the weight gradient's sum has at least, and the most slices: bounds the memory of the slices. */
const PIXELS_PER_SLICE = 512;
const MOST_SLICES = 32;

function weightGradient(dy: Tensor, x: Tensor, g: Geometry): Tensor {
  const dw = dy.context.empty([g.OC, g.IC, g.KH, g.KW], { order: KERNEL_ORDER });
  const window = windowOf(g, { channels: g.IC, height: g.H, width: g.W, gridHeight: g.OH, gridWidth: g.OW });
  const sizes = { m: g.OC, n: g.KH * g.KW * g.IC, segments: g.N * g.OH, length: g.OW };
  const slices = Math.min(MOST_SLICES, Math.max(1, Math.floor((g.N * g.OH * g.OW) / PIXELS_PER_SLICE)));
  gemm(dy.context, { a: dy, x, reader: weightGradientReader(g.IC, g.stride), ...sizes, window, slices }, dw);
  return dw;
}

function windowOf(
  g: Geometry,
  grid: Pick<Window, 'channels' | 'height' | 'width' | 'gridHeight' | 'gridWidth'>,
): Window {
  return { ...grid, kernelHeight: g.KH, kernelWidth: g.KW, padTop: g.padding[0], padLeft: g.padding[1] };
}

function geometryOf(input: Tensor, weight: Tensor, options: Conv2dOptions): Geometry {
  const details = [`input  ${formatShape(input.shape)}`, `weight ${formatShape(weight.shape)}`];
  if (input.rank !== 4 || weight.rank !== 4) {
    throw new ShapeError('conv2d: expected an input [N, C, H, W] and a weight [OC, IC, KH, KW].', { details });
  }
  const [N, IC, H, W] = input.shape;
  const [OC, weightChannels, KH, KW] = weight.shape;
  if (IC !== weightChannels) {
    throw new ShapeError(`conv2d: the input has ${IC} channels, the weight expects ${weightChannels}.`, {
      details,
      remedy: `a weight of ${formatShape([OC, IC, KH, KW])}.`,
    });
  }
  const stride = pair(options.stride ?? 1);
  const padding = pair(options.padding ?? 0);
  if (
    ![...stride].every((step) => Number.isInteger(step) && step >= 1) ||
    ![...padding].every((pad) => Number.isInteger(pad) && pad >= 0)
  ) {
    throw new ShapeError(
      `conv2d: stride ${formatShape(stride)} and padding ${formatShape(padding)}, expected whole numbers, strides from 1 and paddings from 0.`,
    );
  }
  if (KH > H + 2 * padding[0] || KW > W + 2 * padding[1]) {
    throw new ShapeError(
      `conv2d: the kernel ${KH} x ${KW} is larger than the padded input ${H + 2 * padding[0]} x ${W + 2 * padding[1]}.`,
      {
        details,
        remedy: 'more padding, or a smaller kernel',
      },
    );
  }
  if (options.bias && (options.bias.rank !== 1 || options.bias.size !== OC)) {
    throw new ShapeError(`conv2d: the bias is ${formatShape(options.bias.shape)}, expected [${OC}].`, { details });
  }
  const OH = Math.floor((H + 2 * padding[0] - KH) / stride[0]) + 1;
  const OW = Math.floor((W + 2 * padding[1] - KW) / stride[1]) + 1;
  return { N, IC, H, W, OC, KH, KW, OH, OW, stride, padding };
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;
