/**
 * ResNets of basic blocks (He et al. 2016). Parameter names are those of the authors' BaseModel, so their state dicts and
 * ours are interchangeable (docs/methods.md 3).
 */
import {
  add,
  BatchNorm,
  Conv2d,
  cast,
  globalAvgPool2d,
  type Initializer,
  Module,
  maxPool2d,
  relu,
  type Tensor,
} from '../../runtime/index.ts';
import { type Architecture, Backbone, type BackboneOptions, type Precision } from './backbone.ts';
import { Cbam } from './cbam.ts';

interface BlockOptions {
  stride: number;
  /** The name of the shortcut's layers in files. */
  shortcutName: string;
  hasAttention: boolean;
  isBiasFree: boolean;
}

/** Two 3x3 convolutions, perhaps with attention, beside a shortcut. [N, C, H, W] -> [N, outChannels, H / stride, W / stride]. */
class BasicBlock extends Module {
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #attention: Cbam | null;
  readonly #shortcut: { conv: Conv2d; bn: BatchNorm } | null;

  constructor(
    init: Initializer,
    inChannels: number,
    outChannels: number,
    { stride, shortcutName, hasAttention, isBiasFree }: BlockOptions,
  ) {
    super();
    const norm = { affine: !isBiasFree };
    this.#conv1 = this.child('conv1', new Conv2d(init, inChannels, outChannels, 3, { stride, padding: 1 }));
    this.#bn1 = this.child('bn1', new BatchNorm(init, outChannels, norm));
    this.#conv2 = this.child('conv2', new Conv2d(init, outChannels, outChannels, 3, { padding: 1 }));
    this.#bn2 = this.child('bn2', new BatchNorm(init, outChannels, norm));
    this.#attention = hasAttention ? this.child('cbam', new Cbam(init, outChannels, { isBiasFree })) : null;
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
    const convolved = this.#conv2.forward(hidden);
    if (!this.#attention) return this.#bn2.forward(convolved, training, { residual, relu: true });
    return relu(add(this.#attention.forward(this.#bn2.forward(convolved, training), training), residual));
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

  constructor(
    init: Initializer,
    { blocks, hasAttention = false }: { blocks: readonly number[]; hasAttention?: boolean },
    { width, size, precision, isBiasFree }: BackboneOptions,
  ) {
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
          ...{ shortcutName, hasAttention, isBiasFree },
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
  build: (init, options) => new ResNet(init, { blocks: [2, 2, 2, 2] }, options),
};

export const resnet18Cbam: Architecture<'resnet18-cbam'> = {
  name: 'resnet18-cbam',
  summary: 'resnet18 with attention in each block',
  build: (init, options) => new ResNet(init, { blocks: [2, 2, 2, 2], hasAttention: true }, options),
};

export const resnet10: Architecture<'resnet10'> = {
  name: 'resnet10',
  summary: 'one block per stage',
  build: (init, options) => new ResNet(init, { blocks: [1, 1, 1, 1] }, options),
};
