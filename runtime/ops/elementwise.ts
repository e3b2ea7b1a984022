/** Elementwise arithmetic with NumPy's broadcasting, on any strides. One kernel family; the expression is its slot. */

import source from '../../shaders/elementwise.wgsl';
import { arrayOf, finite, float, numbers, oneOf, op, optional, options, text } from '../arguments.ts';
import { differentiable } from '../autograd.ts';
import type { DType } from '../dtype.ts';
import { ShapeError, UsageError } from '../errors.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import { groups2d, stridingGroups } from '../launch.ts';
import { broadcastShapes, checkRank, denseOrder, formatShape, isDenseIn, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { elementTypes } from './lanes.ts';
import { sumTo } from './reduce.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;

const specs = { file: 'elementwise.wgsl', source };

export interface MapOptions {
  /** Default: what the inputs broadcast to. */
  shape?: Shape;
  /** Memory order of the result; default that of the first input of full shape, else row-major. */
  order?: Shape;
  /** Of the result; default f16 when all inputs are. */
  dtype?: 'f32' | 'f16';
}

/**
 * A new tensor of a WGSL expression of up to four inputs named a, b, c, d. No tape. The expression must hold for scalars
 * and vectors alike: constants are written T(0.5).
 */
export const map = op(
  'map',
  {
    expression: text,
    inputs: arrayOf(float),
    options: options({ shape: optional(numbers), order: optional(numbers), dtype: optional(oneOf('f32', 'f16')) }),
  },
  (expression: string, inputs: readonly Tensor[], options: MapOptions = {}): Tensor => {
    if (inputs.length < 1 || inputs.length > NAMES.length)
      throw new UsageError(`map: ${inputs.length} inputs, expected one to ${NAMES.length}.`);
    const isHalf = inputs.every((input) => input.dtype === 'f16');
    return elementwise(expression, inputs, { ...options, dtype: options.dtype ?? (isHalf ? 'f16' : 'f32') });
  },
);

/** A copy, dense in a memory order: bit for bit, also of u32. */
export function copyByStrides(x: Tensor, order: Shape): Tensor {
  if (x.dtype === 'u8') {
    throw new ShapeError('a tensor of u8 cannot be copied to another memory order.', {
      details: [formatShape(x.shape)],
      remedy: "cast(x, 'f32') first",
    });
  }
  return elementwise('a', [x], { order, dtype: x.dtype });
}

function elementwise(
  expression: string,
  inputs: readonly Tensor[],
  options: Omit<MapOptions, 'dtype'> & { dtype: DType },
): Tensor {
  const shape =
    options.shape ??
    broadcastShapes(
      'map',
      inputs.map((input) => input.shape),
    );
  const model = inputs.find((input) => sameShape(input.shape, shape));
  const order = options.order ?? (model && denseOrder(shape, model.strides)) ?? undefined;
  checkRank('map', shape);
  const { context } = inputs[0];
  const { dtype } = options;
  const y = context.empty(shape, { order, dtype });
  const isInteger = dtype === 'u32';
  const linear = inputs.every(
    (input) =>
      !isInteger && input.offset % 4 === 0 && sameShape(input.shape, shape) && isDenseIn(shape, input.strides, order),
  );
  context.launch({
    kernel: kernelOf(linear ? 'linear' : 'strided', expression, inputs.length, isInteger),
    bindings: { ...Object.fromEntries(inputs.map((input, i) => [NAMES[i], input])), y },
    uniforms: uniformsOf(y, inputs),
    groups: linear ? stridingGroups(context, Math.ceil(y.size / 256)) : groups2d(Math.ceil(y.size / 256)),
    work: { name: '', shape: `${expression} ${formatShape(shape)}`, flops: 0 },
  });
  return y;
}

function kernelOf(entry: 'linear' | 'strided', expression: string, inputs: number, isInteger: boolean): KernelSpec {
  const index = (i: number) => (entry === 'linear' ? 'i' : `at[${i}]`);
  const named = NAMES.slice(0, inputs).reduce(
    (text, name, i) => text.replace(new RegExp(`\\b${name}\\b`, 'g'), `${name}[${index(i)}]`),
    expression,
  );
  const params = isInteger ? { T: 'u32', I: 'i32' } : elementTypes(entry === 'linear');
  return { ...specs, entry, params, slots: { [entry]: `    y[${index(4)}] = ${named};` } };
}

function uniformsOf(y: Tensor, inputs: readonly Tensor[]): Record<string, number | number[]> {
  const strides = inputs.map((input) => broadcastStrides(input, y.shape));
  const [aStrides = [], bStrides = [], cStrides = [], dStrides = []] = strides;
  return {
    count: y.size,
    rank: y.rank,
    shape: [...y.shape],
    yStrides: [...y.strides],
    aStrides,
    bStrides,
    cStrides,
    dStrides,
  };
}

/** Strides of an input along the axes of the result: 0 where it is repeated. */
function broadcastStrides(input: Tensor, shape: Shape): number[] {
  const missing = shape.length - input.rank;
  return shape.map((_, axis) =>
    axis < missing || input.shape[axis - missing] === 1 ? 0 : input.strides[axis - missing],
  );
}

type Partial = (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;

/** An op of two inputs; the gradient of a broadcast input is summed over where it was repeated. */
function binary(name: string, expression: string, da: Partial, db: Partial): (a: Tensor, b: Tensor) => Tensor {
  return op(name, { a: float, b: float }, (a, b) => {
    const shape = broadcastShapes(name, [a.shape, b.shape]);
    const y = map(expression, [a, b], { shape });
    return differentiable(name, [a, b], y, [], (dy) => [
      a.requiresGrad ? sumTo(da(dy, a, b, y), a.shape) : null,
      b.requiresGrad ? sumTo(db(dy, a, b, y), b.shape) : null,
    ]);
  });
}

const whole = (dy: Tensor): Tensor => dy;

/** a + b */
export const add = binary('add', 'a + b', whole, whole);
/** a - b */
export const sub = binary('sub', 'a - b', whole, (dy) => map('-a', [dy]));
/** a * b */
export const mul = binary(
  'mul',
  'a * b',
  (dy, _, b) => map('a * b', [dy, b]),
  (dy, a) => map('a * b', [dy, a]),
);
/** a / b; IEEE results for b = 0. */
export const div = binary(
  'div',
  'a / b',
  (dy, _, b) => map('a / b', [dy, b]),
  (dy, _, b, y) => map('-a * c / b', [dy, b, y]),
);
/** max(a, b), NaN where either is; where they are equal each gets half of the gradient, as in PyTorch. */
export const maximum = binary(
  'maximum',
  'maximum(a, b)',
  (dy, a, b) => map('a * select(select(T(1), T(0.5), b == c), T(0), b < c)', [dy, a, b]),
  (dy, a, b) => map('a * select(select(T(1), T(0.5), b == c), T(0), c < b)', [dy, a, b]),
);

/** An op of one input. Its slope is an expression in a = dy and b, which is x or y as `of` says (nothing for neither). */
function unary(
  name: string,
  expression: string,
  slope: string,
  of: 'input' | 'output' | 'none',
): (x: Tensor) => Tensor {
  return op(name, { x: float }, (x) => {
    const y = map(expression, [x]);
    const kept = { input: [x], output: [y], none: [] }[of];
    return differentiable(name, [x], y, kept, (dy) => [map(slope, [dy, ...kept])]);
  });
}

/** -x */
export const neg = unary('neg', '-a', '-a', 'none');
/** e^x */
export const exp = unary('exp', 'exp(a)', 'a * b', 'output');
/** Natural logarithm. */
export const log = unary('log', 'log(a)', 'a / b', 'input');
/** Square root; its slope at 0 is infinite. */
export const sqrt = unary('sqrt', 'sqrt(a)', 'T(0.5) * a / b', 'output');
/** x^2 */
export const square = unary('square', 'a * a', 'T(2) * a * b', 'input');
/** |x|; the slope at 0 is 0. */
export const abs = unary('abs', 'abs(a)', 'a * sign(b)', 'input');
/**
 * max(x, 0); NaN stays NaN. The slope at 0 is 0, as in PyTorch. Keeps its output, not its input. The slope at NaN is 1 where
 * the adapter's comparisons know NaN, which WGSL does not promise.
 */
export const relu = unary('relu', 'relu(a)', 'select(a, T(0), b <= T(0))', 'output');

/** factor * x, for a finite constant that never changes between runs of a plan. */
export const scale = op('scale', { x: float, factor: finite }, (x: Tensor, factor: number): Tensor => {
  const by = `T(${Number.isInteger(factor) ? factor.toFixed(1) : factor})`;
  return differentiable('scale', [x], map(`a * ${by}`, [x]), [], (dy) => [map(`a * ${by}`, [dy])]);
});
