/**
 * The convolutional block attention module (Woo et al. 2018): a gate per channel, then a gate per pixel. Parameter names are
 * those of its publication's code.
 */
import {
  add,
  BatchNorm,
  Conv2d,
  cast,
  concat,
  globalAvgPool2d,
  type Initializer,
  Linear,
  Module,
  maxPool2d,
  mean,
  mul,
  permute,
  relu,
  reshape,
  sigmoid,
  split,
  type Tensor,
} from '../../runtime/index.ts';

/** Channels per hidden unit of the channel gate. */
const REDUCTION = 16;

/** [N, C, H, W] -> [N, C, H, W]. */
export class Cbam extends Module {
  readonly #squeeze: Linear;
  readonly #excite: Linear;
  readonly #conv: Conv2d;
  readonly #bn: BatchNorm;

  constructor(init: Initializer, channels: number, { isBiasFree }: { isBiasFree: boolean }) {
    super();
    const hidden = Math.max(1, Math.floor(channels / REDUCTION));
    const bias = !isBiasFree;
    this.#squeeze = this.child('ChannelGate.mlp.1', new Linear(init, channels, hidden, { bias }));
    this.#excite = this.child('ChannelGate.mlp.3', new Linear(init, hidden, channels, { bias }));
    this.#conv = this.child('SpatialGate.spatial.conv', new Conv2d(init, 2, 1, 7, { padding: 3 }));
    this.#bn = this.child('SpatialGate.spatial.bn', new BatchNorm(init, 1, { affine: !isBiasFree }));
  }

  forward(x: Tensor, training: boolean): Tensor {
    const gated = mul(x, cast(this.#channelGate(cast(x, 'f32')), x.dtype as 'f32' | 'f16'));
    return mul(gated, cast(this.#spatialGate(cast(gated, 'f32'), training), x.dtype as 'f32' | 'f16'));
  }

  /** [N, C, 1, 1]: one small network of the mean and of the maximum of each channel. */
  #channelGate(x: Tensor): Tensor {
    const [N, C, H, W] = x.shape;
    const maxima = reshape(maxPool2d(x, { kernel: [H, W] }), [N, C]);
    const pooled = concat([globalAvgPool2d(x), maxima], 0);
    const [ofMean, ofMaximum] = split(this.#excite.forward(relu(this.#squeeze.forward(pooled))), [N, N], 0);
    return reshape(sigmoid(add(ofMean, ofMaximum)), [N, C, 1, 1]);
  }

  /** [N, 1, H, W]: a convolution of the maximum and the mean over the channels of each pixel. */
  #spatialGate(x: Tensor, training: boolean): Tensor {
    const maps = concat([channelMax(x), mean(x, [1], { keepDims: true })], 1);
    return sigmoid(this.#bn.forward(this.#conv.forward(maps), training));
  }
}

/** [N, C, H, W] -> [N, 1, H, W]: with channels last in memory, the maxima of windows as wide as a pixel has channels. */
function channelMax(x: Tensor): Tensor {
  const [N, C, H, W] = x.shape;
  const pixels = reshape(permute(x, [0, 2, 3, 1]), [N, 1, H * W, C]);
  return reshape(maxPool2d(pixels, { kernel: [1, C] }), [N, 1, H, W]);
}
