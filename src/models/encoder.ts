/** A network: a backbone and what a method needs on top of it. */
import {
  avgPool2d,
  type Context,
  type ConvolutionInit,
  Initializer,
  Linear,
  Module,
  permute,
  sub,
  type Tensor,
} from '../../runtime/index.ts';
import { Stream } from '../base/randomStreams.ts';
import type { Backbone, BackboneOptions, Precision } from './backbone.ts';
import { MlpHead, type Projection } from './heads.ts';
import { type ArchitectureName, architectureNamed } from './table.ts';

/** The length of f in the paper. */
const FEATURES = 128;

/** What a method needs on top of the backbone. */
export interface NetworkPlan {
  /** The layers from the backbone's output to f; default `mlp`. `none`: f is the backbone's output. */
  projection?: Projection;
  /** Length of f; default 128. */
  features?: number;
  /** Linear heads, by name: their number of classes. */
  logits?: Readonly<Record<string, number>>;
  /** What the linear heads see; default: the backbone's output. */
  logitsOf?: 'backbone' | 'projection';
  /** No biases and no affine batch norm. */
  isBiasFree?: boolean;
  /** f is relative to the buffer `center`, [features], which is 0 until it is written. */
  isCentered?: boolean;
}

export interface EncoderOptions extends Pick<BackboneOptions, 'width' | 'size'> {
  arch: ArchitectureName;
  seed: number;
  precision?: Precision;
  network?: NetworkPlan;
  /** Initial weights of convolutions; default `uniform`. */
  init?: ConvolutionInit;
  /** Stages of the backbone that are not trained, and use their running statistics in training, too; default 0. */
  frozen?: number | 'all';
}

export interface EncoderOutputs {
  /** [N, channels] */
  backbone: Tensor;
  /** f, [N, features]; not normalized, because the norm is the score. */
  projection: Tensor;
  /** [N, classes], by head. */
  logits: Readonly<Record<string, Tensor>>;
  /** The backbone's maps if they were asked for, each the mean of 3 x 3 pixels around each: [N, h, w, C]. */
  maps: readonly Tensor[];
}

/** f: [N, 3, S, S] normalized images -> [N, features]. */
export class Encoder extends Module {
  readonly options: Required<EncoderOptions>;
  /** The point that f is relative to, [features]; null for networks without. */
  readonly center: Tensor | null;
  readonly #backbone: Backbone;
  readonly #head: MlpHead | Linear | null;
  readonly #logits: readonly [string, Linear][];

  constructor(context: Context, options: EncoderOptions) {
    super();
    this.options = { precision: 'f32', network: {}, init: 'uniform', frozen: 0, ...withoutUndefined(options) };
    const { arch, width, size, precision, seed, network, init: convolutions } = this.options;
    const { projection = 'mlp', features = FEATURES, logits = {}, isBiasFree = false, isCentered = false } = network;
    const init = new Initializer(context, seed, Stream.init, convolutions);
    const backbone = architectureNamed(arch).build(init, { width, size, precision, isBiasFree });
    const { channels } = backbone;
    this.#backbone = this.child('backbone', backbone);
    backbone.freezeStages(this.options.frozen);
    this.#head =
      projection === 'none' ? null : this.child('head', headOf(projection, init, channels, features, isBiasFree));
    const length = projection === 'none' ? channels : features;
    const inputs = network.logitsOf === 'projection' ? length : channels;
    this.#logits = Object.entries(logits).map(([name, classes]) => [
      name,
      this.child(`logits.${name}`, new Linear(init, inputs, classes, { bias: !isBiasFree })),
    ]);
    this.center = isCentered ? this.buffer('center', init.constant([length], 0)) : null;
  }

  forward(images: Tensor, training: boolean): Tensor {
    return this.outputs(images, training).projection;
  }

  /** The parameters that training changes. */
  trainedParameters(): Tensor[] {
    const tensors = this.namedParameters().map(([, tensor]) => tensor);
    return tensors.filter(({ requiresGrad }) => requiresGrad);
  }

  /** @param withMaps only for backbones that have maps */
  outputs(images: Tensor, training: boolean, { withMaps = false } = {}): EncoderOutputs {
    const pass = withMaps ? this.#backbone.withMaps!(images, training) : null;
    const backbone = pass ? pass.pooled : this.#backbone.forward(images, training);
    const f = this.#head ? this.#head.forward(backbone, training) : backbone;
    const projection = this.center ? sub(f, this.center) : f;
    const input = this.options.network.logitsOf === 'projection' ? projection : backbone;
    return {
      backbone,
      projection,
      logits: Object.fromEntries(this.#logits.map(([name, head]) => [name, head.forward(input)])),
      maps: (pass?.maps ?? []).map(neighborhoods),
    };
  }
}

/** [N, C, H, W] -> [N, H, W, C]; zeros around the image count, as in the published code of PatchCore. */
const neighborhoods = (map: Tensor): Tensor =>
  permute(avgPool2d(map, { kernel: 3, stride: 1, padding: 1 }), [0, 2, 3, 1]);

function headOf(
  projection: Exclude<Projection, 'none'>,
  init: Initializer,
  channels: number,
  features: number,
  isBiasFree: boolean,
) {
  if (projection === 'linear') return new Linear(init, channels, features, { bias: !isBiasFree });
  return new MlpHead(init, channels, features, { hasNorm: projection === 'mlp', isBiasFree });
}

const withoutUndefined = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
