/** The images of a run: the data set and the outlier-exposure images, decoded, with notes for the user. */

import { DataError } from '../base/errors.ts';
import { looseName } from '../base/names.ts';
import { SignalWatch } from '../base/signalWatch.ts';
import type { RunConfig } from '../config/config.ts';
import { type ImageSet, keepClasses, type LoadedDataset, type SkippedFile } from '../data/imageSet.ts';
import { loadDataset, loadOutliers } from '../data/load.ts';
import type { Platform } from '../platform/platform.ts';
import type { TrainHooks } from './hooks.ts';

export interface Prepared {
  dataset: LoadedDataset;
  outliers: ImageSet | null;
  /** Notes on the data set and the outliers. */
  skipped: SkippedFile[];
  notes: string[];
}

/** @throws DataError, UsageError; InterruptedError when the hooks' signal is aborted */
export async function prepare(files: Platform, config: RunConfig, hooks: TrainHooks): Promise<Prepared> {
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    hooks.onNote?.(text);
  };
  const common = {
    inputSize: config.size,
    fit: config.fit,
    seed: config.seed,
    skipBad: config.skipBad,
    onNote: note,
    onProgress: hooks.onLoad,
    watch: new SignalWatch(hooks.signal),
  };
  const dataset = await loadDataset(files, {
    ...common,
    name: config.dataset,
    dir: config.data,
  });
  if (config.oe === null) return { dataset, outliers: null, skipped: dataset.skipped, notes };
  // Outliers of the same camera are scaled like the normal images; brighter ones keep their own range, which avoids clipping.
  const leastSampleBits = dataset.sampleBits ?? undefined;
  const { set, skipped, haveClasses } = await loadOutliers(files, { ...common, leastSampleBits, source: config.oe });
  const outliers = haveClasses ? withoutTested(set, dataset, config.oe) : set;
  const left = set.images.count - outliers.images.count;
  if (left > 0) note(`--oe ${config.oe}: ${left} images of classes that are tested are left out`);
  return { dataset, outliers, skipped: [...dataset.skipped, ...skipped], notes };
}

/**
 * Removes outlier-exposure images whose class also occurs in the test: the test must be the first encounter with its
 * outliers (docs/methods.md 7.1).
 */
function withoutTested(set: ImageSet, { test }: LoadedDataset, oe: string): ImageSet {
  const tested = new Set(test.classes.filter((_, label) => test.labels.includes(label)).map(looseName));
  const kept = keepClasses(set, (name) => !tested.has(looseName(name)));
  if (kept.images.count > 0) return kept;
  throw new DataError(`--oe ${oe}: all of its classes are among those that are tested.`, {
    details: [`tested  ${[...tested].join(', ')}`],
    remedy: '--oe dead-leaves, or images of other things',
  });
}
