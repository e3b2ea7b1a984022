/** The interface of an architecture: a backbone from images to pooled features. To add one, add a file and a line in table.ts. */
import { type Initializer, Module } from '../../runtime/index.ts';

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

/** [N, 3, S, S] normalized images -> [N, channels]. */
export abstract class Backbone extends Module {
  abstract readonly channels: number;
}

export interface Architecture<Name extends string = string> {
  readonly name: Name;
  /** A phrase for the help. */
  readonly summary: string;
  /** The sides of images that it takes are multiples of this; default: any side. */
  readonly sideUnit?: number;
  build(init: Initializer, options: BackboneOptions): Backbone;
}
