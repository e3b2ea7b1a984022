/** SGD with momentum, LARS and Adam. Each owns the arena of its parameters and updates it part by part. */

import source from '../../shaders/optimizer.wgsl';
import { arrayOf, type Check, checkArguments, flag, float, number, object, optional, pair } from '../arguments.ts';
import { backward } from '../autograd/backward.ts';
import { groups2d } from '../launch.ts';
import type { Tensor } from '../tensor.ts';
import { type Arena, type Part, packParameters } from './arena.ts';

export interface Optimizer {
  /**
   * Computes the gradients of a scalar loss and updates the parameters. A large parameter is updated during the backward
   * pass, after its last use, and the memory of its gradient is reused in the rest of the pass (Lv et al. 2023, arXiv
   * 2306.09782); its `.grad` is not set. Can be recorded.
   * @throws ShapeError as backward()
   */
  minimize(loss: Tensor): void;
  /** Updates the parameters from the gradients that backward() stored in `.grad`. Gives the same bits as minimize(). */
  step(): void;
  /** The state kept between steps, by name, for checkpoints. */
  stateDict(): Record<string, Tensor>;
}

interface CommonOptions {
  /** A scalar tensor, so that a schedule can change it between runs of a plan. */
  learningRate: Tensor;
  /** Adds weightDecay * parameter to the gradient (L2, as in PyTorch). Default: 0. */
  weightDecay?: number;
}

interface MomentumOptions extends CommonOptions {
  /** Default 0. */
  momentum?: number;
}

export interface SGDOptions extends MomentumOptions {
  /** Nesterov momentum: the step is along g + momentum v. Default false. */
  nesterov?: boolean;
}

export interface LARSOptions extends MomentumOptions {
  /** eta, the trust coefficient. Default 0.001. */
  trustCoefficient?: number;
  /** Scales and decays tensors of rank 1, too. Default false. */
  scaleAll?: boolean;
}

export interface AdamOptions extends CommonOptions {
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
}

type Uniforms = Record<'momentum' | 'weightDecay' | 'eta' | 'beta1' | 'beta2' | 'eps', number>;

const NO_UNIFORMS: Uniforms = { momentum: 0, weightDecay: 0, eta: 0, beta1: 0, beta2: 0, eps: 0 };

/** The common part: which parameters are updated when. */
abstract class ArenaOptimizer implements Optimizer {
  protected readonly arena: Arena;
  protected readonly learningRate: Tensor;
  readonly #uniforms: Uniforms;

  constructor(parameters: readonly Tensor[], learningRate: Tensor, uniforms: Partial<Uniforms>) {
    this.arena = packParameters(parameters);
    this.learningRate = learningRate;
    this.#uniforms = { ...NO_UNIFORMS, ...uniforms };
  }

  minimize(loss: Tensor): void {
    this.begin();
    const { large } = this.arena;
    backward(loss, new Map([...large].map(([parameter, part]) => [parameter, (grads) => this.update(part, grads)])));
    this.#updateSmall();
  }

  step(): void {
    this.begin();
    for (const [{ grad }, part] of this.arena.large) if (grad) this.update(part, grad);
    this.#updateSmall();
  }

  abstract stateDict(): Record<string, Tensor>;

  /** Called once per step, before the updates. */
  protected begin(): void {}

  /** @param grads the gradients of the part, in the layout of its parameters */
  protected abstract update(part: Part, grads: Tensor): void;

  protected launch(
    entry: string,
    bindings: Record<string, Tensor>,
    { first, count, firstSegment, segments }: Part,
    groups = groups2d(Math.ceil(count / 1024)),
  ): void {
    this.arena.context.launch({
      kernel: { file: 'optimizer.wgsl', source, entry },
      bindings,
      uniforms: {
        ...{ first: first / 4, count: count / 4, firstTensor: firstSegment, tensorCount: segments },
        ...this.#uniforms,
      },
      groups,
    });
  }

  #updateSmall(): void {
    const { small } = this.arena;
    if (small) this.update(small.part, small.gradients);
  }
}

const COMMON = { learningRate: float, weightDecay: optional(number) };
const MOMENTUM = { ...COMMON, momentum: optional(number) };

/** Must run before the parameters move into the arena. */
function checkOptimizer(
  name: string,
  known: Record<string, Check>,
  parameters: readonly Tensor[],
  given: object,
): void {
  checkArguments(name, { parameters: arrayOf(float), options: object(known) }, [parameters, given]);
}

/**
 * v = momentum v + (g + weightDecay p); p -= lr v: SGD as in PyTorch, without dampening. With Nesterov momentum
 * p -= lr (g + weightDecay p + momentum v).
 */
