/** Type conversion. No other op converts between integers and floats. */
import source from '../../shaders/cast.wgsl';
import { oneOf, op, tensor } from '../arguments.ts';
import { differentiable } from '../autograd/tape.ts';
import { bytesPerElement, DTYPES, type DType } from '../dtype.ts';
import { groups2d } from '../launch.ts';
import { checkRank } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { inOrder } from './layout.ts';
import { map } from './map.ts';

const isFloat = (dtype: DType): dtype is 'f32' | 'f16' => dtype === 'f32' || dtype === 'f16';

/**
 * The values in another type; `x` itself if it has that type already.
 *   f32 to f16: rounds to nearest; infinite beyond 65504. f16 to f32: exact.
 *   u32 or u8 to f32: exact up to 2^24, beyond that one of the two nearest values.
 *   f32 or f16 to u32 or u8, and u32 to u8: truncates toward 0 and clamps to the range; NaN becomes 0.
 * The gradient is f32, like every gradient; integers have none.
 */
export const cast = op('cast', { x: tensor, dtype: oneOf(...DTYPES) }, (x: Tensor, dtype: DType): Tensor => {
  if (x.dtype === dtype) return x;
  if (isFloat(x.dtype) && isFloat(dtype))
    return differentiable('cast', [x], map('a', [x], { dtype }), [], (dy) => [dy]);
  const floats = isFloat(x.dtype) ? x : floatsOf(x, isFloat(dtype) ? dtype : 'f32');
  return isFloat(dtype) ? floats : integersOf(floats, dtype);
});

const perWord = (dtype: DType): number => 4 / bytesPerElement(dtype);

function floatsOf(x: Tensor, dtype: 'f32' | 'f16'): Tensor {
  checkRank('cast', x.shape);
  const y = x.context.empty(x.shape, { dtype });
  // a view of u8 may start inside a word, so bind the whole storage and let the kernel add the offset
  const whole = x.view({ shape: [x.storage.bytes / bytesPerElement(x.dtype)], strides: [1], offset: 0 });
  x.context.launch({
    kernel: { file: 'cast.wgsl', source, entry: 'to_floats', params: { PER_WORD: perWord(x.dtype) } },
    bindings: { integers: whole, floats_out: y },
    uniforms: {
      ...{ count: y.size, size: y.size, rank: x.rank, shape: [...x.shape], strides: [...x.strides], offset: x.offset },
    },
    groups: groups2d(Math.ceil(y.size / 64)),
  });
  whole.dispose();
  return y;
}

function integersOf(x: Tensor, dtype: 'u32' | 'u8'): Tensor {
  const y = x.context.empty(x.shape, { dtype });
  const count = Math.ceil(y.size / perWord(dtype));
  x.context.launch({
    kernel: { file: 'cast.wgsl', source, entry: 'to_integers', params: { PER_WORD: perWord(dtype) } },
    bindings: { floats: inOrder(x), integers_out: y },
    uniforms: { count, size: y.size, rank: 0, shape: [], strides: [], offset: 0 },
    groups: groups2d(Math.ceil(count / 64)),
  });
  return y;
}
