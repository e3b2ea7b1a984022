/** The share of a convolution that one invocation of conv.wgsl computes: a patch of pixels times some channels. */
import type { Context } from '../../context.ts';
import type { ConvGeometry } from '../../kernel/choices.ts';
import { lanesOf, vectorOf } from '../../ops/lanes.ts';
import type { Piece } from './window.ts';

/** Output pixels per invocation: enough to reuse each loaded weight often, few enough to stay in registers. */
export function patchOf({ info }: Context, call: ConvGeometry, piece: Piece): [number, number] {
  const { stride, isTransposed, outHeight, outWidth } = call;
  // with strides a pixel has few products, so more pixels are needed to amortize the weights; hardware is short of registers
  if (isTransposed) return [wholeSteps(info.isSoftware && outHeight > 4 ? 8 : 4, stride[0]), wholeSteps(8, stride[1])];
  if (outHeight === 1) return [1, outWidth > 8 ? 16 : outWidth > 4 ? 8 : 4];
  return piece.rows * piece.cols > 9 ? [2, 4] : [4, 4];
}

/**
 * Patches that may be faster than the fixed one on some adapters: larger ones reuse loaded weights more often, smaller ones
 * spread over more workgroups. The order of sums is the same for every patch.
 */
export function otherPatches(call: ConvGeometry): (readonly [number, number])[] {
  const { kernel, isTransposed, outHeight, outWidth } = call;
  const taps = kernel[0] * kernel[1];
  // a transposed patch depends on the stride; with many taps, or two runs of channels (few taps), the source gets too long
  if (isTransposed || outHeight === 1 || taps > 9) return [];
  return taps >= 4 && outWidth > 4 ? [LARGER_PATCH, SMALLER_PATCH] : [SMALLER_PATCH];
}

const LARGER_PATCH = [4, 8] as const;
const SMALLER_PATCH = [2, 4] as const;

/** True if otherPatches() offers the patch for this call. */
export const isPatchOf = (call: ConvGeometry, patch: readonly [number, number]): boolean =>
  otherPatches(call).some(([rows, cols]) => rows === patch[0] && cols === patch[1]);

const wholeSteps = (pixels: number, stride: number): number => stride * Math.ceil(pixels / stride);

export interface Channels {
  /** Output channels per run, and runs per lane. */
  V: number;
  RUNS: number;
  /** Input channels whose products a lane adds per iteration. */
  DEPTH: number;
}

/**
 * Channels per lane. With many taps each source element is used often, so two or four channels suffice; with few, it takes
 * eight or sixteen to amortize the broadcasts. All lanes of a subgroup must have some.
 */
export function channelsOf(context: Context, call: ConvGeometry, taps: number): Channels {
  const { LANES } = lanesOf(context);
  const channels = call.outChannels;
  const { isSoftware } = context.info;
  // with strides, pixels share little of the source, so more is broadcast
  const isSpread = isSoftware && !call.isTransposed && call.stride[0] * call.stride[1] > 1;
  if (taps >= 4)
    return { V: vectorOf(channels, LANES <= 4 || (isSpread && taps <= 9) ? 4 : 2, LANES), RUNS: 1, DEPTH: 1 };
  const V = vectorOf(channels, 4, LANES);
  // sixteen only for matrices: 1x1 convolutions gain little and take longer to compile. Hardware is short of registers, and
  // idle lanes are expensive there. On SwiftShader, with four lanes, carrying a sum through a loop is expensive, so four
  // channels per iteration pay off; lavapipe is slower with longer iterations
  const isShort = LANES < 8;
  const isFit = channels % (4 * V * LANES) === 0 && !(isShort && call.inChannels % 4 !== 0);
  const most = isSoftware && call.outHeight === 1 && isFit ? 4 : 2;
  const products = call.images * call.outHeight * call.outWidth * call.inChannels * channels;
  const RUNS = channels >= most * V * LANES && products >= ENOUGH_PRODUCTS ? most : 1;
  return { V, RUNS, DEPTH: RUNS === 4 && isShort ? 4 : 1 };
}

/** Below this, doubling the source costs more compile time than it saves. */
const ENOUGH_PRODUCTS = 2 ** 24;
