/** Layers with parameters. Each applies its op; shapes and errors are the op's. */
import { checkArguments, flag, number, object, optional } from '../arguments.ts';
import type { Tensor } from '../tensor.ts';
import { batchNorm } from './functional/batchNorm.ts';
import { CONV2D_OPTIONS, type Conv2dOptions, conv2d } from './functional/conv2d.ts';
import { linear } from './functional/matmul.ts';
import type { Initializer } from './init.ts';
import { Module } from './module.ts';

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
}

/** y = x W^T + b. x [N, inFeatures], weight [outFeatures, inFeatures], bias [outFeatures]. */
export class Linear extends Module {
  readonly weight: Tensor;
  /** Null without a bias. */
  readonly bias: Tensor | null;

  constructor(init: Initializer, inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkArguments('Linear', { options: object({ bias: optional(flag) }) }, [options]);
    // memory order [in, out], as the forward product reads it
    this.weight = this.parameter('weight', init.uniform([outFeatures, inFeatures], inFeatures, [1, 0]));
    this.bias = options.bias === false ? null : this.parameter('bias', init.uniform([outFeatures], inFeatures));
  }

  forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }
}

/** Square convolution without bias (batch norm follows). weight [outChannels, inChannels, side, side]. */
export class Conv2d extends Module {
  readonly weight: Tensor;
  readonly #options: Conv2dOptions;

  constructor(init: Initializer, inChannels: number, outChannels: number, side: number, options: Conv2dOptions = {}) {
    super();
    checkArguments('Conv2d', { options: object(CONV2D_OPTIONS) }, [options]);
    this.weight = this.parameter(
      'weight',
      init.convolution([outChannels, inChannels / (options.groups ?? 1), side, side]),
    );
    this.#options = options;
  }

  forward(input: Tensor): Tensor {
    return conv2d(input, this.weight, this.#options);
  }
}

export interface BatchNormLayerOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** Learns a weight and a bias; default true. Otherwise they are 1 and 0, and not among the parameters. */
  affine?: boolean;
}

export interface FusedTail {
  /** Added to the normalized value before the ReLU. */
  residual?: Tensor;
  relu?: boolean;
}

/**
 * Batch normalization over all axes but the second, with momentum 0.1 as in PyTorch (running = 0.9 running + 0.1 batch, with
 * the unbiased variance). Can fuse the residual sum and the ReLU that follow.
 */
export class BatchNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly #eps: number | undefined;

  constructor(init: Initializer, channels: number, options: BatchNormLayerOptions = {}) {
    super();
    checkArguments('BatchNorm', { options: object({ eps: optional(number), affine: optional(flag) }) }, [options]);
    const { eps, affine = true } = options;
    this.#eps = eps;
    const [weight, bias] = [init.constant([channels], 1), init.constant([channels], 0)];
    this.weight = affine ? this.parameter('weight', weight) : weight;
    this.bias = affine ? this.parameter('bias', bias) : bias;
    this.runningMean = this.buffer('running_mean', init.constant([channels], 0));
    this.runningVar = this.buffer('running_var', init.constant([channels], 1));
  }

  forward(input: Tensor, training: boolean, tail: FusedTail = {}): Tensor {
    const { weight, bias, runningMean, runningVar } = this;
    const options = {
      training: training && !this.isFrozen,
      ...tail,
      ...(this.#eps === undefined ? {} : { eps: this.#eps }),
    };
    return batchNorm(input, { weight, bias, runningMean, runningVar }, options);
  }
}
