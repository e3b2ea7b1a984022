/**
 * The small convolutional network of the one-class literature (docs/methods.md 3; Ruff et al. 2018, Liznerski et al. 2022):
 * three 5x5 convolutions, each followed by batch norm, leaky ReLU and 2x2 max pooling, and a linear layer.
 */
import {
  BatchNorm,
  Conv2d,
  cast,
  type Initializer,
  Linear,
  leakyRelu,
  maxPool2d,
  reshape,
  type Tensor,
} from '../../runtime/index.ts';
import { type Architecture, Backbone, type BackboneOptions, type Precision } from './backbone.ts';

const EPS = 1e-4;
const SLOPE = 0.01;
/** A stage for each convolution, and the linear layer. */
const STAGES = 4;

/** [N, 3, S, S] -> [N, 16 width]. Convolutions have no bias, since batch norm follows. */
class Cnn32 extends Backbone {
  override readonly channels: number;
  readonly #convolutions: { conv: Conv2d; bn: BatchNorm }[];
  readonly #linear: Linear;
  readonly #bn: BatchNorm;
  readonly #precision: Precision;

  constructor(init: Initializer, { width, size, precision, isBiasFree }: BackboneOptions) {
    super();
    this.#precision = precision;
    const norm = { eps: EPS, affine: !isBiasFree };
    const sides = [3, width, 2 * width, 4 * width];
    this.#convolutions = [1, 2, 3].map((i) => ({
      conv: this.layer(i, `conv${i}`, new Conv2d(init, sides[i - 1], sides[i], 5, { padding: 2 })),
      bn: this.layer(i, `bn${i}`, new BatchNorm(init, sides[i], norm)),
    }));
    this.channels = 16 * width;
    this.#linear = this.layer(
      STAGES,
      'fc1',
      new Linear(init, 4 * width * (size / 8) ** 2, this.channels, { bias: !isBiasFree }),
    );
    this.#bn = this.layer(STAGES, 'bn4', new BatchNorm(init, this.channels, norm));
  }

  forward(images: Tensor, training: boolean): Tensor {
    let x = cast(images, this.#precision);
    for (const { conv, bn } of this.#convolutions) {
      x = maxPool2d(leakyRelu(bn.forward(conv.forward(x), training), SLOPE), { kernel: 2, stride: 2 });
    }
    const flat = cast(reshape(x, [x.shape[0], x.size / x.shape[0]]), 'f32');
    return leakyRelu(this.#bn.forward(this.#linear.forward(flat), training), SLOPE);
  }
}

export const cnn32: Architecture<'cnn32'> = {
  name: 'cnn32',
  title: 'CNN32',
  summary: 'three convolutions, for 32 px',
  stages: STAGES,
  sideUnit: 8,
  build: (init, options) => new Cnn32(init, options),
};
