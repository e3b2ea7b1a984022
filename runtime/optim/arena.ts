/**
 * All parameters in one tensor, the arena, so that few launches update them. The parameter tensors remain valid; only their
 * memory moves. Small parameters come first and are updated together; an arena with the same layout holds their gradients.
 * Each large parameter is updated separately, and its gradient need not outlive the backward pass.
 */
import type { Context } from '../context.ts';
import { ShapeError } from '../errors.ts';
import { extentOf, formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Parameters start at multiples of this many scalars: 256 bytes, the offset alignment of bindings. */
const RUN = 64;

/** A parameter with this share of all scalars is large. ResNet-18 has 7 of them, with 9 of 10 scalars. */
const LARGE_SHARE = 1 / 32;

/** The place of a parameter, in runs of 64 scalars. */
export interface Segment {
  parameter: Tensor;
  firstRun: number;
  runs: number;
}

/** The parameters that one launch updates. */
export interface Part {
  /** In scalars. `first` is a multiple of 64, `count` of 4. */
  first: number;
  count: number;
  firstSegment: number;
  segments: number;
}

export interface Arena {
  context: Context;
  /** [size]; the unused end of a run is 0. */
  parameters: Tensor;
  size: number;
  segments: Segment[];
  /** All small parameters, and their gradients in the same layout; null if there are none. */
  small: { part: Part; gradients: Tensor } | null;
  large: ReadonlyMap<Tensor, Part>;
}

/**
 * Moves the parameters into an arena, and the gradients of the small ones into another.
 * @throws ShapeError if there are no parameters, or one is not dense f32
 */
export function packParameters(parameters: readonly Tensor[]): Arena {
  if (parameters.length === 0) throw new ShapeError('optimizer: no parameters, expected one or more.');
  for (const { shape, strides, size, dtype } of parameters) {
    if (extentOf(shape, strides) === size && dtype === 'f32') continue;
    throw new ShapeError('optimizer: a parameter must be a dense f32 tensor.', {
      details: [`got ${formatShape(shape)}`],
    });
  }
  const { context } = parameters[0];
  const all = parameters.reduce((sum, { size }) => sum + size, 0);
  // kernels write whole vec4s, which must not exceed the gradient
  const isLarge = ({ size }: Tensor) => size >= all * LARGE_SHARE && size % 4 === 0;
  const smallOnes = parameters.filter((parameter) => !isLarge(parameter));
  const largeOnes = parameters.filter(isLarge);
  let next = 0;
  const segments = [...smallOnes, ...largeOnes].map((parameter) => {
    const runs = Math.ceil(parameter.size / RUN);
    const segment = { parameter, firstRun: next, runs };
    next += runs;
    return segment;
  });
  const size = next * RUN;
  const arena = context.zeros([size]);
  for (const { parameter, firstRun } of segments) moveParameter(parameter, arena, firstRun * RUN);
  const large = new Map(
    segments.slice(smallOnes.length).map(({ parameter, firstRun }, i) => {
      const part = { first: firstRun * RUN, count: parameter.size, firstSegment: smallOnes.length + i, segments: 1 };
      return [parameter, part];
    }),
  );
  const small = smallOnes.length > 0 ? packGradients(context, segments.slice(0, smallOnes.length)) : null;
  return { context, parameters: arena, size, segments, small, large };
}

function moveParameter(parameter: Tensor, arena: Tensor, offset: number): void {
  const { shape, strides } = parameter;
  const place = arena.view({ shape, strides, offset });
  arena.context.copy(parameter, place);
  arena.storage.retain();
  parameter.rebind(arena.storage, offset);
  place.dispose();
}

function packGradients(context: Context, segments: readonly Segment[]): { part: Part; gradients: Tensor } {
  const count = segments.reduce((sum, { runs }) => sum + runs, 0) * RUN;
  const gradients = context.zeros([count]);
  for (const { parameter, firstRun } of segments) {
    const { shape, strides } = parameter;
    parameter.gradPlace = gradients.view({ shape, strides, offset: firstRun * RUN });
  }
  return { part: { first: 0, count, firstSegment: 0, segments: segments.length }, gradients };
}
