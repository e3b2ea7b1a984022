/** Copies to another memory order. No tape: gradients are independent of the memory order. */
import source from '../../shaders/transpose.wgsl';
import { denseOrder, isDenseIn, rowMajor, type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { copyByStrides } from './map.ts';

/** `x` itself if it is dense in the given memory order (default: row-major), otherwise a copy. */
export function inOrder(x: Tensor, order?: Shape): Tensor {
  return isDenseIn(x.shape, x.strides, order) ? x : copyOf(x, order);
}

/** A copy, dense in the given memory order (default: row-major). */
export function copyOf(x: Tensor, order: Shape = rowMajor(x.rank)): Tensor {
  const blocks = transpositionOf(x, order);
  if (!blocks) return copyByStrides(x, order);
  const { batch, rows, cols } = blocks;
  const y = x.context.empty(x.shape, { order, dtype: x.dtype });
  x.context.launch({
    kernel: { file: 'transpose.wgsl', source, entry: 'transpose_blocks' },
    bindings: { x, y },
    uniforms: { rowQuads: rows / 4, colQuads: cols / 4 },
    groups: [Math.ceil(cols / 128), Math.ceil(rows / 32), batch],
    work: { name: '', shape: `${batch}x${rows}x${cols}`, flops: 0 },
  });
  return y;
}

const MOST_GROUPS = 65535;

/**
 * The copy as a batch of matrix transposes, if the two memory orders differ by a swap of two runs of axes at the end, and
 * otherwise null, also for unsuitable sides. About twenty times as fast as a strided copy (docs/performance.md).
 */
function transpositionOf(x: Tensor, order: Shape): { batch: number; rows: number; cols: number } | null {
  const matters = (axis: number) => x.shape[axis] !== 1;
  const from = denseOrder(x.shape, x.strides)?.filter(matters);
  const to = order.filter(matters);
  if (!from || (x.dtype !== 'f32' && x.dtype !== 'f16')) return null;
  const first = from.findIndex((axis, i) => axis !== to[i]);
  if (first < 0) return null;
  const rest = from.slice(first);
  const cut = rest.indexOf(to[first]);
  const isRotated = rest.every((axis, i) => axis === to[first + ((i - cut + rest.length) % rest.length)]);
  const sizes = [from.slice(0, first), rest.slice(0, cut), rest.slice(cut)];
  const [batch, rows, cols] = sizes.map((axes) => sizeOf(axes.map((axis) => x.shape[axis])));
  const suits = rows % 4 === 0 && cols % 4 === 0 && Math.max(batch, cols / 32, rows / 32) <= MOST_GROUPS;
  return isRotated && suits ? { batch, rows, cols } : null;
}
