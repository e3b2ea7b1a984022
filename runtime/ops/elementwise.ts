/** Elementwise arithmetic with NumPy's broadcasting, on any strides. One kernel family; the expression is its slot. */
import source from '../../shaders/elementwise.wgsl';
import { differentiable } from '../autograd.ts';
import { LimitError } from '../errors.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import { groups2d, stridingGroups } from '../launch.ts';
import { broadcastShapes, denseOrder, formatShape, isDenseIn, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { sumTo } from './reduce.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;
const MAX_RANK = 6;

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
export function map(expression: string, inputs: readonly Tensor[], options: MapOptions = {}): Tensor {
  const shape =
    options.shape ??
    broadcastShapes(
      'map',
      inputs.map((input) => input.shape),
    );
  const model = inputs.find((input) => sameShape(input.shape, shape));
  const order = options.order ?? (model && denseOrder(shape, model.strides)) ?? undefined;
  const { context } = inputs[0];
  const dtype = options.dtype ?? (inputs.every((input) => input.dtype === 'f16') ? 'f16' : 'f32');
  const y = context.empty(shape, { order, dtype });
  const linear = inputs.every(
    (input) => input.offset % 4 === 0 && sameShape(input.shape, shape) && isDenseIn(shape, input.strides, order),
  );
  context.launch({
    kernel: kernelOf(linear ? 'linear' : 'strided', expression, inputs.length),
    bindings: { ...Object.fromEntries(inputs.map((input, i) => [NAMES[i], input])), y },
    uniforms: uniformsOf(y, inputs),
    groups: linear ? stridingGroups(context, Math.ceil(y.size / 256)) : groups2d(Math.ceil(y.size / 256)),
    work: { name: '', shape: `${expression} ${formatShape(shape)}`, flops: 0 },
  });
  return y;
}

function kernelOf(entry: 'linear' | 'strided', expression: string, inputs: number): KernelSpec {
  const index = (i: number) => (entry === 'linear' ? 'i' : `at[${i}]`);
  const named = NAMES.slice(0, inputs).reduce(
    (text, name, i) => text.replace(new RegExp(`\\b${name}\\b`, 'g'), `${name}[${index(i)}]`),
    expression,
  );
  const params = { T: entry === 'linear' ? 'vec4<f32>' : 'f32' };
  return { ...specs, entry, params, slots: { [entry]: `    y[${index(4)}] = ${named};` } };
}

function uniformsOf(y: Tensor, inputs: readonly Tensor[]): Record<string, number | number[]> {
  if (y.rank > MAX_RANK)
    throw new LimitError(`map: a tensor of rank ${y.rank}, at most ${MAX_RANK} axes are supported.`);
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
  return (a, b) => {
    const shape = broadcastShapes(name, [a.shape, b.shape]);
    const y = map(expression, [a, b], { shape });
    return differentiable(name, [a, b], y, [], (dy) => [
      a.requiresGrad ? sumTo(da(dy, a, b, y), a.shape) : null,
      b.requiresGrad ? sumTo(db(dy, a, b, y), b.shape) : null,
    ]);
  };
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
/** max(a, b); where they are equal each gets half of the gradient, as in PyTorch. */
export const maximum = binary(
  'maximum',
  'max(a, b)',
  (dy, a, b) => map('a * select(select(T(0.5), T(0), b < c), T(1), b > c)', [dy, a, b]),
  (dy, a, b) => map('a * select(select(T(0.5), T(0), c < b), T(1), c > b)', [dy, a, b]),
);

/** An op of one input. Its slope is an expression in a = dy and b, which is x or y as `of` says (nothing for neither). */
function unary(
  name: string,
  expression: string,
  slope: string,
  of: 'input' | 'output' | 'none',
): (x: Tensor) => Tensor {
  return (x) => {
    const y = map(expression, [x]);
    const kept = { input: [x], output: [y], none: [] }[of];
    return differentiable(name, [x], y, kept, (dy) => [map(slope, [dy, ...kept])]);
  };
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
/** max(x, 0). The slope at 0 is 0, as in PyTorch. Keeps its output, not its input. */
export const relu = unary('relu', 'max(a, T(0))', 'select(T(0), a, b > T(0))', 'output');

/**
 * The values in another type: rounded to f16 (nearest; beyond 65504 infinite), or exact in f32. `x` itself when it has the type.
 * The gradient is f32, as every gradient.
 */
export function cast(x: Tensor, dtype: 'f32' | 'f16'): Tensor {
  if (x.dtype === dtype) return x;
  return differentiable('cast', [x], map('a', [x], { dtype }), [], (dy) => [dy]);
}

/** factor * x, for a constant that never changes between runs of a plan. */
export function scale(x: Tensor, factor: number): Tensor {
  const by = `T(${Number.isInteger(factor) ? factor.toFixed(1) : factor})`;
  return differentiable('scale', [x], map(`a * ${by}`, [x]), [], (dy) => [map(`a * ${by}`, [dy])]);
}
