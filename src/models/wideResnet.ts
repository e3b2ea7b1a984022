/**
 * Wide residual network of pre-activation blocks (Zagoruyko and Komodakis 2016): depth 10, four times as wide as a plain one.
 * What Golan and El-Yaniv (2018) train with 72 transformations (docs/methods.md 3).
 */
import {
  add,
  BatchNorm,
  Conv2d,
  cast,
  globalAvgPool2d,
  type Initializer,
  Module,
  type Tensor,
} from '../../runtime/index.ts';
import { type Architecture, Backbone, type BackboneOptions, type Precision } from './backbone.ts';

const WIDEN = 4;
const GROUPS = 3;

/** x -> conv2(relu(bn2(conv1(a)))) + shortcut, a = relu(bn1(x)); the shortcut is x, or a 1x1 convolution of a. */
class PreActivationBlock extends Module {
  readonly #bn1: BatchNorm;
  readonly #conv1: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #shortcut: Conv2d | null;

  constructor(
    init: Initializer,
    inChannels: number,
    outChannels: number,
    { stride, isBiasFree }: { stride: number; isBiasFree: boolean },
  ) {
    super();
    const norm = { affine: !isBiasFree };
    this.#bn1 = this.child('bn1', new BatchNorm(init, inChannels, norm));
    this.#conv1 = this.child('conv1', new Conv2d(init, inChannels, outChannels, 3, { stride, padding: 1 }));
    this.#bn2 = this.child('bn2', new BatchNorm(init, outChannels, norm));
    this.#conv2 = this.child('conv2', new Conv2d(init, outChannels, outChannels, 3, { padding: 1 }));
    const changes = stride !== 1 || inChannels !== outChannels;
    this.#shortcut = changes ? this.child('shortcut', new Conv2d(init, inChannels, outChannels, 1, { stride })) : null;
  }

  forward(x: Tensor, training: boolean): Tensor {
    const active = this.#bn1.forward(x, training, { relu: true });
    const hidden = this.#bn2.forward(this.#conv1.forward(active), training, { relu: true });
    return add(this.#conv2.forward(hidden), this.#shortcut ? this.#shortcut.forward(active) : x);
  }
}

/** [N, 3, S, S] -> [N, 16 width]: a 3x3 convolution, three groups of one block, batch norm, ReLU, global average pool. */
class WideResNet extends Backbone {
  override readonly channels: number;
  readonly #conv1: Conv2d;
  readonly #blocks: readonly PreActivationBlock[];
  readonly #bn: BatchNorm;
  readonly #precision: Precision;

  constructor(init: Initializer, { width, precision, isBiasFree }: BackboneOptions) {
    super();
    this.#precision = precision;
    this.#conv1 = this.layer(1, 'conv1', new Conv2d(init, 3, width, 3, { padding: 1 }));
    let channels = width;
    this.#blocks = Array.from({ length: GROUPS }, (_, group) => {
      const out = WIDEN * width * 2 ** group;
      const block = new PreActivationBlock(init, channels, out, { stride: group === 0 ? 1 : 2, isBiasFree });
      channels = out;
      return this.layer(group + 1, `block${group + 1}`, block);
    });
    this.#bn = this.layer(GROUPS, 'bn1', new BatchNorm(init, channels, { affine: !isBiasFree }));
    this.channels = channels;
  }

  forward(images: Tensor, training: boolean): Tensor {
    let x = this.#conv1.forward(cast(images, this.#precision));
    for (const block of this.#blocks) x = block.forward(x, training);
    return globalAvgPool2d(this.#bn.forward(x, training, { relu: true }));
  }
}

export const wideResnet: Architecture<'wrn10-4'> = {
  name: 'wrn10-4',
  title: 'WRN-10-4',
  summary: 'wide ResNet of depth 10, for 32 px',
  stages: GROUPS,
  build: (init, options) => new WideResNet(init, options),
};
