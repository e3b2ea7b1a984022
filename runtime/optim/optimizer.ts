/** SGD with momentum, LARS and Adam. Each owns its parameters' arena; step() is one launch over all of them (LARS: two). */
import source from '../../shaders/optimizer.wgsl';
import { groups2d } from '../launch.ts';
import type { Tensor } from '../tensor.ts';
import { type Arena, packParameters } from './arena.ts';

export interface Optimizer {
  /** Updates the parameters from the gradients that backward() left. May be recorded. */
  step(): void;
  /** What it keeps between steps, by name: checkpoints hold these tensors. */
  stateDict(): Record<string, Tensor>;
}

interface CommonOptions {
  /** A scalar tensor, so that a schedule can change it between the runs of a plan. */
  learningRate: Tensor;
  /** Added to the gradient as weightDecay * parameter (L2, as PyTorch). Default 0. */
  weightDecay?: number;
}

export interface SGDOptions extends CommonOptions {
  /** Default 0. */
  momentum?: number;
}

export interface LARSOptions extends SGDOptions {
  /** eta, the trust coefficient. Default 0.001. */
  trustCoefficient?: number;
}

export interface AdamOptions extends CommonOptions {
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
}

type Uniforms = Record<'momentum' | 'weightDecay' | 'eta' | 'beta1' | 'beta2' | 'eps', number>;

const NO_UNIFORMS: Uniforms = { momentum: 0, weightDecay: 0, eta: 0, beta1: 0, beta2: 0, eps: 0 };

function launch(
  arena: Arena,
  entry: string,
  bindings: Record<string, Tensor>,
  uniforms: Uniforms,
  groups?: [number, number, number],
): void {
  arena.context.launch({
    kernel: { file: 'optimizer.wgsl', source, entry },
    bindings,
    uniforms: { count: arena.size, ...uniforms },
    groups: groups ?? groups2d(Math.ceil(arena.size / 256)),
  });
}

/** v = momentum v + (g + weightDecay p); p -= lr v: PyTorch's SGD, dampening 0, no Nesterov. */
export class SGD implements Optimizer {
  readonly #arena: Arena;
  readonly #velocity: Tensor;
  readonly #learningRate: Tensor;
  readonly #uniforms: Uniforms;

  constructor(parameters: readonly Tensor[], { learningRate, momentum = 0, weightDecay = 0 }: SGDOptions) {
    this.#arena = packParameters(parameters);
    this.#velocity = this.#arena.context.zeros([this.#arena.size]);
    this.#learningRate = learningRate;
    this.#uniforms = { ...NO_UNIFORMS, momentum, weightDecay };
  }

  step(): void {
    const { parameters: p, gradients: grads } = this.#arena;
    launch(this.#arena, 'sgd', { p, grads, v: this.#velocity, lr: this.#learningRate }, this.#uniforms);
  }

  stateDict(): Record<string, Tensor> {
    return { velocity: this.#velocity };
  }
}

/**
 * SGD whose gradients are scaled, tensor by tensor, by trustCoefficient ||p|| / ||g|| (You, Gitman and Ginsburg 2017).
 * Biases and batch-norm parameters (rank 1) are neither scaled nor decayed (methods.md 4).
 */
export class LARS implements Optimizer {
  readonly #arena: Arena;
  readonly #velocity: Tensor;
  readonly #learningRate: Tensor;
  readonly #uniforms: Uniforms;
  readonly #tensors: Tensor;
  readonly #tensorOf: Tensor;
  readonly #ratios: Tensor;

  constructor(parameters: readonly Tensor[], options: LARSOptions) {
    const { learningRate, momentum = 0, weightDecay = 0, trustCoefficient = 0.001 } = options;
    const arena = packParameters(parameters);
    const { context, segments } = arena;
    this.#arena = arena;
    this.#velocity = context.zeros([arena.size]);
    this.#learningRate = learningRate;
    this.#uniforms = { ...NO_UNIFORMS, momentum, weightDecay, eta: trustCoefficient };
    const table = segments.flatMap(({ firstRun, runs, rank }) => [firstRun, runs, rank > 1 ? 1 : 0, 0]);
    this.#tensors = context.tensor(table, [segments.length, 4], { dtype: 'u32' });
    const owners = segments.flatMap(({ runs }, i) => new Array<number>(runs).fill(i));
    this.#tensorOf = context.tensor(owners, [owners.length], { dtype: 'u32' });
    this.#ratios = context.zeros([segments.length]);
  }

  step(): void {
    const { parameters, gradients: grads, segments } = this.#arena;
    const tensors = this.#tensors;
    launch(this.#arena, 'lars_ratios', { parameters, grads, tensors, ratios: this.#ratios }, this.#uniforms, [
      segments.length,
      1,
      1,
    ]);
    launch(
      this.#arena,
      'lars',
      {
        p: parameters,
        grads,
        v: this.#velocity,
        lr: this.#learningRate,
        tensorOf: this.#tensorOf,
        tensors,
        ratio: this.#ratios,
      },
      this.#uniforms,
    );
  }

  stateDict(): Record<string, Tensor> {
    return { velocity: this.#velocity };
  }
}

/** Adam with bias correction and L2 weight decay (Kingma and Ba 2015; PyTorch's Adam). */
export class Adam implements Optimizer {
  readonly #arena: Arena;
  readonly #mean: Tensor;
  readonly #square: Tensor;
  readonly #powers: Tensor;
  readonly #learningRate: Tensor;
  readonly #uniforms: Uniforms;

  constructor(
    parameters: readonly Tensor[],
    { learningRate, weightDecay = 0, betas = [0.9, 0.999], eps = 1e-8 }: AdamOptions,
  ) {
    this.#arena = packParameters(parameters);
    const { context, size } = this.#arena;
    this.#mean = context.zeros([size]);
    this.#square = context.zeros([size]);
    this.#powers = context.tensor([1, 1], [2]);
    this.#learningRate = learningRate;
    this.#uniforms = { ...NO_UNIFORMS, weightDecay, beta1: betas[0], beta2: betas[1], eps };
  }

  step(): void {
    const { parameters: p, gradients: grads } = this.#arena;
    const powers = this.#powers;
    launch(this.#arena, 'adam_powers', { powers }, this.#uniforms, [1, 1, 1]);
    launch(
      this.#arena,
      'adam',
      { p, grads, m: this.#mean, v: this.#square, powers, lr: this.#learningRate },
      this.#uniforms,
    );
  }

  stateDict(): Record<string, Tensor> {
    return { mean: this.#mean, square: this.#square, powers: this.#powers };
  }
}
