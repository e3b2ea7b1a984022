/** Elementwise arithmetic with NumPy's broadcasting. Each op is an expression, and its gradient one or two more. */
import { finite, float, op } from '../arguments.ts';
import { differentiable } from '../autograd/tape.ts';
import { broadcastShapes } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { mapFor } from './map.ts';
import { sumTo } from './reduce.ts';

type Map = ReturnType<typeof mapFor>;

type Partial = (map: Map, dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;

/** An op with two inputs. The gradient of a broadcast input is summed over the axes it was broadcast along. */
function binary(name: string, expression: string, da: Partial, db: Partial): (a: Tensor, b: Tensor) => Tensor {
  const map = mapFor(name);
  return op(name, { a: float, b: float }, (a, b) => {
    const shape = broadcastShapes(name, [a.shape, b.shape]);
    const y = map(expression, [a, b], { shape });
    return differentiable(name, [a, b], y, [], (dy) => [
      a.requiresGrad ? sumTo(da(map, dy, a, b, y), a.shape) : null,
      b.requiresGrad ? sumTo(db(map, dy, a, b, y), b.shape) : null,
    ]);
  });
}

const whole = (_: Map, dy: Tensor): Tensor => dy;

/** a + b */
export const add = binary('add', 'a + b', whole, whole);
/** a - b */
export const sub = binary('sub', 'a - b', whole, (map, dy) => map('-a', [dy]));
/** a * b */
export const mul = binary(
  'mul',
  'a * b',
  (map, dy, _, b) => map('a * b', [dy, b]),
  (map, dy, a) => map('a * b', [dy, a]),
);
/** a / b; IEEE results for b = 0. */
export const div = binary(
  'div',
  'a / b',
  (map, dy, _, b) => map('a / b', [dy, b]),
  (map, dy, _, b, y) => map('-a * c / b', [dy, b, y]),
);
/** max(a, b), NaN if either is. Equal inputs get half the gradient each, as in PyTorch. */
export const maximum = binary(
  'maximum',
  'maximum(a, b)',
  (map, dy, a, b) => map('a * select(select(T(1), T(0.5), b == c), T(0), b < c)', [dy, a, b]),
  (map, dy, a, b) => map('a * select(select(T(1), T(0.5), b == c), T(0), c < b)', [dy, a, b]),
);

/** An op with one input. `slope` is the gradient in terms of a = dy and b, which is x or y as `of` says. */
function unary(
  name: string,
  expression: string,
  slope: string,
  of: 'input' | 'output' | 'none',
): (x: Tensor) => Tensor {
  const map = mapFor(name);
  return op(name, { x: float }, (x) => {
    const y = map(expression, [x]);
    const kept = { input: [x], output: [y], none: [] }[of];
    return differentiable(name, [x], y, kept, (dy) => [map(slope, [dy, ...kept])]);
  });
}

/** -x */
export const neg = unary('neg', '-a', '-a', 'none');
/** e^x; NaN stays NaN. The test of its bits is for SwiftShader, where exp(NaN) is infinite. */
export const exp = unary(
  'exp',
  'select(exp(a), a, (bitcast<I>(a) & I(0x7fffffff)) > I(0x7f800000))',
  'a * b',
  'output',
);
/** Natural logarithm. */
export const log = unary('log', 'log(a)', 'a / b', 'input');
/** Square root; its slope at 0 is infinite. */
export const sqrt = unary('sqrt', 'sqrt(a)', 'T(0.5) * a / b', 'output');
/** x^2 */
export const square = unary('square', 'a * a', 'T(2) * a * b', 'input');
/** |x|; the slope at 0 is 0. */
export const abs = unary('abs', 'abs(a)', 'a * sign(b)', 'input');
/**
 * max(x, 0); NaN stays NaN. The slope at 0 is 0, as in PyTorch. Saves its output, not its input. The slope at NaN is 1 if
 * the adapter's comparisons handle NaN, which WGSL does not guarantee.
 */
export const relu = unary('relu', 'relu(a)', 'select(a, T(0), b <= T(0))', 'output');

/** min(max(x, 0), 6); NaN stays NaN. The slope at 0 and at 6 is 0, as in PyTorch. Saves its output. */
export const relu6 = unary(
  'relu6',
  '-maximum(-relu(a), T(-6))',
  'select(a, T(0), (b <= T(0)) | (b >= T(6)))',
  'output',
);
/** 1 / (1 + e^-x), without overflow. Saves its output. */
export const sigmoid = unary('sigmoid', 'exp(min(a, T(0))) / (T(1) + exp(-abs(a)))', 'a * b * (T(1) - b)', 'output');

const mapForLeakyRelu = mapFor('leakyRelu');

/** x where it is positive, otherwise slope * x; NaN stays NaN. At 0 its slope is `slope`, as in PyTorch. */
export const leakyRelu = op('leakyRelu', { x: float, slope: finite }, (x: Tensor, slope: number): Tensor => {
  const y = mapForLeakyRelu(`select(a * T(${slope}), a, a > T(0))`, [x]);
  return differentiable('leakyRelu', [x], y, [x], (dy) => [
    mapForLeakyRelu(`select(a * T(${slope}), a, b > T(0))`, [dy, x]),
  ]);
});

const mapForScale = mapFor('scale');
/** factor * x, for a finite constant that does not change between runs of a plan. */
export const scale = op('scale', { x: float, factor: finite }, (x: Tensor, factor: number): Tensor => {
  const by = `T(${Number.isInteger(factor) ? factor.toFixed(1) : factor})`;
  return differentiable('scale', [x], mapForScale(`a * ${by}`, [x]), [], (dy) => [mapForScale(`a * ${by}`, [dy])]);
});
