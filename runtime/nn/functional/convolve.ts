/** Launches conv.wgsl for convolutions, input gradients and matrix products: chooses patch, lanes and variant. */
import source from '../../../shaders/conv.wgsl';
import type { Context } from '../../context.ts';
import { type ConvChoice, type ConvGeometry, flopsOf } from '../../kernel/choices.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import { groups2d, type Launch } from '../../launch.ts';
import { type Lanes, lanesOf, runWidthOf } from '../../ops/lanes.ts';
import type { Tensor } from '../../tensor.ts';
import type { Variants } from '../../variants.ts';
import { type Channels, channelsOf, isPatchOf, patchOf } from './convolveShare.ts';
import { forwardAxis, type Piece, piecesOf, type SourceAxis, transposedAxis } from './window.ts';

export interface Convolution extends ConvGeometry {
  /** [images, height, width, inChannels], channels last. */
  x: Tensor;
  /** [kernelRows * kernelCols, inChannels, outChannels]. */
  w: Tensor;
  /** [outChannels], added to each pixel. */
  bias?: Tensor | null;
}

/** Writes [images, outHeight, outWidth, outChannels] into `y`, dense in that order. */
export function convolve(context: Context, convolution: Convolution, y: Tensor): void {
  // with stride 1 a transposed window is a forward one with reversed taps, which shares its pipeline
  const isFlipped = convolution.isTransposed && convolution.stride.every((step) => step === 1);
  const call = isFlipped ? flipped(convolution) : convolution;
  const choice = context.choices.of('sum', call, { x: call.x.dtype, w: call.w.dtype, y: y.dtype });
  piecesOf(...call.kernel).forEach((piece, i) => {
    launchPiece(context, call, piece, { isFlipped, isFirst: i === 0, choice }, y);
  });
}

function flipped(call: Convolution): Convolution {
  const padding = [call.kernel[0] - 1 - call.padding[0], call.kernel[1] - 1 - call.padding[1]] as const;
  return { ...call, padding, isTransposed: false };
}

function launchPiece(
  context: Context,
  call: Convolution,
  piece: Piece,
  { isFlipped, isFirst, choice }: { isFlipped: boolean; isFirst: boolean; choice: ConvChoice },
  y: Tensor,
): void {
  const lanes = lanesOf(context);
  const [rows, cols] = choice.patch && isPatchOf(call, choice.patch) ? choice.patch : patchOf(context, call, piece);
  const axisOf = call.isTransposed ? transposedAxis : forwardAxis;
  const [stride, padding] = [call.stride, call.padding];
  const vertical = axisOf({ kernel: piece.rows, stride: stride[0], padding: padding[0] - piece.firstRow }, rows);
  const horizontal = axisOf({ kernel: piece.cols, stride: stride[1], padding: padding[1] - piece.firstCol }, cols);
  const taps = piece.rows * piece.cols;
  const channels = channelsOf(context, call, taps);
  const { V, RUNS } = channels;
  const runs = call.outChannels / V;
  const WIDTH = runWidthOf(lanes, Math.ceil(runs / RUNS));
  const patchCols = Math.ceil(call.outWidth / cols);
  const patches = Math.ceil(call.outHeight / rows) * patchCols;
  const [kernelRows, kernelCols] = call.kernel;
  const firstTap = piece.firstRow * kernelCols + piece.firstCol;
  const bias = isFirst ? call.bias : null;
  context.launch({
    kernel: kernelOf(choice.variant, lanes, call, { rows, cols, vertical, horizontal, piece, ...channels, WIDTH }, [
      bias ? 'bias' : '',
      isFirst ? '' : 'resume',
    ]),
    bindings: { x: call.x, w: call.w, y, ...(bias ? { bias } : {}) },
    uniforms: {
      ...patchUniforms(call, { runs, patchCols, patches, vertical, horizontal }),
      firstTap: isFlipped ? kernelRows * kernelCols - 1 - firstTap : firstTap,
      tapRowStep: isFlipped ? -kernelCols : kernelCols,
      tapColStep: isFlipped ? -1 : 1,
    },
    groups: withChannels(groups2d(call.images * patches), Math.ceil(runs / (WIDTH * RUNS))),
    work: workOf(call, piece, isFlipped),
  });
}

interface Patches {
  /** Of output channels. */
  runs: number;
  patchCols: number;
  /** Of one image. */
  patches: number;
  vertical: SourceAxis;
  horizontal: SourceAxis;
}

/** What conv.wgsl and conv_weight.wgsl need to know about the images and their division into patches. */
export function patchUniforms(call: Omit<Convolution, 'w'>, cut: Patches): Record<string, number> {
  const { images, inChannels, height, width, outHeight, outWidth } = call;
  const { runs, patchCols, patches, vertical, horizontal } = cut;
  return {
    ...{ images, inChannels, height, width, outHeight, outWidth, runs, patchCols, patches },
    offsetY: vertical.offset,
    offsetX: horizontal.offset,
  };
}

function workOf(call: Convolution, piece: Piece, isFlipped: boolean): Launch['work'] {
  const { images, height, width, inChannels, outChannels, stride, isTransposed } = call;
  const isMatrix = call.kernel[0] * call.kernel[1] * height === 1;
  const isBackward = isTransposed || isFlipped;
  return {
    name: isMatrix ? 'matrix product' : isBackward ? 'input gradient' : 'forward',
    shape: `${images}x${height}x${width}x${inChannels} -> ${outChannels}, ${call.kernel.join('x')}/${stride[0]}`,
    flops: flopsOf({ ...call, kernel: [piece.rows, piece.cols] }),
  };
}

