/** What is asked of a reader of a data set, and how it reports progress. */
import type { SignalWatch } from '../base/signalWatch.ts';
import type { Platform } from '../platform/platform.ts';
import { ImageDecoder } from './codecs/decode.ts';
import type { Fit } from './fit.ts';
import { PassedOver } from './litter.ts';

export interface LoadOptions {
  /** Side of the network's input, pixels: images are packed somewhat larger, so that they can be cropped. */
  inputSize: number;
  /** How images that are not square are fitted; default `crop`. */
  fit?: Fit;
  /**
   * Bits of 16-bit samples that are used: the range of the training images, null when none of them has 16 bits. Left out:
   * the range of the images that are read.
   */
  sampleBits?: number | null;
  /** Minimum number of bits when the range is determined from the images that are read. */
  leastSampleBits?: number;
  /** Seed of generated data sets and of random splits, u32. */
  seed: number;
  /** Leave unreadable images out, and list them, instead of stopping. */
  skipBad?: boolean;
  /** Looked at between images, so that an interrupt is soon seen. */
  watch?: SignalWatch;
  /** Reading and decoding, in images; total is null while it is unknown. */
  onProgress?(what: string, done: number, total: number | null): void;
  /** What a reader of the results must know: a class without images, skipped files, an unwritable cache. */
  onNote?(text: string): void;
}

/** A platform, the folder or file of a data set, and the options. */
export interface ReaderContext extends LoadOptions {
  platform: Platform;
  /** Where the data set lies. */
  dir: string;
  /** Given, not imported by readers: what only lists data sets, as the page does, carries no codecs. */
  decoder: ImageDecoder;
  passedOver?: PassedOver;
}

/** What `read` finds at a place; then notes what was passed over there. */
export async function readAt<T>(
  platform: Platform,
  dir: string,
  options: LoadOptions,
  read: (context: ReaderContext) => Promise<T>,
): Promise<T> {
  const context = {
    ...options,
    platform,
    decoder: new ImageDecoder(platform),
    dir: dir.length > 1 ? dir.replace(/\/+$/, '') : dir,
    passedOver: new PassedOver(),
  };
  try {
    return await read(context);
  } finally {
    for (const note of context.passedOver.notes(context.dir)) options.onNote?.(note);
  }
}
