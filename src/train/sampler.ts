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

/** Batches of the outlier-exposure images: an endless sequence of shuffled passes, split into batches regardless of epochs. */
export class EndlessSampler {
  readonly #count: number;
  readonly #batch: number;
  readonly #seed: number;
  readonly #passes = new Map<number, Uint32Array<ArrayBuffer>>();

  constructor(count: number, batch: number, seed: number) {
    this.#count = count;
    this.#batch = batch;
    this.#seed = seed;
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
      order = new RandomStream(this.#seed, Stream.shuffleOutliers, index).permutation(this.#count);
      if (this.#passes.size > 4) this.#passes.clear();
      this.#passes.set(index, order);
    }
    return order;
  }
}
