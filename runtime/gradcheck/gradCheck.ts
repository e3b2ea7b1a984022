/**
 * Compares an op on the device with a reference in f64: its values directly, its gradients with central differences of the
 * reference (not of the device's f32 values, whose rounding errors would dominate).
 */
import {
  anything,
  arrayOf,
  checkArguments,
  flag,
  number,
  numbers,
  object,
  oneOf,
  optional,
  tensor,
} from '../arguments.ts';
import { backward } from '../autograd/backward.ts';
import type { Context } from '../context.ts';
import { DTYPES, type DType } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { fromHalves, toHalves } from '../half.ts';
import { cast } from '../ops/cast.ts';
import { mul } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { concat, reshape } from '../ops/shapeOps.ts';
import { RandomStream } from '../random.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** A row-major array of the reference. */
export interface F64Array {
  shape: Shape;
  data: Float64Array;
}

export interface GradCheckInput {
  /** Row-major; first rounded to f32 or f16, so that the device and the reference see the same numbers. */
  values: ArrayLike<number>;
  shape: Shape;
  dtype?: DType;
  /** Memory order of the tensor on the device. */
  order?: Shape;
  /** An existing leaf with these values (a module's parameter) to use instead of a new one. */
  tensor?: Tensor;
  /** False to skip the gradient of this input. Default: true for f32 and f16. */
  differentiate?: boolean;
}

export interface GradCheckOptions {
  op: (...inputs: Tensor[]) => Tensor;
  reference: (...inputs: F64Array[]) => F64Array;
  inputs: readonly GradCheckInput[];
  /** Largest relative error allowed in the values. */
  tolerance: number;
  /** Largest relative error allowed in the gradients. Default: `tolerance`. */
  gradientTolerance?: number;
  /**
   * Errors are relative to max(|expected|, floor * largest |expected| of the tensor): a sum that almost cancels keeps the
   * rounding errors of its terms, which its own size does not reflect. Default: 0.1.
   */
  floor?: number;
  /** The step of the differences is this times max(1, |x|). Default: 1e-5. */
  step?: number;
  /** Number of random elements of each input whose gradient is checked. Default: all. */
  coordinates?: number;
  /**
   * Skips, and counts, elements where the reference has a kink (ReLU, ties of a maximum) within the step: where the
   * one-sided slopes, or the slopes at the full step and a quarter of it, disagree. Doubles the cost.
   */
  skipKinks?: boolean;
}

const INPUT = object({
  ...{ values: anything, shape: numbers, dtype: optional(oneOf(...DTYPES)), order: optional(numbers) },
  ...{ tensor: optional(tensor), differentiate: optional(flag) },
});
const PARAMETERS = {
  context: anything,
  options: object({
    ...{ op: anything, reference: anything, inputs: arrayOf(INPUT) },
    ...{ tolerance: number, gradientTolerance: optional(number), floor: optional(number), step: optional(number) },
    ...{ coordinates: optional(number), skipKinks: optional(flag) },
  }),
};

/** The comparison of one tensor: its largest error and where it is. */
export interface Comparison {
  /** `output`, or `gradient of input 0`. */
  what: string;
  shape: Shape;
  worstError: number;
  tolerance: number;
  /** Row-major. */
  index: number;
  actual: number;
  expected: number;
}

export interface GradCheckResult {
  passed: boolean;
  /** The output, then each differentiated input. */
  comparisons: Comparison[];
  /** Gradient elements compared, and those skipped at kinks. */
  checked: number;
  kinks: number;
}

/**
 * Runs an op forward and backward and compares both with the reference. The gradient is that of sum(output * r) for fixed
 * random r in +-[0.5, 1], so that every element of the output contributes. It is computed twice: from a dense gradient of the
 * output, and from one that is a part of a larger tensor, with an offset and, unless the output is a scalar, with strides.
 * @throws ShapeError if the reference's output differs in shape from the op's; what the op throws
 * Cost: two runs of the reference per element checked (four with skipKinks).
 */