const withChannels = ([x, y]: readonly number[], z: number): [number, number, number] => [x, y, z];

interface Choice extends Channels {
  rows: number;
  cols: number;
  vertical: SourceAxis;
  horizontal: SourceAxis;
  piece: Piece;
  WIDTH: number;
}

type Extra = '' | 'bias' | 'resume';

function kernelOf(
  variant: Variants['conv'],
  { LANES }: Lanes,
  { inChannels, isTransposed }: Convolution,
  { rows, cols, vertical, horizontal, piece, V, RUNS, DEPTH, WIDTH }: Choice,
  extras: readonly Extra[],
): KernelSpec {
  const places = vertical.count * horizontal.count;
  const holders = { subgroup: LANES, register: 1, workgroup: WIDTH }[variant];
  const slots: Record<string, string> = { ...VARIANT_SLOTS[variant] };
  if (extras.includes('bias')) slots.store = '          y[at + run] = sum + bias[run];';
  if (extras.includes('resume')) slots.resume = RESUME;
  if (isTransposed) {
    Object.assign(slots, ROWS_IN_A_LOOP);
    slots.products = transposedProducts(rows, cols, vertical, horizontal, piece);
  }
  return {
    file: 'conv.wgsl',
    source,
    entry: 'conv',
    params: {
      LANES: holders,
      WIDTH,
      PATCH_ROWS: rows,
      PATCH_COLS: cols,
      PIXELS: rows * cols,
      RUNS,
      V: V === 1 ? 'f32' : `vec${V}<f32>`,
      TAPS: piece.rows * piece.cols,
      WINDOW_COLS: piece.cols,
      SOURCE: places,
      SOURCE_COLS: horizontal.count,
      HELD: Math.ceil(places / holders),
      SPACING_Y: vertical.spacing,
      SPACING_X: horizontal.spacing,
      STEP_Y: vertical.step,
      STEP_X: horizontal.step,
      STEP_DOWN_Y: vertical.stepDown,
      STEP_DOWN_X: horizontal.stepDown,
      PIXEL_STEP_Y: vertical.pixelStep,
      PIXEL_STEP_X: horizontal.pixelStep,
      DEPTH,
      CHUNK: variant === 'workgroup' ? [8, 4, 2, 1].find((count) => inChannels % count === 0)! : 1,
    },
    slots,
  };
}

/** Resumes the sum of an earlier piece of the window; pixels outside are not stored. */
const RESUME = `
  for (var i = 0u; i < PIXELS; i++) { // @unroll
    let row = min(row0 + i / PATCH_COLS, sizes.outHeight - 1u);
    let col = min(col0 + i % PATCH_COLS, sizes.outWidth - 1u);
    for (var r = 0u; r < RUNS; r++) { // @unroll
      let run = min(run0 + r * WIDTH, sizes.runs - 1u);
      acc[i * RUNS + r] = y[((image * sizes.outHeight + row) * sizes.outWidth + col) * sizes.runs + run];
    }
  }`;

/** Stores a large patch in a loop, indexing acc: unrolled stores take compilers longer than all products. */
const ROWS_IN_A_LOOP = {
  rows: '  for (var j = 0u; j < PATCH_ROWS; j++) {',
  sum: `
          var sum = V(0.0);
          for (var k = 0u; k < PATCH_ROWS; k++) { // @unroll
            sum = select(sum, acc[(k * PATCH_COLS + i) * RUNS + r], j == k);
          }`,
};

const VARIANT_SLOTS: Record<Variants['conv'], Record<string, string>> = {
  subgroup: {},
  register: {
    enables: '',
    lane_argument: '',
    holder: '  let holder = 0u;',
    values: `
      for (var p = 0u; p < SOURCE; p++) { // @unroll
        value[d * SOURCE + p] = value_at(place[p], ic + d);
      }`,
  },
  workgroup: {
    enables: '',
    lane_argument: '',
    holder: '  let holder = lane;',
    memory: 'var<workgroup> passed: array<f32, SOURCE * CHUNK>;',
    pass: `
    if (ic % CHUNK == 0u) {
      workgroupBarrier();
      for (var c = 0u; c < CHUNK; c++) {
        for (var h = 0u; h < HELD; h++) { // @unroll
          if (h * LANES + holder < SOURCE) {
            passed[c * SOURCE + h * LANES + holder] = value_at(place[h], ic + c);
          }
        }
      }
      workgroupBarrier();
    }`,
    values: `
      for (var p = 0u; p < SOURCE; p++) { // @unroll
        value[d * SOURCE + p] = passed[(ic + d) % CHUNK * SOURCE + p];
      }`,
  },
};

/** With strides it is irregular which taps reach which pixels, so every product is written out. */
function transposedProducts(
  rows: number,
  cols: number,
  vertical: SourceAxis,
  horizontal: SourceAxis,
  piece: Piece,
): string {
  const lines: string[] = [];
  for (let t = 0; t < piece.rows * piece.cols; t++) {
    for (let i = 0; i < rows * cols; i++) {
      const y = vertical.placeOf(Math.floor(i / cols), Math.floor(t / piece.cols));
      const x = horizontal.placeOf(i % cols, t % piece.cols);
      if (y === null || x === null) continue;
      const [acc, at] = [`acc[${i}u * RUNS + r]`, y * horizontal.count + x];
      lines.push(`        ${acc} = fma(V(value[${at}u]), weight[${t}u * RUNS + r], ${acc});`);
    }
  }
  return lines.join('\n');
}
