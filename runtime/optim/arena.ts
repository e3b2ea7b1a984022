/**
 * Parameters and their gradients side by side in two tensors, so that one launch updates all of them. The parameters stay
 * the tensors they were: only their memory moves.
 */
import type { Context } from '../context.ts';
import { ShapeError } from '../errors.ts';
import { extentOf, formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Scalars between possible starts: the offset alignment of a binding, 256 bytes. */
export const RUN = 64;

export interface Arena {
  context: Context;
  /** [size] each, of one layout; padding is 0. */
  parameters: Tensor;
  gradients: Tensor;
  size: number;
  /** Where each parameter lies, in runs of 64 scalars, in the order given. */
  segments: { firstRun: number; runs: number; rank: number }[];
}

/**
 * Moves parameters into an arena, and points their gradients to another.
 * @throws ShapeError for none, or one that is a view
 */
export function packParameters(parameters: readonly Tensor[]): Arena {
  if (parameters.length === 0) throw new ShapeError('optimizer: no parameters, expected one or more.');
  const { context } = parameters[0];
  let next = 0;
  const segments = parameters.map((parameter) => {
    if (extentOf(parameter.shape, parameter.strides) !== parameter.size || parameter.dtype !== 'f32') {
      throw new ShapeError('optimizer: a parameter must be a dense f32 tensor.', {
        details: [`got ${formatShape(parameter.shape)}`],
      });
    }
    const runs = Math.ceil(parameter.size / RUN);
    const segment = { firstRun: next, runs, rank: parameter.rank };
    next += runs;
    return segment;
  });
  const size = next * RUN;
  const arena = { context, parameters: context.zeros([size]), gradients: context.zeros([size]), size, segments };
  parameters.forEach((parameter, i) => {
    const offset = segments[i].firstRun * RUN;
    const { shape, strides } = parameter;
    const place = arena.parameters.view({ shape, strides, offset });
    context.copy(parameter, place);
    arena.parameters.storage.retain();
    parameter.rebind(arena.parameters.storage, offset);
    place.dispose();
    parameter.gradPlace = arena.gradients.view({ shape, strides, offset });
  });
  return arena;
}