export async function gradCheck(context: Context, options: GradCheckOptions): Promise<GradCheckResult> {
  checkArguments('gradCheck', PARAMETERS, [context, options]);
  const { tolerance, gradientTolerance = tolerance, floor = 0.1 } = options;
  const inputs = options.inputs.map(roundedInput);
  const expected = options.reference(...inputs);
  const weights = weightsOf(expected.shape);
  const { output, gradients } = await runOnDevice(context, options, expected, weights, false);
  const again = await runOnDevice(context, options, expected, weights, true);
  const comparisons = [compare('output', expected.shape, output, expected.data, { tolerance, floor })];
  let [checked, kinks] = [0, 0];
  for (const [i, { at, values }] of gradients.entries()) {
    const slopes = differences(options, inputs, at, weights, gradientTolerance);
    const { shape } = inputs[at];
    for (const [what, found] of [
      [`gradient of input ${at}`, values],
      [`gradient of input ${at} from a part of a larger gradient`, again.gradients[i].values],
    ] as const) {
      const actual = slopes.places.map((place) => found[place]);
      const comparison = compare(what, shape, actual, slopes.values, { tolerance: gradientTolerance, floor });
      comparisons.push({ ...comparison, index: slopes.places[comparison.index] ?? 0 });
    }
    checked += slopes.places.length;
    kinks += slopes.kinks;
  }
  return { passed: comparisons.every((each) => each.worstError <= each.tolerance), comparisons, checked, kinks };
}

/** One line per failed comparison (all if none failed): where, the actual value and the expected one. */
export function describeGradCheck({ comparisons }: GradCheckResult): string {
  const failed = comparisons.filter((each) => !(each.worstError <= each.tolerance));
  return (failed.length > 0 ? failed : comparisons)
    .map(
      ({ what, shape, worstError, tolerance, index, actual, expected }) =>
        `${what} ${formatShape(shape)}: relative error ${worstError.toExponential(2)} at ${formatShape(placeOf(index, shape))}` +
        ` (got ${actual}, expected ${expected}), allowed ${tolerance.toExponential(2)}`,
    )
    .join('\n');
}

const differentiates = ({ dtype = 'f32', differentiate = true }: GradCheckInput): boolean =>
  differentiate && (dtype === 'f32' || dtype === 'f16');

function roundedInput({ values, shape, dtype }: GradCheckInput): F64Array {
  const rounded = dtype === 'f16' ? fromHalves(toHalves(values)) : Float32Array.from(values);
  return { shape, data: Float64Array.from(rounded) };
}

function weightsOf(shape: Shape): Float64Array {
  const random = new RandomStream(1, 0, 0);
  return Float64Array.from({ length: sizeOf(shape) }, () => {
    const value = random.uniform(-0.5, 0.5);
    return Math.fround(value < 0 ? value - 0.5 : value + 0.5);
  });
}

async function runOnDevice(
  context: Context,
  { op, inputs }: GradCheckOptions,
  expected: F64Array,
  weights: Float64Array,
  isPart: boolean,
): Promise<{ output: ArrayLike<number>; gradients: { at: number; values: ArrayLike<number> }[] }> {
  const leaves = inputs.map((input) => {
    if (input.tensor) return input.tensor;
    const leaf = context.tensor(input.values, input.shape, { dtype: input.dtype, order: input.order });
    leaf.requiresGrad = differentiates(input);
    return leaf;
  });
  const differentiated = inputs.flatMap((input, at) => (differentiates(input) ? [at] : []));
  try {
    const made = context.scope(() => {
      const y = op(...leaves);
      if (!sameShape(y.shape, expected.shape)) {
        throw new ShapeError(
          `gradCheck: the op returns ${formatShape(y.shape)}, its reference ${formatShape(expected.shape)}.`,
        );
      }
      const r = context.tensor(weights, expected.shape);
      if (differentiated.length > 0) backward(isPart ? sum(mul(besideZeros(y), besideZeros(r))) : sum(mul(y, r)));
      return [y.detach(), ...differentiated.map((at) => gradientOf(leaves[at], at))]; // the scope frees everything else
    });
    const [output, ...dInputs] = await Promise.all(made.map((each) => each.read()));
    made[0].dispose();
    return { output, gradients: differentiated.map((at, i) => ({ at, values: dInputs[i] })) };
  } finally {
    leaves.forEach((leaf, at) => {
      leaf.grad?.dispose();
      leaf.grad = null;
      if (!inputs[at].tensor) leaf.dispose();
    });
  }
}

