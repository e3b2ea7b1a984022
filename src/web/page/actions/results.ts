/** Opening a finished run, choosing its threshold, scoring new images with it. */

import { DataError } from '../../../base/errors.ts';
import { mainScoreOf } from '../../../report/result.ts';
import { parseScoresCsv } from '../../../report/scoresCsv.ts';
import { FALSE_ALARMS, mostAnomalousFirst, thresholdFor } from '../../../scores/threshold.ts';
import type { GivenFile, RunView } from '../../pageApi.ts';
import { counted } from '../logic/format.ts';

import { RunCurves } from '../logic/runCurves.ts';
import type { Results, Store } from '../state.ts';
import { announce, attempt, clearProblem } from './shared.ts';

type Images = RunView['images'];

/** A score of the images that are normal, or are not, ascending. */
const scoresOf = (images: Images, score: string, isNormal: boolean): Float64Array =>
  Float64Array.from(images.filter((image) => image.isNormal === isNormal).map(({ scores }) => scores[score])).sort();

const groupsOf = (images: Images, score: string) => ({
  normal: scoresOf(images, score, true),
  outliers: scoresOf(images, score, false),
});

export function resultsOf(view: RunView, score = view.kept?.score ?? view.result.mainScore): Results {
  const order = mostAnomalousFirst(view.images.map(({ scores }) => scores[score]));
  const curves = new RunCurves();
  curves.add(view.metrics);
  return { view, score, ...groupsOf(view.images, score), columns: curves.columns(), order };
}

/** Shows another score of the open run, or of the scores that its model is compared with. */
export function chooseScore(store: Store, score: string): void {
  const [results, reference] = [store.results.value, store.reference.value];
  const shown = results ?? reference;
  if (!shown) return;
  if (results) store.results.value = resultsOf(results.view, score);
  else store.reference.value = { ...reference!, score, ...groupsOf(reference!.images, score) };
  proposeThreshold(store, (store.results.value ?? store.reference.value)!.normal);
}

function proposeThreshold(store: Store, normal: Float64Array): void {
  if (normal.length > 0) store.threshold.value = thresholdFor(FALSE_ALARMS, normal);
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
    if (store.route.value.folder !== folder) return; // another one was opened in the meantime
    store.results.value = results;
    if (results.view.kept !== null) store.threshold.value = results.view.kept.threshold;
    else proposeThreshold(store, results.normal);
  });
}

/** Moves the threshold, and stores it with the open run for later visits. */
export async function chooseThreshold(store: Store, threshold: number): Promise<void> {
  store.threshold.value = threshold;
  const { folder } = store.route.value;
  const results = store.results.value;
  if (folder === null || results?.view.folder !== folder) return; // of a model without its run
  const isKeeping = store.unkept !== null;
  store.unkept = { folder, threshold, score: results.score };
  if (isKeeping) return;
  // further changes during a write are combined: the last one is written next
  while (store.unkept !== null) {
    const last: NonNullable<Store['unkept']> = store.unkept;
    const { folder, ...kept } = last;
    await attempt(store, 'results', () => store.api.keepThreshold(folder, kept));
    if (store.unkept === last) store.unkept = null;
  }
}

/** Loads the scores.csv of a model's run, as a reference for the scores of new images. */
export async function addReference(store: Store, folder: string, file: File): Promise<void> {
  await attempt(store, 'score', async () => {
    const images = parseScoresCsv(await file.text(), file.name);
    if (!images.some(({ isNormal }) => isNormal)) {
      throw new DataError(`${file.name}: no normal image among ${images.length}.`);
    }
    const names = Object.keys(images[0].scores);
    const main = store.fresh.value?.mainScore ?? mainScoreOf({});
    const score = names.includes(main) ? main : names[0];
    store.results.value = null; // the threshold is no longer that of the run
    store.reference.value = { folder, images, score, ...groupsOf(images, score) };
    proposeThreshold(store, store.reference.value.normal);
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
