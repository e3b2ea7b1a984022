/** The images of a run: the data set and the outlier-exposure images, decoded, with what a reader must know of them. */
import type { ImageSet, LoadedDataset, SkippedFile } from '../data/imageSet.ts';
import { loadDataset, loadOutliers } from '../data/load.ts';
import { InterruptedError } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunConfig } from './config.ts';
import type { TrainHooks } from './hooks.ts';

export interface Prepared {
  dataset: LoadedDataset;
  outliers: ImageSet | null;
  /** Of the data set and of the outliers. */
  skipped: SkippedFile[];
  notes: string[];
}

/** @throws DataError, UsageError; InterruptedError when the hooks' signal is aborted meanwhile */
export async function prepare(files: Platform, config: RunConfig, hooks: TrainHooks): Promise<Prepared> {
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    hooks.onNote?.(text);
  };
  const common = {
    inputSize: config.size,
    seed: config.seed,
    skipBad: config.skipBad,
    onNote: note,
    onProgress: (what: string, done: number, total: number | null) => {
      if (hooks.signal?.aborted) {
        throw new InterruptedError(`interrupted while ${what} was read, before the first step.`, {
          remedy: 'the same command begins again',
        });
      }
      hooks.onLoad?.(what, done, total);
    },
  };
  const dataset = await loadDataset(files, {
    ...common,
    name: config.dataset,
    dir: config.data,
  });
  if (config.oe === null) return { dataset, outliers: null, skipped: dataset.skipped, notes };
  const { set, skipped } = await loadOutliers(files, { ...common, source: config.oe });
  return { dataset, outliers: set, skipped: [...dataset.skipped, ...skipped], notes };
}
