/**
 * Which places of the source a patch of output pixels needs: the static part of a convolution. `forward` reads at
 * pixel * stride - padding + tap; `transposed` (the input gradient) at (pixel + padding - tap) / stride where that is whole.
 * Plain arithmetic on one axis at a time; conv.wgsl and conv_weight.wgsl unroll what comes out.
 */

/** A window along one axis. */
export interface Axis {
  /** Taps. */
  kernel: number;
  stride: number;
  padding: number;
}

/** One axis of a patch's source. */
export interface SourceAxis {
  /** Places that a patch needs. */
  count: number;
  /** Elements of the source between two places. */
  spacing: number;
  /** The first place lies at pixel0 * step / stepDown + offset. */
  step: number;
  stepDown: number;
  offset: number;
  /** Places from one pixel to the next, where that is the same everywhere (forward). */
  pixelStep: number;
  /** The place that (pixel, tap) reads; null when it reads none. */
  placeOf(pixel: number, tap: number): number | null;
}

export function forwardAxis({ kernel, stride, padding }: Axis, pixels: number): SourceAxis {
  // under one tap only every stride-th place is read
  const spacing = kernel === 1 ? stride : 1;
  const pixelStep = stride / spacing;
  return {
    count: (pixels - 1) * pixelStep + kernel,
    spacing,
    step: stride,
    stepDown: 1,
    offset: -padding,
    pixelStep,
    placeOf: (pixel, tap) => pixel * pixelStep + tap,
  };
}

/** @param pixels a multiple of the stride */
export function transposedAxis({ kernel, stride, padding }: Axis, pixels: number): SourceAxis {
  const lowest = Math.ceil((padding - kernel + 1) / stride);
  const highest = Math.floor((pixels - 1 + padding) / stride);
  return {
    count: highest - lowest + 1,
    spacing: 1,
    step: 1,
    stepDown: stride,
    offset: lowest,
    pixelStep: 1,
    placeOf: (pixel, tap) => {
      const at = pixel + padding - tap;
      return at % stride === 0 ? at / stride - lowest : null;
    },
  };
}

/** A part of a window's taps. */
export interface Piece {
  firstRow: number;
  firstCol: number;
  rows: number;
  cols: number;
}

/** More taps an axis would unroll to more text than compilers like. */
const MOST_TAPS = 7;

/** A window cut into pieces of at most 7 x 7 taps. */
export function piecesOf(kernelRows: number, kernelCols: number): Piece[] {
  const cut = (taps: number) =>
    Array.from({ length: Math.ceil(taps / MOST_TAPS) }, (_, i) => ({
      first: i * MOST_TAPS,
      count: Math.min(MOST_TAPS, taps - i * MOST_TAPS),
    }));
  return cut(kernelRows).flatMap((row) =>
    cut(kernelCols).map((col) => ({
      firstRow: row.first,
      firstCol: col.first,
      rows: row.count,
      cols: col.count,
    })),
  );
}
