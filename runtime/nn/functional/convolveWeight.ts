/** Launches conv_weight.wgsl: the weight gradient of a convolution. */
import source from '../../../shaders/conv_weight.wgsl';
import slicesSumSource from '../../../shaders/slices_sum.wgsl';
import type { Context } from '../../context.ts';
import { flopsOf } from '../../kernel/choices.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import { stridingGroups } from '../../launch.ts';
import { lanesOf, runWidthOf, vectorOf } from '../../ops/lanes.ts';
import type { Tensor } from '../../tensor.ts';
import type { Variants } from '../../variants.ts';
import { type Convolution, patchUniforms } from './convolve.ts';
import { forwardAxis, type Piece, piecesOf, type SourceAxis } from './window.ts';

/** Patch of pixels summed per iteration: rows, columns. */
const PATCH = [4, 2] as const;
/** The same for matrix products, which are one pixel high. */
const FLAT_PATCH = [1, 8] as const;
/** The minimum of patches per slice of the sum, and the number of workgroups that keep a device busy. */
const PATCHES_PER_SLICE = 16;
const ENOUGH_GROUPS = { software: 8, hardware: 1024 } as const;
const MOST_SLICES = 256;
/**
 * A CPU reads a slice once for each run of channels, so slices should fit in its cache. But each slice stores a gradient of
 * its own, which pays off only from this number of pixels.
 */
const SLICE_BYTES = 2 ** 19;
const SLICE_PATCHES = 128;

/**
 * Writes [taps, inChannels, outChannels] to `dw`, dense in that order: the sum over images and pixels of x at (pixel,
 * tap) times dy at the pixel.
 * @param call the forward convolution; its `w` is not read   @param dy [images, outHeight, outWidth, outChannels]
 */
export function convolveWeight(context: Context, call: Omit<Convolution, 'w'>, dy: Tensor, dw: Tensor): void {
  const lanes = lanesOf(context);
  const { variant } = context.choices.of('weight', call, { x: call.x.dtype, w: dy.dtype, y: dw.dtype });
  const taps = call.kernel[0] * call.kernel[1];
  const pieces = piecesOf(...call.kernel);
  const pieceTaps = pieces[0].rows * pieces[0].cols;
  const { isSoftware } = context.info;
  const most = pieceTaps <= 9 && (isSoftware || lanes.LANES <= 4) ? 4 : 2;
  const V = vectorOf(call.outChannels, most, lanes.LANES);
  const runs = call.outChannels / V;
  const WIDTH = runWidthOf(lanes, runs);
  const isVector = call.inChannels % 4 === 0 && pieceTaps <= 9;
  const channels = isVector ? 4 : taps > 9 ? 1 : Math.min(4, call.inChannels);
  const [patchRows, cols] = call.outHeight === 1 ? FLAT_PATCH : PATCH;
  // the source of so many products with such wide lanes gets too long: half a patch compiles in less than half the time
  const STACK = isSoftware && V === 4 && lanes.LANES > 4 && pieceTaps >= 4 && patchRows === 4 ? 2 : 1;
  const rows = patchRows / STACK;
  const patchCols = Math.ceil(call.outWidth / cols);
  const patches = Math.ceil(call.outHeight / patchRows) * patchCols;
  const groups = [Math.ceil(runs / WIDTH), Math.ceil(call.inChannels / channels)];
  const total = patches * call.images;
  const wanted = slicesOf(context, call, groups, total);
  const patchesPerSlice = Math.ceil(total / wanted);
  const slices = Math.ceil(total / patchesPerSlice);
  const target = slices === 1 ? dw : context.empty([slices, taps, call.inChannels, call.outChannels]);
  for (const piece of pieces) {
    const vertical = axisOf(call, piece, 0, rows);
    const horizontal = axisOf(call, piece, 1, cols);
    context.launch({
      kernel: kernelOf(variant, {
        ...{ LANES: lanes.LANES, WIDTH, V, rows, cols, STACK, vertical, horizontal, piece, isVector, channels },
      }),
      bindings: { x: call.x, dy, y: target },
      uniforms: {
        ...patchUniforms(call, { runs, patchCols, patches: patches * STACK, vertical, horizontal }),
        patchesPerSlice: patchesPerSlice * STACK,
        firstTap: piece.firstRow * call.kernel[1] + piece.firstCol,
        tapRowStep: call.kernel[1],
        taps,
      },
      groups: [groups[0], groups[1], slices],
      work: {
        name: 'weight gradient',
        shape: `${call.images}x${call.height}x${call.width}x${call.inChannels} -> ${call.outChannels}, ${call.kernel.join('x')}/${call.stride[0]}`,
        flops: flopsOf({ ...call, kernel: [piece.rows, piece.cols] }),
      },
    });
  }
  if (slices === 1) return;
  sumSlices(context, target, slices, dw);
}

