/**
 * Compares an op on the device with a reference in f64: its values, and its gradients with central differences of the
 * reference (never of the device's own f32 values, whose rounding would drown them).
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
import { mul } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { RandomStream } from '../random.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** A row-major array of the reference. */
export interface F64Array {
  shape: Shape;
  data: Float64Array;
}

export interface GradCheckInput {
  /** Row-major; rounded to f32, or f16, first, so that device and reference see the same numbers. */
  values: ArrayLike<number>;
  shape: Shape;
  dtype?: DType;
  /** Memory order of the device's tensor. */
  order?: Shape;
  /** A leaf that exists, with these values, to be used as it is (a module's parameter) instead of a new one. */
  tensor?: Tensor;
  /** False for what no gradient is asked of. Default: true for f32 and f16. */
  differentiate?: boolean;
}

export interface GradCheckOptions {
  op: (...inputs: Tensor[]) => Tensor;
  reference: (...inputs: F64Array[]) => F64Array;
  inputs: readonly GradCheckInput[];
  /** Largest relative error allowed of the values. */
  tolerance: number;
  /** The same of the gradients. Default `tolerance`. */
  gradientTolerance?: number;
  /**
   * An error is measured against max(|expected|, floor * the largest |expected| of its tensor): a sum that cancels to
   * almost nothing keeps the rounding of its terms, so that its own size is no measure. Default 0.1.
   */
  floor?: number;
  /** Step of the differences is this times max(1, |x|). Default 1e-5. */
  step?: number;
  /** Gradients are checked at so many random places of each input; default at all. */
  coordinates?: number;
  /**
   * Sets aside places where the reference has a kink (ReLU, ties of a maximum) within the step: where its one-sided
   * slopes, or its slopes at the step and at a quarter of it, disagree. They are counted. Costs twice as much.
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

/** One tensor compared: the place with the largest error. */
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
  /** The output first, then each input that is differentiated. */
  comparisons: Comparison[];
  /** Places where gradients were compared, and those set aside at kinks. */
  checked: number;
  kinks: number;
}

/**
 * Runs an op forward and backward and compares both with the reference. The gradient is that of sum(output * r) with
 * fixed random r in +-[0.5, 1], so that no part of it can hide.
 * @throws ShapeError when the reference's output has another shape than the op's; what the op throws
 * Cost: two runs of the reference for every place (four with skipKinks).
 */
export async function gradCheck(context: Context, options: GradCheckOptions): Promise<GradCheckResult> {
  checkArguments('gradCheck', PARAMETERS, [context, options]);
  const { tolerance, gradientTolerance = tolerance, floor = 0.1 } = options;
  const inputs = options.inputs.map(roundedInput);
  const expected = options.reference(...inputs);
  const weights = weightsOf(expected.shape);
  const { output, gradients } = await runOnDevice(context, options, expected, weights);
  const comparisons = [compare('output', expected.shape, output, expected.data, { tolerance, floor })];
  let [checked, kinks] = [0, 0];
  for (const { at, values } of gradients) {
    const slopes = differences(options, inputs, at, weights, gradientTolerance);
    const actual = slopes.places.map((place) => values[place]);
    const shape = inputs[at].shape;
    const found = compare(`gradient of input ${at}`, shape, actual, slopes.values, {
      tolerance: gradientTolerance,
      floor,
    });
    comparisons.push({ ...found, index: slopes.places[found.index] ?? 0 });
    checked += slopes.places.length;
    kinks += slopes.kinks;
  }
  return { passed: comparisons.every((each) => each.worstError <= each.tolerance), comparisons, checked, kinks };
}

/** A line for each comparison that failed (all when none did): where, what was got, what was expected. */
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
      if (differentiated.length > 0) backward(sum(mul(y, context.tensor(weights, expected.shape))));
      return [y.detach(), ...differentiated.map((at) => gradientOf(leaves[at], at))]; // what is not returned is freed
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
    // one-sided slopes of a smooth function differ by h f'': far more is allowed than of the two central ones
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

/** Differences first, sums second: what does not change cancels exactly. */
function slopeBetween(from: Float64Array, to: Float64Array, weights: Float64Array, distance: number): number {
  let total = 0;
  for (let i = 0; i < to.length; i++) total += weights[i] * (to[i] - from[i]);
  return total / distance;
}

/** All places, or `count` of them drawn without repeats. */
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
    // where all that is expected is 0, only 0 will do; NaN is worse than any number
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
