/**
 * ResNet of basic blocks (He et al. 2016) with SimCLR's projection head: the encoder f of every method here.
 * Parameter names are those of the authors' BaseModel, so their state dicts and ours are interchangeable
 * (docs/methods.md 3).
 */
import {
  BatchNorm,
  type Context,
  Conv2d,
  cast,
  globalAvgPool2d,
  Initializer,
  Linear,
  Module,
  maxPool2d,
  type Tensor,
} from '../../runtime/index.ts';
import { Stream } from '../base/randomStreams.ts';

export type Architecture = 'resnet18' | 'resnet10';
export type Precision = 'f32' | 'f16';

export interface EncoderOptions {
  arch: Architecture;
  /** Channels of the first stage; the later ones have 2, 4 and 8 times as many. */
  width: number;
  /** Side of the input in pixels: up to 64 uses the `cifar` stem, above that the `imagenet` stem. */
  size: number;
  /** Length of f(x); 128 in the paper. */
  features?: number;
  seed: number;
  /**
   * The type in which the backbone's activations are stored; default f32. Parameters, sums, statistics, gradients and the
   * head are always f32.
   */
  precision?: Precision;
}

export interface EncoderOutputs {
  backbone: Tensor;
  projection: Tensor;
}

const BLOCKS = { resnet18: [2, 2, 2, 2], resnet10: [1, 1, 1, 1] } as const;
const HEAD_WIDTH = 512; // the paper's linear(512, 512) at width 64; with narrower backbones the head stays square

/** Two 3x3 convolutions around a shortcut. [N, C, H, W] -> [N, outChannels, H / stride, W / stride]. */
class BasicBlock extends Module {
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #shortcut: { conv: Conv2d; bn: BatchNorm } | null;

  constructor(init: Initializer, inChannels: number, outChannels: number, stride: number, shortcutName: string) {
    super();
    this.#conv1 = this.child('conv1', new Conv2d(init, inChannels, outChannels, 3, { stride, padding: 1 }));
    this.#bn1 = this.child('bn1', new BatchNorm(init, outChannels));
    this.#conv2 = this.child('conv2', new Conv2d(init, outChannels, outChannels, 3, { padding: 1 }));
    this.#bn2 = this.child('bn2', new BatchNorm(init, outChannels));
    const changes = stride !== 1 || inChannels !== outChannels;
    this.#shortcut = changes
      ? {
          conv: this.child(`${shortcutName}.0`, new Conv2d(init, inChannels, outChannels, 1, { stride })),
          bn: this.child(`${shortcutName}.1`, new BatchNorm(init, outChannels)),
        }
      : null;
  }

  forward(input: Tensor, training: boolean): Tensor {
    const hidden = this.#bn1.forward(this.#conv1.forward(input), training, { relu: true });
    const residual = this.#shortcut ? this.#shortcut.bn.forward(this.#shortcut.conv.forward(input), training) : input;
    return this.#bn2.forward(this.#conv2.forward(hidden), training, { residual, relu: true });
  }
}

/** [N, 3, S, S] -> [N, 8 width]: stem, four stages, global average pool. */
class Backbone extends Module {
  readonly channels: number;
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #blocks: BasicBlock[] = [];
  readonly #isImageNetStem: boolean;
  readonly #precision: Precision;

  constructor(init: Initializer, { arch, width, size, precision = 'f32' }: EncoderOptions) {
    super();
    this.#precision = precision;
    this.#isImageNetStem = size > 64;
    const { side, ...window } = this.#isImageNetStem
      ? { side: 7, stride: 2, padding: 3 }
      : { side: 3, stride: 1, padding: 1 };
    this.#conv1 = this.child('conv1', new Conv2d(init, 3, width, side, window));
    this.#bn1 = this.child('bn1', new BatchNorm(init, width));
    const shortcutName = this.#isImageNetStem ? 'downsample' : 'shortcut';
    let channels = width;
    BLOCKS[arch].forEach((count, stage) => {
      for (let i = 0; i < count; i++) {
        const out = width * 2 ** stage;
        const block = new BasicBlock(init, channels, out, stage > 0 && i === 0 ? 2 : 1, shortcutName);
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

/** linear - BN - ReLU - linear, SimCLR's non-linear head; `head.0`, `head.1`, `head.3` in files. */
class ProjectionHead extends Module {
  readonly #hidden: Linear;
  readonly #bn: BatchNorm;
  readonly #out: Linear;

  constructor(init: Initializer, channels: number, features: number) {
    super();
    this.#hidden = this.child('0', new Linear(init, channels, Math.min(HEAD_WIDTH, channels)));
    this.#bn = this.child('1', new BatchNorm(init, Math.min(HEAD_WIDTH, channels)));
    this.#out = this.child('3', new Linear(init, Math.min(HEAD_WIDTH, channels), features));
  }

  forward(input: Tensor, training: boolean): Tensor {
    return this.#out.forward(this.#bn.forward(this.#hidden.forward(input), training, { relu: true }));
  }
}

/** f: [N, 3, S, S] normalized images -> [N, features], not normalized, because the norm is the score. */
export class Encoder extends Module {
  readonly options: Required<EncoderOptions>;
  readonly #backbone: Backbone;
  readonly #head: ProjectionHead;

  constructor(context: Context, options: EncoderOptions) {
    super();
    this.options = { features: 128, precision: 'f32', ...options };
    const init = new Initializer(context, options.seed, Stream.init);
    this.#backbone = this.child('backbone', new Backbone(init, options));
    this.#head = this.child('head', new ProjectionHead(init, this.#backbone.channels, this.options.features));
  }

  forward(images: Tensor, training: boolean): Tensor {
    return this.outputs(images, training).projection;
  }

  /** f, and the input of its head: the pooled output of the backbone, [N, channels]. */
  outputs(images: Tensor, training: boolean): EncoderOutputs {
    const backbone = this.#backbone.forward(images, training);
    return { backbone, projection: this.#head.forward(backbone, training) };
  }
}
