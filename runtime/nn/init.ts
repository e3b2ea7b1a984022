/** Initial values from counter-based random numbers, the same in every engine: only + - * / and sqrt are used. */
import type { Context } from '../context.ts';
import { RandomStream } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Draws the initial parameters of one network. The values of parameter i do not depend on the parameters before it. */
export class Initializer {
  readonly context: Context;
  readonly #seed: number;
  readonly #stream: number;
  #index = 0;

  constructor(context: Context, seed: number, stream: number) {
    this.context = context;
    this.#seed = seed;
    this.#stream = stream;
  }

  /**
   * U(-1/sqrt(fanIn), 1/sqrt(fanIn)): PyTorch's default for convolutions and linear layers (Kaiming uniform, a = sqrt(5)).
   * Drawn in logical order, so that the memory order does not matter.
   */
  uniform(shape: Shape, fanIn: number, order?: Shape): Tensor {
    const bound = 1 / Math.sqrt(fanIn);
    const random = new RandomStream(this.#seed, this.#stream, this.#index++);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-bound, bound));
    return this.context.tensor(values, shape, { order });
  }

  constant(shape: Shape, value: number): Tensor {
    return this.context.tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
  }
}
