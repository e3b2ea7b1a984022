/**
 * ResNets of basic blocks (He et al. 2016). Parameter names are those of the authors' BaseModel, so their state dicts and
 * ours are interchangeable (docs/methods.md 3).
 */
import {
  BatchNorm,
  Conv2d,
  cast,
  globalAvgPool2d,
  type Initializer,
  Module,
  maxPool2d,
  type Tensor,
} from '../../runtime/index.ts';
import { type Architecture, Backbone, type BackboneOptions, type Precision } from './backbone.ts';

/** Two 3x3 convolutions around a shortcut. [N, C, H, W] -> [N, outChannels, H / stride, W / stride]. */
class BasicBlock extends Module {
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #shortcut: { conv: Conv2d; bn: BatchNorm } | null;

  constructor(
    init: Initializer,
    inChannels: number,
    outChannels: number,
    { stride, shortcutName, isBiasFree }: { stride: number; shortcutName: string; isBiasFree: boolean },
  ) {
    super();
    const norm = { affine: !isBiasFree };
    this.#conv1 = this.child('conv1', new Conv2d(init, inChannels, outChannels, 3, { stride, padding: 1 }));
    this.#bn1 = this.child('bn1', new BatchNorm(init, outChannels, norm));
    this.#conv2 = this.child('conv2', new Conv2d(init, outChannels, outChannels, 3, { padding: 1 }));
    this.#bn2 = this.child('bn2', new BatchNorm(init, outChannels, norm));
    const changes = stride !== 1 || inChannels !== outChannels;
    this.#shortcut = changes
      ? {
          conv: this.child(`${shortcutName}.0`, new Conv2d(init, inChannels, outChannels, 1, { stride })),
          bn: this.child(`${shortcutName}.1`, new BatchNorm(init, outChannels, norm)),
        }
      : null;
  }

  forward(input: Tensor, training: boolean): Tensor {
    const hidden = this.#bn1.forward(this.#conv1.forward(input), training, { relu: true });
    const residual = this.#shortcut ? this.#shortcut.bn.forward(this.#shortcut.conv.forward(input), training) : input;
    return this.#bn2.forward(this.#conv2.forward(hidden), training, { residual, relu: true });
  }
}

/**
 * [N, 3, S, S] -> [N, 8 width]: stem, four stages, global average pool. Sides up to 64 use the `cifar` stem, larger ones the
 * `imagenet` stem.
 */
class ResNet extends Backbone {
  override readonly channels: number;
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #blocks: BasicBlock[] = [];
  readonly #isImageNetStem: boolean;
  readonly #precision: Precision;

  constructor(init: Initializer, blocks: readonly number[], { width, size, precision, isBiasFree }: BackboneOptions) {
    super();
    this.#precision = precision;
    this.#isImageNetStem = size > 64;
    const { side, ...window } = this.#isImageNetStem
      ? { side: 7, stride: 2, padding: 3 }
      : { side: 3, stride: 1, padding: 1 };
    this.#conv1 = this.child('conv1', new Conv2d(init, 3, width, side, window));
    this.#bn1 = this.child('bn1', new BatchNorm(init, width, { affine: !isBiasFree }));
    const shortcutName = this.#isImageNetStem ? 'downsample' : 'shortcut';
    let channels = width;
    blocks.forEach((count, stage) => {
      for (let i = 0; i < count; i++) {
        const out = width * 2 ** stage;
        const block = new BasicBlock(init, channels, out, {
          stride: stage > 0 && i === 0 ? 2 : 1,
          shortcutName,
          isBiasFree,
        });
        this.#blocks.push(this.child(`layer${stage + 1}.${i}`, block));
        channels = out;
      }
    });
    this.channels = channels;
  }

  forward(images: Tensor, training: boolean): Tensor {
    let x = this.#bn1.forward(this.#conv1.forward(cast(images, this.#precision)), training, { relu: true });
    if (this.#isImageNetStem) x = maxPool2d(x, { kernel: 3, stride: 2, padding: 1 });
    for (const block of this.#blocks) x = block.forward(x, training);
    return globalAvgPool2d(x);
  }
}

export const resnet18: Architecture<'resnet18'> = {
  name: 'resnet18',
  summary: 'two blocks per stage',
  build: (init, options) => new ResNet(init, [2, 2, 2, 2], options),
};

export const resnet10: Architecture<'resnet10'> = {
  name: 'resnet10',
  summary: 'one block per stage',
  build: (init, options) => new ResNet(init, [1, 1, 1, 1], options),
};
