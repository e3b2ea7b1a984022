/** What follows a backbone: the projection head, whose output is f, and linear heads. */
import { BatchNorm, type Initializer, Linear, Module, relu, type Tensor } from '../../runtime/index.ts';

/** The hidden width of the paper's head at width 64; with narrower backbones the head stays square. */
const HEAD_WIDTH = 512;

export const PROJECTIONS = ['mlp', 'mlpWithoutNorm', 'linear', 'none'] as const;
export type Projection = (typeof PROJECTIONS)[number];

/** linear - BN - ReLU - linear, SimCLR's non-linear head; `0`, `1`, `3` in files. Without the BN (CSI's) `0` and `2`. */
export class MlpHead extends Module {
  readonly #hidden: Linear;
  readonly #bn: BatchNorm | null;
  readonly #out: Linear;

  constructor(
    init: Initializer,
    channels: number,
    features: number,
    { hasNorm, isBiasFree }: { hasNorm: boolean; isBiasFree: boolean },
  ) {
    super();
    const width = Math.min(HEAD_WIDTH, channels);
    this.#hidden = this.child('0', new Linear(init, channels, width, { bias: !isBiasFree }));
    this.#bn = hasNorm ? this.child('1', new BatchNorm(init, width, { affine: !isBiasFree })) : null;
    this.#out = this.child(hasNorm ? '3' : '2', new Linear(init, width, features, { bias: !isBiasFree }));
  }

  forward(input: Tensor, training: boolean): Tensor {
    const hidden = this.#hidden.forward(input);
    return this.#out.forward(this.#bn ? this.#bn.forward(hidden, training, { relu: true }) : relu(hidden));
  }
}
