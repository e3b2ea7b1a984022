/**
 * ResNets of basic or bottleneck blocks (He et al. 2016). Parameter names are those of the authors' BaseModel, so their state dicts and
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
import { type Architecture, Backbone, type BackboneOptions, type MappedPass, type Precision } from './backbone.ts';
import { Cbam } from './cbam.ts';

interface BlockOptions {
  stride: number;
  /** The name of the shortcut's layers in files. */
  shortcutName: string;
  isBiasFree: boolean;
}

/** A 1x1 convolution and batch norm, beside a block that changes the shape. */
class Shortcut extends Module {
  readonly #conv: Conv2d;
  readonly #bn: BatchNorm;

  constructor(init: Initializer, inChannels: number, outChannels: number, { stride, isBiasFree }: BlockOptions) {
    super();
    this.#conv = this.child('0', new Conv2d(init, inChannels, outChannels, 1, { stride }));
    this.#bn = this.child('1', new BatchNorm(init, outChannels, { affine: !isBiasFree }));
  }

  forward(input: Tensor, training: boolean): Tensor {
    return this.#bn.forward(this.#conv.forward(input), training);
  }
}

/** Null where the block keeps the shape: x itself is then added. */
function shortcutOf(init: Initializer, inChannels: number, outChannels: number, options: BlockOptions) {
  const changes = options.stride !== 1 || inChannels !== outChannels;
  return changes ? new Shortcut(init, inChannels, outChannels, options) : null;
}

/** Two 3x3 convolutions, perhaps with attention, beside a shortcut. [N, C, H, W] -> [N, outChannels, H / stride, W / stride]. */
class BasicBlock extends Module {
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #attention: Cbam | null;
  readonly #shortcut: Shortcut | null;

  constructor(
    init: Initializer,
    inChannels: number,
    outChannels: number,
    options: BlockOptions & { hasAttention: boolean },
  ) {
    super();
    const { stride, shortcutName, hasAttention, isBiasFree } = options;
    const norm = { affine: !isBiasFree };
    this.#conv1 = this.child('conv1', new Conv2d(init, inChannels, outChannels, 3, { stride, padding: 1 }));
    this.#bn1 = this.child('bn1', new BatchNorm(init, outChannels, norm));
    this.#conv2 = this.child('conv2', new Conv2d(init, outChannels, outChannels, 3, { padding: 1 }));
    this.#bn2 = this.child('bn2', new BatchNorm(init, outChannels, norm));
    this.#attention = hasAttention ? this.child('cbam', new Cbam(init, outChannels, { isBiasFree })) : null;
    const shortcut = shortcutOf(init, inChannels, outChannels, options);
    this.#shortcut = shortcut && this.child(shortcutName, shortcut);
  }

