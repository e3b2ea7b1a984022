/**
 * MobileNetV2 (Sandler et al. 2018) up to its 12th block, where features are still general: inverted residual blocks of a
 * 1x1 expansion, a depthwise 3x3 convolution and a 1x1 projection. Layers are named as in Keras' model. The output is the
 * mean and the standard deviation of each channel over its pixels, of three blocks (docs/methods.md 3).
 */
import {
  add,
  BatchNorm,
  Conv2d,
  cast,
  concat,
  type Initializer,
  Module,
  maximum,
  mean,
  relu6,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../../runtime/index.ts';
import { type Architecture, Backbone, type BackboneOptions, type MappedPass, type Precision } from './backbone.ts';

/** Of batch norm, as in Keras' model. */
const EPS = 1e-3;
/** Channels of the first stage in the publication; with another --width, all stages are narrower or wider in proportion. */
const WIDTH = 32;
const EXPANSION = 6;
const STAGES = [
  { channels: 16, blocks: 1, stride: 1 },
  { channels: 24, blocks: 2, stride: 2 },
  { channels: 32, blocks: 3, stride: 2 },
  { channels: 64, blocks: 4, stride: 2 },
  { channels: 96, blocks: 3, stride: 1 },
] as const;
/** The blocks whose channels are the output: the last ones at a stride of 8, of 16, and of all. */
const TAPPED: readonly number[] = [5, 9, 12];
/** A variance is at least this, so that its root has a slope where all pixels are equal. */
const LEAST_VARIANCE = 1e-6;

/** Zeros around an image of this side: as TensorFlow pads, so that a stride of 2 halves it, rounding up. */
const paddingOf = (side: number, stride: number): [number, number, number, number] => {
  const before = stride === 1 || side % 2 === 1 ? 1 : 0;
  return [before, 1, before, 1];
};

interface BlockOptions {
  /** Of the input, in pixels. */
  side: number;
  stride: number;
  /** Hidden channels per input channel; 1: no expansion. */
  expansion: number;
  isBiasFree: boolean;
}

/** 1x1 expansion, depthwise 3x3, 1x1 projection, each with batch norm, ReLU6 after the first two; plus x if shapes agree. */
class InvertedResidual extends Module {
  readonly #expand: { conv: Conv2d; bn: BatchNorm } | null;
  readonly #depthwise: Conv2d;
  readonly #depthwiseBn: BatchNorm;
  readonly #project: Conv2d;
  readonly #projectBn: BatchNorm;
  readonly #isResidual: boolean;

  constructor(
    init: Initializer,
    inChannels: number,
    outChannels: number,
    { side, stride, expansion, isBiasFree }: BlockOptions,
  ) {
    super();
    const norm = { eps: EPS, affine: !isBiasFree };
    const hidden = inChannels * expansion;
    this.#expand =
      expansion === 1
        ? null
        : {
            conv: this.child('expand', new Conv2d(init, inChannels, hidden, 1)),
            bn: this.child('expand_BN', new BatchNorm(init, hidden, norm)),
          };
    const window = { stride, padding: paddingOf(side, stride), groups: hidden };
    this.#depthwise = this.child('depthwise', new Conv2d(init, hidden, hidden, 3, window));
    this.#depthwiseBn = this.child('depthwise_BN', new BatchNorm(init, hidden, norm));
    this.#project = this.child('project', new Conv2d(init, hidden, outChannels, 1));
    this.#projectBn = this.child('project_BN', new BatchNorm(init, outChannels, norm));
    this.#isResidual = stride === 1 && inChannels === outChannels;
  }

  forward(x: Tensor, training: boolean): Tensor {
    const wide = this.#expand ? relu6(this.#expand.bn.forward(this.#expand.conv.forward(x), training)) : x;
    const filtered = relu6(this.#depthwiseBn.forward(this.#depthwise.forward(wide), training));
    const y = this.#projectBn.forward(this.#project.forward(filtered), training);
    return this.#isResidual ? add(x, y) : y;
  }
}

/** [N, 3, S, S] -> [N, 12 width]. */
class MobileNet extends Backbone {
  override readonly channels: number;
  readonly #conv: Conv2d;
  readonly #bn: BatchNorm;
  readonly #blocks: InvertedResidual[] = [];
  readonly #precision: Precision;

  constructor(init: Initializer, { width, size, precision, isBiasFree }: BackboneOptions) {
    super();
    this.#precision = precision;
    this.#conv = this.layer(1, 'Conv1', new Conv2d(init, 3, width, 3, { stride: 2, padding: paddingOf(size, 2) }));
    this.#bn = this.layer(1, 'bn_Conv1', new BatchNorm(init, width, { eps: EPS, affine: !isBiasFree }));
    let [side, channels, tapped] = [Math.ceil(size / 2), width, 0];
    for (const [stage, { channels: published, blocks, stride: first }] of STAGES.entries()) {
      const out = Math.max(1, Math.round((published * width) / WIDTH));
      for (let i = 0; i < blocks; i++) {
        const index = this.#blocks.length;
        const stride = i === 0 ? first : 1;
        const expansion = index === 0 ? 1 : EXPANSION;
        const block = new InvertedResidual(init, channels, out, { side, stride, expansion, isBiasFree });
        this.#blocks.push(this.layer(stage + 1, index === 0 ? 'expanded_conv' : `block_${index}`, block));
        [side, channels] = [Math.ceil(side / stride), out];
        if (TAPPED.includes(index)) tapped += channels;
      }
    }
    this.channels = 2 * tapped;
  }

  forward(images: Tensor, training: boolean): Tensor {
    return this.#pass(images, training).pooled;
  }

  /** The maps are those at a stride of 8 and of 16, whose grids are fine enough to tell where something is. */
  override withMaps(images: Tensor, training: boolean): MappedPass {
    const { pooled, tapped } = this.#pass(images, training);
    return { pooled, maps: [tapped[0], tapped[1]] };
  }

  #pass(images: Tensor, training: boolean): { pooled: Tensor; tapped: Tensor[] } {
    let x = relu6(this.#bn.forward(this.#conv.forward(cast(images, this.#precision)), training));
    const tapped: Tensor[] = [];
    const pooled: Tensor[] = [];
    for (const [i, block] of this.#blocks.entries()) {
      x = block.forward(x, training);
      if (!TAPPED.includes(i)) continue;
      const values = cast(x, 'f32');
      tapped.push(values);
      pooled.push(meansAndDeviations(values));
    }
    return { pooled: concat(pooled, 1), tapped };
  }
}

/** [N, C, H, W] -> [N, 2C]: of each channel over its pixels. */
function meansAndDeviations(x: Tensor): Tensor {
  const means = mean(x, [2, 3]);
  const variances = mean(square(sub(x, mean(x, [2, 3], { keepDims: true }))), [2, 3]);
  const least = x.context.tensor([LEAST_VARIANCE], []);
  return concat([means, sqrt(maximum(variances, least))], 1);
}

export const mobilenet: Architecture<'mobilenetv2'> = {
  name: 'mobilenetv2',
  title: 'MobileNetV2',
  summary: 'depthwise convolutions, 12 blocks of MobileNetV2',
  stages: STAGES.length,
  hasMaps: true,
  build: (init, options) => new MobileNet(init, options),
};
