/**
 * References of the ops in f64, as plain loops over row-major arrays, written from their definitions. They share no code
 * with the runtime.
 */
import type { F64Array } from '../../runtime/gradcheck/gradCheck.ts';

type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export const f64 = (shape: Shape, data: ArrayLike<number> = new Float64Array(sizeOf(shape))): F64Array => ({
  shape,
  data: Float64Array.from(data),
});

/** The index along every axis of the element at a row-major index. */
function unravel(place: number, shape: Shape): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(place % shape[axis]);
    place = Math.floor(place / shape[axis]);
  }
  return index;
}

const ravel = (index: readonly number[], shape: Shape): number =>
  index.reduce((at, i, axis) => at * shape[axis] + i, 0);

/** Right-aligned; a side of 1 is repeated. */
function broadcastAt(x: F64Array, index: readonly number[]): number {
  const missing = index.length - x.shape.length;
  return x.data[
    ravel(
      x.shape.map((side, axis) => (side === 1 ? 0 : index[axis + missing])),
      x.shape,
    )
  ];
}

export function elementwiseF64(f: (...values: number[]) => number): (...inputs: F64Array[]) => F64Array {
  return (...inputs) => {
    const rank = Math.max(...inputs.map((x) => x.shape.length));
    const shape = Array.from({ length: rank }, (_, axis) =>
      Math.max(...inputs.map((x) => x.shape[axis - rank + x.shape.length] ?? 1)),
    );
    const y = f64(shape);
    const isWhole = inputs.every((x) => x.data.length === y.data.length); // no broadcasting: the same index in all
    for (let i = 0; i < y.data.length; i++) {
      const index = isWhole ? null : unravel(i, shape);
      y.data[i] = f(...inputs.map((x) => (index ? broadcastAt(x, index) : x.data[i])));
    }
    return y;
  };
}

export function sumF64(
  x: F64Array,
  axes: Shape = x.shape.map((_, axis) => axis),
  { keepDims = false, mean = false } = {},
): F64Array {
  const reduced = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  const kept = x.shape.map((side, axis) => (reduced.includes(axis) ? 1 : side));
  const y = f64(kept);
  for (let i = 0; i < x.data.length; i++) {
    const index = unravel(i, x.shape).map((at, axis) => (reduced.includes(axis) ? 0 : at));
    y.data[ravel(index, kept)] += x.data[i];
  }
  if (mean) for (let i = 0; i < y.data.length; i++) y.data[i] /= x.data.length / y.data.length;
  return keepDims ? y : { shape: x.shape.filter((_, axis) => !reduced.includes(axis)), data: y.data };
}

export const meanF64 = (x: F64Array, axes?: Shape, { keepDims = false } = {}): F64Array =>
  sumF64(x, axes, { keepDims, mean: true });

export const reshapeF64 = (x: F64Array, shape: Shape): F64Array => f64(shape, x.data);

export function permuteF64(x: F64Array, axes: Shape): F64Array {
  const y = f64(axes.map((axis) => x.shape[axis]));
  for (let i = 0; i < y.data.length; i++) {
    const to = unravel(i, y.shape);
    const from: number[] = [];
    axes.forEach((axis, position) => {
      from[axis] = to[position];
    });
    y.data[i] = x.data[ravel(from, x.shape)];
  }
  return y;
}

/** The last two axes swapped. */
export function transposeF64(x: F64Array): F64Array {
  const axes = x.shape.map((_, axis) => axis);
  return permuteF64(x, [...axes.slice(0, -2), axes[axes.length - 1], axes[axes.length - 2]]);
}

export const expandF64 = (x: F64Array, shape: Shape): F64Array => elementwiseF64((a, b) => a + b)(x, f64(shape));

export function sliceF64(x: F64Array, axis: number, start: number, end: number): F64Array {
  const y = f64(x.shape.map((side, at) => (at === axis ? end - start : side)));
  for (let i = 0; i < y.data.length; i++) {
    const index = unravel(i, y.shape);
    index[axis] += start;
    y.data[i] = x.data[ravel(index, x.shape)];
  }
  return y;
}

export function concatF64(parts: readonly F64Array[], axis: number): F64Array {
  const y = f64(
    parts[0].shape.map((side, at) => (at === axis ? parts.reduce((total, part) => total + part.shape[axis], 0) : side)),
  );
  let start = 0;
  for (const part of parts) {
    for (let i = 0; i < part.data.length; i++) {
      const index = unravel(i, part.shape);
      index[axis] += start;
      y.data[ravel(index, y.shape)] = part.data[i];
    }
    start += part.shape[axis];
  }
  return y;
}