  forward(input: Tensor, training: boolean): Tensor {
    const hidden = this.#bn1.forward(this.#conv1.forward(input), training, { relu: true });
    const residual = this.#shortcut ? this.#shortcut.forward(input, training) : input;
    const convolved = this.#conv2.forward(hidden);
    if (!this.#attention) return this.#bn2.forward(convolved, training, { residual, relu: true });
    return relu(add(this.#attention.forward(this.#bn2.forward(convolved, training), training), residual));
  }
}

/** Output channels of a bottleneck block per channel of its 3x3 convolution. */
const EXPANSION = 4;

/**
 * 1x1, 3x3 and 1x1 convolutions beside a shortcut; the 3x3 has the stride, as in torchvision.
 * [N, C, H, W] -> [N, 4 hidden, H / stride, W / stride].
 */
class BottleneckBlock extends Module {
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #conv3: Conv2d;
  readonly #bn3: BatchNorm;
  readonly #shortcut: Shortcut | null;

  constructor(init: Initializer, inChannels: number, hidden: number, options: BlockOptions) {
    super();
    const { stride, shortcutName, isBiasFree } = options;
    const norm = { affine: !isBiasFree };
    const outChannels = EXPANSION * hidden;
    this.#conv1 = this.child('conv1', new Conv2d(init, inChannels, hidden, 1));
    this.#bn1 = this.child('bn1', new BatchNorm(init, hidden, norm));
    this.#conv2 = this.child('conv2', new Conv2d(init, hidden, hidden, 3, { stride, padding: 1 }));
    this.#bn2 = this.child('bn2', new BatchNorm(init, hidden, norm));
    this.#conv3 = this.child('conv3', new Conv2d(init, hidden, outChannels, 1));
    this.#bn3 = this.child('bn3', new BatchNorm(init, outChannels, norm));
    const shortcut = shortcutOf(init, inChannels, outChannels, options);
    this.#shortcut = shortcut && this.child(shortcutName, shortcut);
  }

  forward(input: Tensor, training: boolean): Tensor {
    const narrow = this.#bn1.forward(this.#conv1.forward(input), training, { relu: true });
    const hidden = this.#bn2.forward(this.#conv2.forward(narrow), training, { relu: true });
    const residual = this.#shortcut ? this.#shortcut.forward(input, training) : input;
    return this.#bn3.forward(this.#conv3.forward(hidden), training, { residual, relu: true });
  }
}

/** What distinguishes the ResNets. */
export interface ResNetPlan {
  /** Blocks of each stage. */
  blocks: readonly number[];
  hasBottlenecks?: boolean;
  hasAttention?: boolean;
}

/** Sides of images up to this have the stem for small images. */
export const LARGEST_SMALL_SIDE = 64;

/**
 * [N, 3, S, S] -> [N, 8 width], with bottlenecks [N, 32 width]: stem, four stages, global average pool. Sides up to 64 use
 * the `cifar` stem, larger ones the `imagenet` stem.
 */
class ResNet extends Backbone {
  override readonly channels: number;
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm;
  readonly #stages: readonly Module[][];
  readonly #isImageNetStem: boolean;
  readonly #precision: Precision;

  constructor(
    init: Initializer,
    { blocks, hasBottlenecks = false, hasAttention = false }: ResNetPlan,
    { width, size, precision, isBiasFree }: BackboneOptions,
  ) {
    super();
    this.#precision = precision;
    this.#isImageNetStem = size > LARGEST_SMALL_SIDE;
    const { side, ...window } = this.#isImageNetStem
      ? { side: 7, stride: 2, padding: 3 }
      : { side: 3, stride: 1, padding: 1 };
    this.#conv1 = this.layer(1, 'conv1', new Conv2d(init, 3, width, side, window));
    this.#bn1 = this.layer(1, 'bn1', new BatchNorm(init, width, { affine: !isBiasFree }));
    const shortcutName = this.#isImageNetStem ? 'downsample' : 'shortcut';
    let channels = width;
    this.#stages = blocks.map((count, stage) => {
      const own: Module[] = [];
      const hidden = width * 2 ** stage;
      for (let i = 0; i < count; i++) {
        const options = { stride: stage > 0 && i === 0 ? 2 : 1, shortcutName, isBiasFree };
        const block = hasBottlenecks
          ? new BottleneckBlock(init, channels, hidden, options)
          : new BasicBlock(init, channels, hidden, { ...options, hasAttention });
        own.push(this.layer(stage + 1, `layer${stage + 1}.${i}`, block));
        channels = hasBottlenecks ? EXPANSION * hidden : hidden;
      }
      return own;
    });
    this.channels = channels;
  }

  forward(images: Tensor, training: boolean): Tensor {
    return globalAvgPool2d(this.#ends(images, training)[3]);
  }

  /** The maps are the ends of stages 2 and 3, as in PatchCore (Roth et al. 2022). */
  override withMaps(images: Tensor, training: boolean): MappedPass {
    const [, second, third, last] = this.#ends(images, training);
    return { pooled: globalAvgPool2d(last), maps: [cast(second, 'f32'), cast(third, 'f32')] };
  }

  /** The outputs of the stages. */
  #ends(images: Tensor, training: boolean): Tensor[] {
    let x = this.#bn1.forward(this.#conv1.forward(cast(images, this.#precision)), training, { relu: true });
    if (this.#isImageNetStem) x = maxPool2d(x, { kernel: 3, stride: 2, padding: 1 });
    return this.#stages.map((blocks) => {
      for (const block of blocks) x = block.forward(x, training);
      return x;
    });
  }
}

export interface ResNetArchitecture<Name extends string> extends Architecture<Name> {
  readonly plan: ResNetPlan;
}

const resnet = <Name extends string>(
  name: Name,
  title: string,
  summary: string,
  plan: ResNetPlan,
): ResNetArchitecture<Name> => ({
  ...{ name, title, summary, plan },
  stages: plan.blocks.length,
  hasMaps: true,
  build: (init, options) => new ResNet(init, plan, options),
});

/** In the order of the help. */
export const RESNETS = [
  resnet('resnet18', 'ResNet-18', 'two blocks per stage', { blocks: [2, 2, 2, 2] }),
  resnet('resnet10', 'ResNet-10', 'one block per stage', { blocks: [1, 1, 1, 1] }),
  resnet('resnet34', 'ResNet-34', 'up to six blocks per stage', { blocks: [3, 4, 6, 3] }),
  resnet('resnet50', 'ResNet-50', 'the same with bottlenecks', { blocks: [3, 4, 6, 3], hasBottlenecks: true }),
  resnet('resnet18-cbam', 'ResNet-18 with CBAM', 'resnet18 with attention in each block', {
    blocks: [2, 2, 2, 2],
    hasAttention: true,
  }),
] as const;
