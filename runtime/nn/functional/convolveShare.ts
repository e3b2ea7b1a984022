/** What of a convolution one invocation of conv.wgsl computes: a patch of pixels, and some of the channels. */
import type { Context } from '../../context.ts';
import type { ConvGeometry } from '../../kernel/choices.ts';
import { lanesOf, vectorOf } from '../../ops/lanes.ts';
import type { Piece } from './window.ts';

/** Output pixels that an invocation computes: enough to use a loaded weight often, few enough to stay in registers. */
export function patchOf({ info }: Context, call: ConvGeometry, piece: Piece): [number, number] {
  const { stride, isTransposed, outHeight, outWidth } = call;
  // with strides a pixel has few products, so it takes more pixels to pay for the weights; registers are dear on hardware
  if (isTransposed) return [wholeSteps(info.isSoftware && outHeight > 4 ? 8 : 4, stride[0]), wholeSteps(8, stride[1])];
  if (outHeight === 1) return [1, outWidth > 8 ? 16 : outWidth > 4 ? 8 : 4];
  return piece.rows * piece.cols > 9 ? [2, 4] : [4, 4];
}

/**
 * Patches that may be better than the fixed one on some adapter: more pixels use a loaded weight more often, fewer spread
 * over more workgroups. The order of sums is that of every patch.
 */
export function otherPatches(call: ConvGeometry): (readonly [number, number])[] {
  const { kernel, isTransposed, outHeight, outWidth } = call;
  const taps = kernel[0] * kernel[1];
  // a transposed patch hangs on the stride; under many taps, or with two runs of channels (few taps), text grows too long
  if (isTransposed || outHeight === 1 || taps > 9) return [];
  return taps >= 4 && outWidth > 4 ? [LARGER_PATCH, SMALLER_PATCH] : [SMALLER_PATCH];
}

const LARGER_PATCH = [4, 8] as const;
const SMALLER_PATCH = [2, 4] as const;

/** Whether a patch is one that otherPatches() offers for this call. */
export const isPatchOf = (call: ConvGeometry, patch: readonly [number, number]): boolean =>
  otherPatches(call).some(([rows, cols]) => rows === patch[0] && cols === patch[1]);

const wholeSteps = (pixels: number, stride: number): number => stride * Math.ceil(pixels / stride);

export interface Channels {
  /** Output channels of a run, and runs of a lane. */
  V: number;
  RUNS: number;
  /** Input channels whose products a lane adds to a sum in one go. */
  DEPTH: number;
}

/**
 * Channels of a lane. Under many taps the source is read often, and two or four channels are enough; under few, eight or
 * sixteen pay for the broadcasts. As many lanes as a subgroup has must get some.
 */
export function channelsOf(context: Context, call: ConvGeometry, taps: number): Channels {
  const { LANES } = lanesOf(context);
  const channels = call.outChannels;
  const { isSoftware } = context.info;
  // with strides pixels share little of the source, and more of it is broadcast
  const isSpread = isSoftware && !call.isTransposed && call.stride[0] * call.stride[1] > 1;
  if (taps >= 4)
    return { V: vectorOf(channels, LANES <= 4 || (isSpread && taps <= 9) ? 4 : 2, LANES), RUNS: 1, DEPTH: 1 };
  const V = vectorOf(channels, 4, LANES);
  // sixteen only for matrices: 1x1 convolutions gain little, and their text takes longer to compile. Registers are dear on
  // hardware, and so are idle lanes. For SwiftShader, with four lanes, it is dear to carry a sum to the next round of a
  // loop: there they pay with four channels a round; lavapipe is slower with longer rounds
  const isShort = LANES < 8;
  const isFit = channels % (4 * V * LANES) === 0 && !(isShort && call.inChannels % 4 !== 0);
  const most = isSoftware && call.outHeight === 1 && isFit ? 4 : 2;
  const products = call.images * call.outHeight * call.outWidth * call.inChannels * channels;
  const RUNS = channels >= most * V * LANES && products >= ENOUGH_PRODUCTS ? most : 1;
  return { V, RUNS, DEPTH: RUNS === 4 && isShort ? 4 : 1 };
}

/** Below, twice the text takes longer to compile than it ever saves. */
const ENOUGH_PRODUCTS = 2 ** 24;