/** [M, K] x [K, N] -> [M, N]. */
export function matmulF64(a: F64Array, b: F64Array): F64Array {
  const [M, K] = a.shape;
  const N = b.shape[1];
  const y = f64([M, N]);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let total = 0;
      for (let k = 0; k < K; k++) total += a.data[m * K + k] * b.data[k * N + n];
      y.data[m * N + n] = total;
    }
  }
  return y;
}

/** x [N, in], weight [out, in], bias [out]. */
export function linearF64(x: F64Array, weight: F64Array, bias?: F64Array): F64Array {
  const y = matmulF64(x, transposeF64(weight));
  return bias ? elementwiseF64((a, b) => a + b)(y, bias) : y;
}

export interface WindowOptions {
  stride?: number | readonly [number, number];
  padding?: number | readonly [number, number];
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** y[n, o, i, j] = bias[o] + sum over c, u, v of x[n, c, i s - p + u, j s - p + v] w[o, c, u, v]; 0 outside. */
export function conv2dF64(
  x: F64Array,
  w: F64Array,
  {
    bias,
    groups = 1,
    padding = 0,
    stride = 1,
  }: Omit<WindowOptions, 'padding'> & { bias?: F64Array; groups?: number; padding?: number | readonly number[] } = {},
): F64Array {
  const [N, all, H, W] = x.shape;
  const [O, C, KH, KW] = w.shape; // C input channels in each group
  const [sy, sx] = pair(stride);
  const [py, bottom, px, right] =
    typeof padding === 'number'
      ? [padding, padding, padding, padding]
      : padding.length === 4
        ? padding
        : [padding[0], padding[0], padding[1], padding[1]];
  const OH = Math.floor((H + py + bottom - KH) / sy) + 1;
  const OW = Math.floor((W + px + right - KW) / sx) + 1;
  const y = f64([N, O, OH, OW]);
  let at = 0;
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < OH; i++) {
        for (let j = 0; j < OW; j++) {
          let total = bias ? bias.data[o] : 0;
          const first = Math.floor(o / (O / groups)) * C;
          for (let c = 0; c < C; c++) {
            for (let u = 0; u < KH; u++) {
              const row = i * sy - py + u;
              if (row < 0 || row >= H) continue;
              for (let v = 0; v < KW; v++) {
                const column = j * sx - px + v;
                if (column < 0 || column >= W) continue;
                const source = ((n * all + first + c) * H + row) * W + column;
                total += x.data[source] * w.data[((o * C + c) * KH + u) * KW + v];
              }
            }
          }
          y.data[at++] = total;
        }
      }
    }
  }
  return y;
}

/** Reduces each window to one number. Values outside the input are left out; `area` counts them too. */
function poolF64(
  x: F64Array,
  { kernel, ...options }: WindowOptions & { kernel: number | readonly [number, number] },
  join: (inside: number[], area: number) => number,
): F64Array {
  const [N, C, H, W] = x.shape;
  const [KH, KW] = pair(kernel);
  const [sy, sx] = pair(options.stride ?? kernel);
  const [py, px] = pair(options.padding ?? 0);
  const OH = Math.floor((H + 2 * py - KH) / sy) + 1;
  const OW = Math.floor((W + 2 * px - KW) / sx) + 1;
  const y = f64([N, C, OH, OW]);
  for (let at = 0; at < y.data.length; at++) {
    const [n, c, i, j] = unravel(at, y.shape);
    const inside: number[] = [];
    for (let row = i * sy - py; row < i * sy - py + KH; row++) {
      for (let column = j * sx - px; column < j * sx - px + KW; column++) {
        if (row >= 0 && row < H && column >= 0 && column < W) inside.push(x.data[((n * C + c) * H + row) * W + column]);
      }
    }
    y.data[at] = join(inside, KH * KW);
  }
  return y;
}

type PoolOptions = WindowOptions & { kernel: number | readonly [number, number] };

export const maxPool2dF64 = (x: F64Array, options: PoolOptions): F64Array =>
  poolF64(x, options, (inside) => Math.max(...inside));

/** Padding counts as zeros: the divisor is the window's area. */
export const avgPool2dF64 = (x: F64Array, options: PoolOptions): F64Array =>
  poolF64(x, options, (inside, area) => inside.reduce((a, b) => a + b, 0) / area);

export const globalAvgPool2dF64 = (x: F64Array): F64Array => meanF64(x, [2, 3]);
