/** Launches conv_grouped.wgsl: convolutions in groups of channels, and their gradients. Sums have no variants. */
import source from '../../../shaders/conv_grouped.wgsl';
import type { ConvGeometry } from '../../kernel/choices.ts';
import { groups2d } from '../../launch.ts';
import { CHANNELS_LAST, KERNEL_ORDER } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { sumSlices } from './convolveWeight.ts';

export interface Grouped extends Omit<ConvGeometry, 'isTransposed'> {
  groups: number;
}

/** Output lines per slice of the weight gradient, the same on every adapter: the order of its sums depends on the shape only. */
const LINES_PER_SLICE = 16;

/** @param x [N, IC, H, W], channels last   @param w [OC, IC / groups, KH, KW], in KERNEL_ORDER   @returns the type of x */
export function convolveGrouped(x: Tensor, w: Tensor, call: Grouped): Tensor {
  const { images, outChannels, outHeight, outWidth } = call;
  const y = x.context.empty([images, outChannels, outHeight, outWidth], { order: CHANNELS_LAST, dtype: x.dtype });
  launch('forward', { x, w, y }, call, y.size);
  return y;
}

/** @param dy [N, OC, OH, OW], channels last   @param w as in convolveGrouped */
export function groupedInputGradient(dy: Tensor, w: Tensor, call: Grouped): Tensor {
  const dx = dy.context.empty([call.images, call.inChannels, call.height, call.width], { order: CHANNELS_LAST });
  launch('input_gradient', { dy, w, dx }, call, dx.size);
  return dx;
}

/** @param dy, x as above   @returns [OC, IC / groups, KH, KW] */
export function groupedWeightGradient(dy: Tensor, x: Tensor, call: Grouped): Tensor {
  const { context } = dy;
  const { outChannels, inChannels, groups, kernel } = call;
  const shape = [outChannels, inChannels / groups, ...kernel];
  const dw = context.empty(shape, { order: KERNEL_ORDER });
  const lines = call.images * call.outHeight;
  const slices = Math.ceil(lines / LINES_PER_SLICE);
  const target = slices === 1 ? dw : context.empty([slices, ...shape]);
  launch('weight_gradient', { dy, x, dw: target }, call, target.size, { lines, linesPerSlice: LINES_PER_SLICE });
  if (slices > 1) sumSlices(context, target, slices, dw);
  return dw;
}

function launch(
  entry: string,
  bindings: Record<string, Tensor>,
  call: Grouped,
  count: number,
  more: Record<string, number> = {},
): void {
  const { inChannels, outChannels, groups, kernel, stride, padding } = call;
  const isDepthwise = inChannels === groups && outChannels === groups;
  const width = isDepthwise && groups % 4 === 0 ? 4 : 1;
  const [kernelHeight, kernelWidth] = kernel;
  const { images, height, outHeight, outWidth } = call;
  Object.values(bindings)[0].context.launch({
    kernel: { file: 'conv_grouped.wgsl', source, entry, params: { T: width === 4 ? 'vec4<f32>' : 'f32' } },
    bindings,
    uniforms: {
      ...{ count: count / width, inChannels: inChannels / width, outChannels: outChannels / width },
      ...{ inPerGroup: inChannels / groups, outPerGroup: outChannels / groups },
      ...{ height, width: call.width, outHeight, outWidth, kernelHeight, kernelWidth },
      ...{ strideY: stride[0], strideX: stride[1], padTop: padding[0], padLeft: padding[1] },
      ...{ lines: 0, linesPerSlice: 0, ...more },
    },
    groups: groups2d(Math.ceil(count / width / 64)),
    work: {
      name: entry === 'forward' ? 'convolution in groups' : `${entry.replace('_', ' ')} in groups`,
      shape: `${images}x${height}x${call.width}x${inChannels} -> ${outChannels}, ${kernel.join('x')}/${stride[0]}, ${groups} groups`,
      flops: (2 * images * outHeight * outWidth * outChannels * inChannels * kernelHeight * kernelWidth) / groups,
    },
  });
}
