/** A finished run opened, its threshold chosen, new images scored with it. */
import { MAIN_SCORE } from '../../../train/result.ts';
import type { GivenFile, RunView } from '../../pageApi.ts';
import { counted } from '../logic/format.ts';
import { mostAnomalousFirst, thresholdFor } from '../logic/threshold.ts';
import type { Results, Store } from '../state.ts';
import { announce, attempt, clearProblem } from './shared.ts';

/** Of normal images, where the threshold stands at first. */
const FALSE_ALARMS = 0.05;

export function resultsOf(view: RunView): Results {
  const scores = view.images.map((image) => image.scores[MAIN_SCORE]);
  const of = (isNormal: boolean) =>
    Float64Array.from(scores.filter((_, index) => view.images[index].isNormal === isNormal)).sort();
  return { view, normal: of(true), outliers: of(false), order: mostAnomalousFirst(scores) };
}

/** Opens a finished run. A model without a run has nothing but its scores of new images. */
export async function openResults(store: Store, folder: string): Promise<void> {
  if (store.results.value?.view.folder === folder) return;
  store.results.value = null;
  store.fresh.value = null;
  clearProblem(store, 'score');
  await attempt(store, 'results', async () => {
    const results = resultsOf(await store.api.view(folder));
    if (store.route.value.folder !== folder) return; // another one was opened meanwhile
    store.results.value = results;
    if (results.normal.length > 0) store.threshold.value = thresholdFor(FALSE_ALARMS, results.normal);
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