export class SGD extends ArenaOptimizer {
  readonly #velocity: Tensor;
  readonly #nesterov: boolean;

  constructor(parameters: readonly Tensor[], options: SGDOptions) {
    checkOptimizer('SGD', { ...MOMENTUM, nesterov: optional(flag) }, parameters, options);
    const { learningRate, momentum = 0, weightDecay = 0, nesterov = false } = options;
    super(parameters, learningRate, { momentum, weightDecay });
    this.#nesterov = nesterov;
    this.#velocity = this.arena.context.zeros([this.arena.size]);
  }

  stateDict(): Record<string, Tensor> {
    return { velocity: this.#velocity };
  }

  protected override update(part: Part, grads: Tensor): void {
    const entry = this.#nesterov ? 'nesterov' : 'sgd';
    this.launch(entry, { p: this.arena.parameters, grads, v: this.#velocity, lr: this.learningRate }, part);
  }
}

/**
 * SGD whose gradient g + weightDecay p is scaled, tensor by tensor, by
 * trustCoefficient ||p|| / (||g|| + weightDecay ||p|| + 1e-8) (You, Gitman and Ginsburg 2017; torchlars), or by 1 if ||p||
 * or ||g|| is 0. Biases and batch-norm parameters (rank 1) are neither scaled nor decayed, unless scaleAll is set
 * (docs/methods.md 4).
 */
export class LARS extends ArenaOptimizer {
  readonly #velocity: Tensor;
  readonly #tensors: Tensor;
  readonly #tensorOf: Tensor;
  readonly #ratios: Tensor;

  constructor(parameters: readonly Tensor[], options: LARSOptions) {
    const known = { ...MOMENTUM, trustCoefficient: optional(number), scaleAll: optional(flag) };
    checkOptimizer('LARS', known, parameters, options);
    const { learningRate, momentum = 0, weightDecay = 0, trustCoefficient = 0.001, scaleAll = false } = options;
    super(parameters, learningRate, { momentum, weightDecay, eta: trustCoefficient, eps: 1e-8 });
    const { context, size, segments } = this.arena;
    this.#velocity = context.zeros([size]);
    const table = segments.flatMap(({ firstRun, runs, parameter }) => [
      firstRun,
      runs,
      scaleAll || parameter.rank > 1 ? 1 : 0,
      0,
    ]);
    this.#tensors = context.tensor(table, [segments.length, 4], { dtype: 'u32' });
    const owners = segments.flatMap(({ runs }, i) => new Array<number>(runs).fill(i));
    this.#tensorOf = context.tensor(owners, [owners.length], { dtype: 'u32' });
    this.#ratios = context.zeros([segments.length]);
  }

  stateDict(): Record<string, Tensor> {
    return { velocity: this.#velocity };
  }

  protected override update(part: Part, grads: Tensor): void {
    const { parameters } = this.arena;
    const [tensors, ratios] = [this.#tensors, this.#ratios];
    this.launch('lars_ratios', { parameters, grads, tensors, ratios }, part, groups2d(part.segments));
    const state = { v: this.#velocity, lr: this.learningRate, tensorOf: this.#tensorOf, tensors, ratio: ratios };
    this.launch('lars', { p: parameters, grads, ...state }, part);
  }
}

/** Adam with bias correction and L2 weight decay (Kingma and Ba 2015; as in PyTorch). */
export class Adam extends ArenaOptimizer {
  readonly #mean: Tensor;
  readonly #square: Tensor;
  readonly #powers: Tensor;

  constructor(parameters: readonly Tensor[], options: AdamOptions) {
    checkOptimizer('Adam', { ...COMMON, betas: optional(pair), eps: optional(number) }, parameters, options);
    const { learningRate, weightDecay = 0, betas = [0.9, 0.999], eps = 1e-8 } = options;
    super(parameters, learningRate, { weightDecay, beta1: betas[0], beta2: betas[1], eps });
    const { context, size } = this.arena;
    this.#mean = context.zeros([size]);
    this.#square = context.zeros([size]);
    this.#powers = context.tensor([1, 1], [2]);
  }

  stateDict(): Record<string, Tensor> {
    return { mean: this.#mean, square: this.#square, powers: this.#powers };
  }

  protected override begin(): void {
    this.launch(
      'adam_powers',
      { powers: this.#powers },
      { first: 0, count: 0, firstSegment: 0, segments: 0 },
      [1, 1, 1],
    );
  }

  protected override update(part: Part, grads: Tensor): void {
    const state = { m: this.#mean, v: this.#square, powers: this.#powers, lr: this.learningRate };
    this.launch('adam', { p: this.arena.parameters, grads, ...state }, part);
  }
}
