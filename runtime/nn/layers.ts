/** Layers with parameters. Each applies its op; shapes and errors are the op's. */
import { checkArguments, object } from '../arguments.ts';
import { KERNEL_ORDER } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { batchNorm } from './functional/batchNorm.ts';
import { CONV2D_OPTIONS, type Conv2dOptions, conv2d } from './functional/conv2d.ts';
import { linear } from './functional/matmul.ts';
import type { Initializer } from './init.ts';
import { Module } from './module.ts';

/** y = x W^T + b. x [N, inFeatures], weight [outFeatures, inFeatures], bias [outFeatures]. */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(init: Initializer, inFeatures: number, outFeatures: number) {
    super();
    // memory order [in, out], as the forward product reads it
    this.weight = this.parameter('weight', init.uniform([outFeatures, inFeatures], inFeatures, [1, 0]));
    this.bias = this.parameter('bias', init.uniform([outFeatures], inFeatures));
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
    const shape = [outChannels, inChannels, side, side];
    this.weight = this.parameter('weight', init.uniform(shape, inChannels * side * side, KERNEL_ORDER));
    this.#options = options;
  }

  forward(input: Tensor): Tensor {
    return conv2d(input, this.weight, this.#options);
  }
}

export interface FusedTail {
  /** Added to the normalized value before the ReLU. */
  residual?: Tensor;
  relu?: boolean;
}

/**
 * Batch normalization over all axes but the second, with eps 1e-5 and momentum 0.1 as in PyTorch (running = 0.9 running +
 * 0.1 batch, with the unbiased variance). Can fuse the residual sum and the ReLU that follow.
 */
export class BatchNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;

  constructor(init: Initializer, channels: number) {
    super();
    this.weight = this.parameter('weight', init.constant([channels], 1));
    this.bias = this.parameter('bias', init.constant([channels], 0));
    this.runningMean = this.buffer('running_mean', init.constant([channels], 0));
    this.runningVar = this.buffer('running_var', init.constant([channels], 1));
  }

  forward(input: Tensor, training: boolean, tail: FusedTail = {}): Tensor {
    const { weight, bias, runningMean, runningVar } = this;
    return batchNorm(input, { weight, bias, runningMean, runningVar }, { training, ...tail });
  }
}
