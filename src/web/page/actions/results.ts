/** A finished run opened, its threshold chosen, new images scored with it. */

import { DataError } from '../../../base/errors.ts';
import { MAIN_SCORE } from '../../../report/result.ts';
import { parseScoresCsv } from '../../../report/scoresCsv.ts';
import type { GivenFile, RunView } from '../../pageApi.ts';
import { counted } from '../logic/format.ts';
import { RunCurves } from '../logic/runCurves.ts';
import { mostAnomalousFirst, thresholdFor } from '../logic/threshold.ts';
import type { Results, Store } from '../state.ts';
import { announce, attempt, clearProblem } from './shared.ts';

/** Of normal images, where the threshold stands at first. */
const FALSE_ALARMS = 0.05;

type Images = RunView['images'];

/** Main scores of the images that are normal, or are not, ascending. */
const scoresOf = (images: Images, isNormal: boolean): Float64Array =>
  Float64Array.from(
    images.filter((image) => image.isNormal === isNormal).map(({ scores }) => scores[MAIN_SCORE]),
  ).sort();

export function resultsOf(view: RunView): Results {
  const order = mostAnomalousFirst(view.images.map(({ scores }) => scores[MAIN_SCORE]));
  const curves = new RunCurves();
  curves.add(view.metrics);
  const [normal, outliers] = [scoresOf(view.images, true), scoresOf(view.images, false)];
  return { view, normal, outliers, columns: curves.columns(), order };
}

/** Opens a finished run. A model without a run has nothing but its scores of new images. */
export async function openResults(store: Store, folder: string): Promise<void> {
  if (store.finished.value === folder) store.finished.value = null;
  if (store.results.value?.view.folder === folder) return;
  store.results.value = null;
  store.fresh.value = null;
  clearProblem(store, 'score');
  await attempt(store, 'results', async () => {
    const results = resultsOf(await store.api.view(folder));
    if (store.route.value.folder !== folder) return; // another one was opened meanwhile
    store.results.value = results;
    if (results.view.threshold !== null) store.threshold.value = results.view.threshold;
    else if (results.normal.length > 0) store.threshold.value = thresholdFor(FALSE_ALARMS, results.normal);
  });
}

/** Moves the threshold, and keeps it with the run that is open, for later visits. */
export async function chooseThreshold(store: Store, threshold: number): Promise<void> {
  store.threshold.value = threshold;
  const { folder } = store.route.value;
  if (folder === null || store.results.value?.view.folder !== folder) return; // of a model without its run
  const isKeeping = store.unkept !== null;
  store.unkept = { folder, threshold };
  if (isKeeping) return;
  // while one is written others may come: then the last of them is written next
  while (store.unkept !== null) {
    const last: NonNullable<Store['unkept']> = store.unkept;
    await attempt(store, 'results', () => store.api.keepThreshold(last.folder, last.threshold));
    if (store.unkept === last) store.unkept = null;
  }
}

/** The scores.csv of the run that a model comes from: with it, its scores of new images have something to compare with. */
export async function addReference(store: Store, folder: string, file: File): Promise<void> {
  await attempt(store, 'score', async () => {
    const images = parseScoresCsv(await file.text(), file.name);
    const normal = scoresOf(images, true);
    if (normal.length === 0) throw new DataError(`${file.name}: no normal image among ${images.length}.`);
    store.results.value = null; // the threshold is no longer that of the run
    store.reference.value = { folder, normal, outliers: scoresOf(images, false) };
    store.threshold.value = thresholdFor(FALSE_ALARMS, normal);
  });
}

export async function scoreImages(store: Store, folder: string, files: readonly GivenFile[]): Promise<void> {
  if (files.length === 0) return;
  store.scoring.value = { done: 0, total: files.length };
  await attempt(store, 'score', async () => {
    store.fresh.value = await store.api.score(folder, [...files], (done, total) => {
      store.scoring.value = { done, total };
    });
    announce(store, `${counted(store.fresh.value.images.length, 'new image')} scored.`);
  });
  store.scoring.value = null;
}
