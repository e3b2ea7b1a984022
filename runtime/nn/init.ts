/** Initial values from counter-based random numbers, the same in every engine: only + - * / and sqrt are used. */
import type { Context } from '../context.ts';
import { RandomStream } from '../random.ts';
import { KERNEL_ORDER, type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Weights of convolutions. `uniform`: U(-b, b), b = 1/sqrt(fan in), PyTorch's default. `kaiming-normal`: N(0, 2 / fan out),
 * fan out = output channels times the kernel's area (He et al. 2015).
 */
export type ConvolutionInit = 'uniform' | 'kaiming-normal';

/** Draws the initial parameters of one network. The values of parameter i do not depend on the parameters before it. */
export class Initializer {
  readonly context: Context;
  readonly #seed: number;
  readonly #stream: number;
  readonly #convolutions: ConvolutionInit;
  #index = 0;

  constructor(
    context: Context,
    seed: number,
    stream: number,
    { convolutions = 'uniform' }: { convolutions?: ConvolutionInit } = {},
  ) {
    this.#convolutions = convolutions;
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

  /** The weight of a convolution, [outChannels, inChannels, side, side]. */
  convolution(shape: readonly [number, number, number, number]): Tensor {
    const [outChannels, inChannels, height, width] = shape;
    if (this.#convolutions === 'uniform') return this.uniform(shape, inChannels * height * width, KERNEL_ORDER);
    const deviation = Math.sqrt(2 / (outChannels * height * width));
    const random = new RandomStream(this.#seed, this.#stream, this.#index++);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal());
    return this.context.tensor(values, shape, { order: KERNEL_ORDER });
  }

  constant(shape: Shape, value: number): Tensor {
    return this.context.tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
  }
}
