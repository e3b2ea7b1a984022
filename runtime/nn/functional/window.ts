/**
 * Which source positions a patch of output pixels reads: the static part of a convolution. `forward` reads at
 * pixel * stride - padding + tap, `transposed` (the input gradient) at (pixel + padding - tap) / stride if that is an
 * integer. Computed per axis; conv.wgsl and conv_weight.wgsl unroll the result.
 */

/** A window along one axis. */
export interface Axis {
  /** Taps. */
  kernel: number;
  stride: number;
  padding: number;
}

/** The source of a patch along one axis. */
export interface SourceAxis {
  /** Positions that a patch reads. */
  count: number;
  /** Elements of the source between two positions. */
  spacing: number;
  /** The first position is pixel0 * step / stepDown + offset. */
  step: number;
  stepDown: number;
  offset: number;
  /** Positions from one pixel to the next, if uniform (forward). */
  pixelStep: number;
  /** The position that (pixel, tap) reads, or null. */
  placeOf(pixel: number, tap: number): number | null;
}

export function forwardAxis({ kernel, stride, padding }: Axis, pixels: number): SourceAxis {
  // with a single tap, only every stride-th position is read
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

/** A rectangle of taps. */
export interface Piece {
  firstRow: number;
  firstCol: number;
  rows: number;
  cols: number;
}

/** With more taps per axis the unrolled source would take too long to compile. */
const MOST_TAPS = 7;

/** Divides a window into pieces of at most 7 x 7 taps. */
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
