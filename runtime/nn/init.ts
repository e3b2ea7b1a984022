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

  constructor(context: Context, seed: number, stream: number, convolutions: ConvolutionInit = 'uniform') {
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
    const values = Float32Array.from({ length: sizeOf(shape) }, () => deviation * normal(random));
    return this.context.tensor(values, shape, { order: KERNEL_ORDER });
  }

  constant(shape: Shape, value: number): Tensor {
    return this.context.tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
  }
}

/** A number from N(0, 1), by the polar method (Marsaglia and Bray 1964). */
export function normal(random: RandomStream): number {
  for (;;) {
    const [x, y] = [random.uniform(-1, 1), random.uniform(-1, 1)];
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * naturalLog(square)) / square);
  }
}

/** log x for x in (0, 1], to 1e-15, with exact operations: for x in (1/2, 1] the series of -2 atanh((1 - x) / (1 + x)). */
function naturalLog(x: number): number {
  if (x <= 0.5) return naturalLog(2 * x) - Math.LN2;
  const t = (1 - x) / (1 + x);
  let sum = 0;
  for (let power = 33; power >= 1; power -= 2) sum = sum * t * t + 1 / power;
  return -2 * t * sum;
}
