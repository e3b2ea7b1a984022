/** Max, average and global average pooling of images. */

import source from '../../../shaders/pool.wgsl';
import { both, float, object, op, optional, type Pair, pair } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { inOrder } from '../../ops/layout.ts';
import { reshape } from '../../ops/shapeOps.ts';
import { CHANNELS_LAST, formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';

export interface PoolOptions {
  /** Sides of the window in pixels. */
  kernel: Pair;
  /** Default: the window's sides. */
  stride?: Pair;
  /** At most half the window. Default: 0. */
  padding?: Pair;
}

const WINDOW = object({ kernel: pair, stride: optional(pair), padding: optional(pair) });

type Sizes = Record<string, number>;

/**
 * The maximum of each window. [N, C, H, W] -> [N, C, OH, OW], OH = floor((H + 2 padding - kernel) / stride) + 1. Padding is
 * never the maximum. The first of equal values gets the gradient, as in PyTorch. Has the input's type. Saves the indices.
 * @throws ShapeError if the window is larger than the padded input, or the padding larger than half the window
 */
export const maxPool2d = op(
  'maxPool2d',
  { input: float, options: WINDOW },
  (input: Tensor, options: PoolOptions): Tensor => {
    const sizes = sizesOf('maxPool2d', input, options);
    const { context, shape } = input;
    const outShape = [shape[0], shape[1], sizes.outHeight, sizes.outWidth];
    const y = context.empty(outShape, { order: CHANNELS_LAST, dtype: input.dtype });
    const winners = context.empty(outShape, { order: CHANNELS_LAST, dtype: 'u32' });
    launch('max_pool', { x: inOrder(input, CHANNELS_LAST), y, winners }, sizes, y.size);
    return differentiable('maxPool2d', [input], y, [winners], (dOutput) => {
      const dx = context.empty(shape, { order: CHANNELS_LAST });
      launch('pool_backward', { dy: inOrder(dOutput, CHANNELS_LAST), winner: winners, dx }, sizes, dx.size);
      return [dx];
    });
  },
);

/**
 * The mean of each window, with padding counted as zeros (PyTorch's default). Shapes and errors as in maxPool2d. The result
 * is f32, as for all sums.
 */
export const avgPool2d = op(
  'avgPool2d',
  { input: float, options: WINDOW },
  (input: Tensor, options: PoolOptions): Tensor => {
    const sizes = sizesOf('avgPool2d', input, options);
    sizes.perWindow = 1 / (sizes.kernelHeight * sizes.kernelWidth);
    const { context, shape } = input;
    const y = context.empty([shape[0], shape[1], sizes.outHeight, sizes.outWidth], { order: CHANNELS_LAST });
    launch('avg_pool', { x: inOrder(input, CHANNELS_LAST), y }, sizes, y.size);
    return differentiable('avgPool2d', [input], y, [], (dOutput) => {
      const dx = context.empty(shape, { order: CHANNELS_LAST });
      launch('pool_backward', { dy: inOrder(dOutput, CHANNELS_LAST), dx }, sizes, dx.size, {
        share: '        sum += dy[out];',
      });
      return [dx];
    });
  },
);

/** The mean of each channel, f32. [N, C, H, W] -> [N, C]. */
export const globalAvgPool2d = op('globalAvgPool2d', { input: float }, (input: Tensor): Tensor => {
  if (input.rank !== 4) throw notImages('globalAvgPool2d', input);
  const [N, C, H, W] = input.shape;
  return reshape(avgPool2d(input, { kernel: [H, W] }), [N, C]);
});

function launch(
  entry: string,
  bindings: Record<string, Tensor>,
  sizes: Sizes,
  count: number,
  slots?: Record<string, string>,
): void {
  const width = sizes.channels % 4 === 0 ? 4 : 1;
  const params = width === 4 ? { T: 'vec4<f32>', P: 'vec4<u32>' } : { T: 'f32', P: 'u32' };
  Object.values(bindings)[0].context.launch({
    kernel: { file: 'pool.wgsl', source, entry, params, slots },
    bindings,
    uniforms: { ...sizes, channels: sizes.channels / width, count: count / width },
    groups: groups2d(Math.ceil(count / width / 64)),
  });
}

function sizesOf(op: string, input: Tensor, options: PoolOptions): Sizes {
  if (input.rank !== 4) throw notImages(op, input);
  const [, channels, height, width] = input.shape;
  const kernel = both(options.kernel);
  const stride = both(options.stride ?? options.kernel);
  const padding = both(options.padding ?? 0);
  const isValid =
    [...kernel, ...stride].every((value) => Number.isInteger(value) && value >= 1) &&
    padding.every((value, axis) => Number.isInteger(value) && value >= 0 && 2 * value <= kernel[axis]);
  const outHeight = Math.floor((height + 2 * padding[0] - kernel[0]) / stride[0]) + 1;
  const outWidth = Math.floor((width + 2 * padding[1] - kernel[1]) / stride[1]) + 1;
  if (!isValid || outHeight < 1 || outWidth < 1) {
    throw new ShapeError(`${op}: no window of ${kernel.join(' x ')} fits.`, {
      details: [`input ${formatShape(input.shape)}`, `stride ${stride.join(' x ')}, padding ${padding.join(' x ')}`],
      remedy: 'a window within the padded input, whole strides of at least 1, padding up to half of the window',
    });
  }
  const [kernelHeight, kernelWidth] = kernel;
  return {
    channels,
    height,
    width,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    strideY: stride[0],
    strideX: stride[1],
    padTop: padding[0],
    padLeft: padding[1],
    perWindow: 1,
  };
}

function notImages(op: string, input: Tensor): ShapeError {
  return new ShapeError(`${op}: expected images [N, C, H, W].`, { details: [`input ${formatShape(input.shape)}`] });
}
