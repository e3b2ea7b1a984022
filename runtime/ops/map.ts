/** Elementwise kernels from WGSL expressions, for any strides. Elementwise ops, copies and gradients use them. No tape. */
import source from '../../shaders/elementwise.wgsl';
import { arrayOf, float, numbers, oneOf, op, optional, options, text } from '../arguments.ts';
import type { DType } from '../dtype.ts';
import { ShapeError, UsageError } from '../errors.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import { groups2d, stridingGroups } from '../launch.ts';
import { broadcastShapes, checkRank, denseOrder, formatShape, isDenseIn, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { elementTypes } from './lanes.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;

const specs = { file: 'elementwise.wgsl', source };

export interface MapOptions {
  /** Default: the shape that the inputs broadcast to. */
  shape?: Shape;
  /** Memory order of the result. Default: that of the first input with the full shape, otherwise row-major. */
  order?: Shape;
  /** Type of the result. Default: f16 if all inputs are. */
  dtype?: 'f32' | 'f16';
}

/** `map` as a part of another op, which errors about its inputs name. */
export const mapFor = (name: string) =>
  op(
    name,
    {
      expression: text,
      inputs: arrayOf(float),
      options: options({ shape: optional(numbers), order: optional(numbers), dtype: optional(oneOf('f32', 'f16')) }),
    },
    (expression: string, inputs: readonly Tensor[], options: MapOptions = {}): Tensor => {
      if (inputs.length < 1 || inputs.length > NAMES.length)
        throw new UsageError(`${name}: ${inputs.length} inputs, expected one to ${NAMES.length}.`);
      const isHalf = inputs.every((input) => input.dtype === 'f16');
      return elementwise(expression, inputs, { ...options, dtype: options.dtype ?? (isHalf ? 'f16' : 'f32') });
    },
  );

/**
 * Evaluates a WGSL expression in up to four inputs named a, b, c, d. No tape. The expression must be valid for scalars and
 * vectors: write constants as T(0.5).
 * The device checks the expression later: one that does not compile ends the context with a KernelError.
 */
export const map = mapFor('map');

/** A bit-exact copy, also of u32, dense in the given memory order. */
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

/** Strides of an input along the axes of the result: 0 along broadcast axes. */
function broadcastStrides(input: Tensor, shape: Shape): number[] {
  const missing = shape.length - input.rank;
  return shape.map((_, axis) =>
    axis < missing || input.shape[axis - missing] === 1 ? 0 : input.strides[axis - missing],
  );
}
