/**
 * Which images a step reads, as positions in a list (the trainer's list is ordered by image content). Depends on
 * (seed, step) alone, so a resumed run reads the same images.
 */
import { RandomStream } from '../../runtime/index.ts';
import { Stream } from '../base/randomStreams.ts';

export interface SampledBatch {
  /** Positions of the images. */
  indices: Uint32Array<ArrayBuffer>;
  /** How often each image has been used before: its epoch or pass. */
  rounds: Uint32Array<ArrayBuffer>;
}

/** Batches of the normal images: reshuffled every epoch; the last incomplete batch is dropped. */
export class EpochSampler {
  readonly stepsPerEpoch: number;
  readonly #count: number;
  readonly #batch: number;
  readonly #seed: number;
  #epoch = -1;
  #order = new Uint32Array();

  constructor(count: number, batch: number, seed: number) {
    this.stepsPerEpoch = Math.floor(count / batch);
    this.#count = count;
    this.#batch = batch;
    this.#seed = seed;
  }

  /** Positions of the images of a step. */
  at(epoch: number, stepOfEpoch: number): Uint32Array<ArrayBuffer> {
    if (epoch !== this.#epoch) {
      this.#order = new RandomStream(this.#seed, Stream.shuffleNormal, epoch).permutation(this.#count);
      this.#epoch = epoch;
    }
    return this.#order.subarray(stepOfEpoch * this.#batch, (stepOfEpoch + 1) * this.#batch);
  }
}

/** Batches from an endless sequence of shuffled passes, split regardless of epochs. */
export class EndlessSampler {
  readonly #count: number;
  readonly #batch: number;
  readonly #seed: number;
  readonly #stream: number;
  readonly #passes = new Map<number, Uint32Array<ArrayBuffer>>();

  constructor(count: number, batch: number, seed: number, stream: number = Stream.shuffleOutliers) {
    this.#count = count;
    this.#batch = batch;
    this.#seed = seed;
    this.#stream = stream;
  }

  /** Positions of the images of step `step`, counted from 0 over the whole run, and the pass of each. */
  at(step: number): SampledBatch {
    const rounds = Uint32Array.from({ length: this.#batch }, (_, i) =>
      Math.floor((step * this.#batch + i) / this.#count),
    );
    const indices = rounds.map((pass, i) => this.#pass(pass)[(step * this.#batch + i) % this.#count]);
    return { indices, rounds };
  }

  #pass(index: number): Uint32Array<ArrayBuffer> {
    let order = this.#passes.get(index);
    if (!order) {
      order = new RandomStream(this.#seed, this.#stream, index).permutation(this.#count);
      if (this.#passes.size > 4) this.#passes.clear();
      this.#passes.set(index, order);
    }
    return order;
  }
}

/** The same order in every epoch, which starts at its beginning: what the authors' code does (docs/methods.md 4). */
export class FixedSampler {
  readonly #order: Uint32Array<ArrayBuffer>;
  readonly #batch: number;
  /** Passes over the images that an epoch begins. */
  readonly #passes: number;

  constructor(count: number, batch: number, seed: number, stepsPerEpoch: number) {
    this.#order = new RandomStream(seed, Stream.shuffleOutliers, 0).permutation(count);
    this.#batch = batch;
    this.#passes = Math.ceil((stepsPerEpoch * batch) / count);
  }

  at(epoch: number, stepOfEpoch: number): SampledBatch {
    const places = Uint32Array.from({ length: this.#batch }, (_, i) => stepOfEpoch * this.#batch + i);
    const count = this.#order.length;
    return {
      indices: places.map((place) => this.#order[place % count]),
      rounds: places.map((place) => epoch * this.#passes + Math.floor(place / count)),
    };
  }
}

/** Drawn with replacement. */
export class ReplacementSampler {
  readonly #count: number;
  readonly #batch: number;
  readonly #seed: number;

  constructor(count: number, batch: number, seed: number) {
    this.#count = count;
    this.#batch = batch;
    this.#seed = seed;
  }

  at(step: number): SampledBatch {
    const random = new RandomStream(this.#seed, Stream.shuffleOutliers, step);
    const indices = Uint32Array.from({ length: this.#batch }, () => random.integer(this.#count));
    // images drawn twice in a step get other views
    return { indices, rounds: indices.map((_, i) => (step * this.#batch + i) % MOST_ROUNDS) };
  }
}

const MOST_ROUNDS = 2 ** 20; // of the augmenter