/** Adds slices in order. @param x [slices, elements of y] */
export function sumSlices(context: Context, x: Tensor, slices: number, y: Tensor): void {
  const width = y.size % 4 === 0 ? 4 : 1;
  const count = y.size / width;
  context.launch({
    kernel: {
      ...{ file: 'slices_sum.wgsl', source: slicesSumSource, entry: 'slices_sum' },
      params: { T: width === 4 ? 'vec4<f32>' : 'f32' },
    },
    bindings: { x, y },
    uniforms: { count, slices },
    groups: stridingGroups(context, Math.ceil(count / 64)),
  });
}

/**
 * The number of slices of the sum. All software adapters use the same number, so that they add in the same order.
 * @param groups workgroups per slice   @param patches in all images
 */
function slicesOf({ info }: Context, call: Omit<Convolution, 'w'>, groups: readonly number[], patches: number): number {
  const most = Math.min(MOST_SLICES, Math.ceil(patches / PATCHES_PER_SLICE));
  if (!info.isSoftware) return Math.min(most, Math.ceil(ENOUGH_GROUPS.hardware / (groups[0] * groups[1])));
  const bytes =
    4 * call.images * (call.height * call.width * call.inChannels + call.outHeight * call.outWidth * call.outChannels);
  const cached = Math.min(Math.floor(bytes / SLICE_BYTES), Math.floor(patches / SLICE_PATCHES));
  return Math.min(
    most,
    Math.max(Math.ceil(ENOUGH_GROUPS.software / (Math.ceil(call.outChannels / 16) * groups[1])), cached),
  );
}

function axisOf({ stride, padding }: Omit<Convolution, 'w'>, piece: Piece, axis: 0 | 1, pixels: number): SourceAxis {
  const [kernel, first] = axis === 0 ? [piece.rows, piece.firstRow] : [piece.cols, piece.firstCol];
  return forwardAxis({ kernel, stride: stride[axis], padding: padding[axis] - first }, pixels);
}

interface Choice {
  LANES: number;
  WIDTH: number;
  V: number;
  rows: number;
  cols: number;
  STACK: number;
  vertical: SourceAxis;
  horizontal: SourceAxis;
  piece: Piece;
  isVector: boolean;
  channels: number;
}

function kernelOf(variant: Variants['conv'], choice: Choice): KernelSpec {
  const { LANES, WIDTH, V, rows, cols, STACK, vertical, horizontal, piece, isVector, channels } = choice;
  const places = vertical.count * horizontal.count;
  const loads = isVector ? 1 : channels;
  return {
    file: 'conv_weight.wgsl',
    source,
    entry: 'conv_weight',
    params: {
      LANES,
      WIDTH,
      PATCH_ROWS: rows,
      PATCH_COLS: cols,
      PIXELS: rows * cols,
      STACK,
      V: V === 1 ? 'f32' : `vec${V}<f32>`,
      TAPS: piece.rows * piece.cols,
      WINDOW_COLS: piece.cols,
      CHANNELS: channels,
      E: isVector ? 'vec4<f32>' : 'f32',
      LOADS: loads,
      SOURCE: places,
      SOURCE_COLS: horizontal.count,
      HELD: Math.ceil((places * loads) / LANES),
      SPACING_Y: vertical.spacing,
      SPACING_X: horizontal.spacing,
      STEP_Y: vertical.step,
      STEP_X: horizontal.step,
      PIXEL_STEP_Y: vertical.pixelStep,
      PIXEL_STEP_X: horizontal.pixelStep,
    },
    slots: {
      ...(isVector ? {} : { product: SCALAR_PRODUCT }),
      ...VARIANT_SLOTS[variant],
    },
  };
}

const SCALAR_PRODUCT = `
          acc[t * CHANNELS + c] = fma(V(value[((i / PATCH_COLS * PIXEL_STEP_Y + t / WINDOW_COLS) * SOURCE_COLS + i % PATCH_COLS * PIXEL_STEP_X + t % WINDOW_COLS) * LOADS + c]), g[i], acc[t * CHANNELS + c]);`;

/** How every lane gets what the patch reads of x. */
const VARIANT_SLOTS: Record<Variants['conv'], Record<string, string>> = {
  subgroup: {},
  register: {
    enables: '',
    lane_argument: '',
    values: `
    for (var p = 0u; p < SOURCE * LOADS; p++) { // @unroll
      value[p] = load(p, image, top, left, ic0);
    }`,
  },
  workgroup: {
    enables: '',
    lane_argument: '',
    memory: 'var<workgroup> passed: array<E, SOURCE * LOADS>;',
    values: `
    workgroupBarrier();
    for (var e = lane; e < SOURCE * LOADS; e += WIDTH) { passed[e] = load(e, image, top, left, ic0); }
    workgroupBarrier();
    for (var p = 0u; p < SOURCE * LOADS; p++) { // @unroll
      value[p] = passed[p];
    }`,
  },
};
