/** The interface of an architecture: a backbone from images to pooled features. To add one, add a file and a line in table.ts. */
import { type Initializer, Module, type Tensor } from '../../runtime/index.ts';

export type Precision = 'f32' | 'f16';

export interface BackboneOptions {
  /** Channels of the first stage; the later stages have multiples of it. */
  width: number;
  /** Side of the input in pixels. */
  size: number;
  /** The type in which activations are stored. Parameters, sums, statistics and gradients are always f32. */
  precision: Precision;
  /** No biases and no affine batch norm (docs/methods.md 1.7, DSVDD). */
  isBiasFree: boolean;
}

/** What a pass yields besides pooled features: what the network sees where. */
export interface MappedPass {
  /** As of forward(), [N, channels]. */
  pooled: Tensor;
  /** Activations of two depths, [N, C, h, w] each, the finer grid first. */
  maps: readonly [Tensor, Tensor];
}

/** [N, 3, S, S] normalized images -> [N, channels]. */
export abstract class Backbone extends Module {
  abstract readonly channels: number;
  readonly #stages: Module[][] = [];

  /** forward(), with maps. Missing where the architecture has none (Architecture.hasMaps). */
  withMaps?(images: Tensor, training: boolean): MappedPass;

  /** Fixes the first stages, or all layers (Module.freeze). */
  freezeStages(count: number | 'all'): void {
    for (const layer of this.#stages.slice(0, count === 'all' ? undefined : count).flat()) layer.freeze();
  }

  /** Registers a child as a layer of a stage, from 1. */
  protected layer<M extends Module>(stage: number, name: string, module: M): M {
    this.#stages[stage - 1] ??= [];
    this.#stages[stage - 1].push(module);
    return this.child(name, module);
  }
}

export interface Architecture<Name extends string = string> {
  readonly name: Name;
  /** As spelled in publications. */
  readonly title: string;
  /** A phrase for the help. */
  readonly summary: string;
  /** Number of its stages: what --freeze counts. */
  readonly stages: number;
  /** Whether its backbones have maps. */
  readonly hasMaps?: true;
  /** The sides of images that it takes are multiples of this; default: any side. */
  readonly sideUnit?: number;
  build(init: Initializer, options: BackboneOptions): Backbone;
}
