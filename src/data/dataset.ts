/** What a data set is: one file in datasets/, one line of datasets/table.ts. */
import type { Preset, Recipe } from '../base/recipe.ts';
import type { LoadedDataset, RgbImage } from './imageSet.ts';
import type { LoadOptions, ReaderContext } from './request.ts';

/** Of a color channel, in [0, 1]: red, green, blue. */
export interface ChannelStatistics {
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

/** What most data sets are normalized by (docs/methods.md 5). */
export const PLAIN_STATISTICS: ChannelStatistics = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** A data set that is read from files. */
export interface DatasetFiles {
  /** Null when nothing of the data set is there. @throws DataError when it is not as its layout says */
  read(context: ReaderContext): Promise<LoadedDataset | null>;
  /** The official layout, in lines. */
  layout: readonly string[];
  /** Where it comes from. */
  origin: string;
  /** As a source of outliers it is any folder, all of whose images are taken, not a training part with classes. */
  isAnyFolder?: boolean;
}

/** A data set that a program draws: it needs no files. */
export interface GeneratedImages {
  draw(options: LoadOptions): Promise<LoadedDataset>;
  /** The image that a set of this seed calls `path`; null when none is called so. */
  image(path: string, seed: number): RgbImage | null;
}

export interface DatasetSpec<Name extends string = string> {
  name: Name;
  title: string;
  /** One line, for lists. */
  summary: string;
  /** Class names where they are fixed, in the order of their index. */
  classes: readonly string[];
  /** The normal class when the call names none; null: the only one there is. */
  defaultNormal: string | null;
  /** Side of the network's input in the paper, or what suits the images, pixels; presets may lower it. */
  size: number;
  /** Where it needs other values than its preset's. */
  recipe(preset: Preset): Recipe;
  statistics: ChannelStatistics;
  /** Where a network is trained unless the call names a method: with the preset of the paper, in which it was published, or with any. */
  trainedWith?: 'paper' | 'any';
  /** Whether it shows whole objects in photographs, so that exposed photographs of other things look like its outliers. */
  showsObjects?: true;
  source: DatasetFiles | GeneratedImages;
}

/** What draws the data set's images; null for one of files. */
export const generatedOf = ({ source }: DatasetSpec): GeneratedImages | null => ('draw' in source ? source : null);
