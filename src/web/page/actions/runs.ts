/** Runs of this and earlier visits, and imported models. */
import type { RunInfo } from '../../pageApi.ts';
import { baseName } from '../logic/format.ts';
import { goTo } from '../route.ts';
import type { Store } from '../state.ts';
import { announce, attempt } from './shared.ts';

export async function readRuns(store: Store): Promise<void> {
  await attempt(store, 'runs', async () => {
    store.runs.value = await store.api.runs();
  });
}

export async function removeRun(store: Store, folder: string): Promise<void> {
  await attempt(store, 'runs', async () => {
    await store.api.removeRun(folder);
    store.runs.value = await store.api.runs();
    if (store.results.value?.view.folder === folder) store.results.value = null;
    if (store.training.folder.value === folder && store.training.phase.value === 'paused') {
      store.training.phase.value = 'idle';
    }
    announce(store, `${baseName(folder)} deleted.`);
  });
}

export async function addModel(store: Store, file: File): Promise<void> {
  let info: RunInfo | null = null;
  const isDone = await attempt(store, 'runs', async () => {
    info = await store.api.addModel(file);
    store.runs.value = await store.api.runs();
  });
  if (isDone && info !== null) goTo('results', (info as RunInfo).folder);
}

/** Downloads a file. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // long after the browser has begun to read it
}

/** @param name a file of the run folder; null: all of them, as a zip */
export async function takeAway(store: Store, folder: string, name: string | null): Promise<void> {
  await attempt(store, 'results', async () => {
    const content = name === null ? await store.api.zip(folder) : await store.api.file(folder, name);
    download(content, name === null ? `${baseName(folder)}.zip` : `${baseName(folder)}-${name}`);
  });
}