/** The tensor as the second half of one twice as wide, whose first half is 0; f32, as parts of f16 start at whole words only. */
function besideZeros(x: Tensor): Tensor {
  const wide = cast(x.rank === 0 ? reshape(x, [1]) : x, 'f32');
  return concat([x.context.zeros(wide.shape), wide], -1);
}

function gradientOf(leaf: Tensor, at: number): Tensor {
  if (leaf.grad) return leaf.grad;
  throw new ShapeError(`gradCheck: input ${at} ${formatShape(leaf.shape)} got no gradient.`, {
    remedy: 'differentiate: false for an input that the op does not differentiate',
  });
}

/** Slopes of sum(reference * weights) along the coordinates of one input. */
function differences(
  { reference, coordinates, step = 1e-5, skipKinks = false }: GradCheckOptions,
  inputs: readonly F64Array[],
  at: number,
  weights: Float64Array,
  tolerance: number,
): { places: number[]; values: number[]; kinks: number } {
  const { data } = inputs[at];
  const valueAt = (place: number, x: number): Float64Array => {
    const before = data[place];
    data[place] = x;
    const y = reference(...inputs).data;
    data[place] = before;
    return y;
  };
  const here = reference(...inputs).data;
  const all = placesOf(data.length, coordinates).map((place) => {
    const x = data[place];
    const h = step * Math.max(1, Math.abs(x));
    const [above, below] = [valueAt(place, x + h), valueAt(place, x - h)];
    const central = slopeBetween(below, above, weights, 2 * h);
    if (!skipKinks) return { place, central, doubts: [] };
    const nearer = slopeBetween(valueAt(place, x - h / 4), valueAt(place, x + h / 4), weights, h / 2);
    // the one-sided slopes of a smooth function differ by h f'', far more than the two central ones
    const sides = slopeBetween(here, above, weights, h) - slopeBetween(below, here, weights, h);
    return { place, central, doubts: [(nearer - central) / (0.25 * tolerance), sides / 1e-2] };
  });
  const largest = all.reduce((most, { central }) => Math.max(most, Math.abs(central)), 0);
  const smooth = all.filter(({ doubts }) => doubts.every((doubt) => Math.abs(doubt) <= largest));
  return {
    places: smooth.map(({ place }) => place),
    values: smooth.map(({ central }) => central),
    kinks: all.length - smooth.length,
  };
}

/** Takes differences before summing, so that unchanged elements cancel exactly. */
function slopeBetween(from: Float64Array, to: Float64Array, weights: Float64Array, distance: number): number {
  let total = 0;
  for (let i = 0; i < to.length; i++) total += weights[i] * (to[i] - from[i]);
  return total / distance;
}

/** All indices, or `count` of them drawn without repeats. */
function placesOf(size: number, count = size): number[] {
  const places = Array.from({ length: size }, (_, place) => place);
  if (count >= size) return places;
  const random = new RandomStream(2, 0, size);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random.uniform(0, 1) * (size - i));
    [places[i], places[other]] = [places[other], places[i]];
  }
  return places.slice(0, count);
}

function compare(
  what: string,
  shape: Shape,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { tolerance, floor }: { tolerance: number; floor: number },
): Comparison {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  const worst: Comparison = {
    what,
    shape,
    worstError: 0,
    tolerance,
    index: 0,
    actual: actual[0],
    expected: expected[0],
  };
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    // if all expected values are 0, only 0 passes; NaN is worse than any number
    const scale = Math.max(Math.abs(expected[i]), floor * largest);
    const error = difference === 0 ? 0 : Number.isFinite(difference) ? difference / scale : Number.POSITIVE_INFINITY;
    if (error > worst.worstError)
      Object.assign(worst, { worstError: error, index: i, actual: actual[i], expected: expected[i] });
  }
  return worst;
}

function placeOf(index: number, shape: Shape): number[] {
  const place = new Array<number>(shape.length).fill(0);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return place;
}
