/** The user's images: loading, adding, removing. */
import type { GivenFile, Part } from '../../pageApi.ts';
import { ALL, normalClasses, type Source, suggestedMethod } from '../logic/choices.ts';
import { counted } from '../logic/format.ts';
import { goTo } from '../route.ts';
import type { Store } from '../state.ts';
import { announce, attempt } from './shared.ts';

export async function readData(store: Store): Promise<void> {
  await attempt(store, 'images', async () => {
    store.data.value = await store.api.readData();
    if (store.data.value.parts.train !== null) chooseSource(store, 'own');
  });
}

export async function addImages(store: Store, part: Part, files: readonly GivenFile[]): Promise<void> {
  if (files.length === 0) return;
  store.adding.value = { part, done: 0, total: files.length };
  await attempt(store, 'images', async () => {
    store.data.value = await store.api.addImages(part, [...files], (done, total) => {
      store.adding.value = { part, done, total };
    });
    const content = store.data.value.parts[part];
    const skipped = content?.skipped.length ?? 0;
    const left = skipped === 0 ? '' : `, ${counted(skipped, 'file')} left out`;
    announce(store, `${counted(content?.images ?? 0, 'image')} stored${left}.`);
    if (part === 'train') chooseSource(store, 'own');
    if (part === 'outliers') store.choices.value = { ...store.choices.value, outliers: 'own' };
  });
  store.adding.value = null;
}

export async function removeImages(store: Store, part: Part): Promise<void> {
  await attempt(store, 'images', async () => {
    store.data.value = await store.api.removeImages(part);
    announce(store, 'Images removed.');
    if (part === 'train') chooseSource(store, 'demo');
  });
}

/** Selects these images for training; the normal class becomes one of theirs. */
export function chooseSource(store: Store, source: Source): void {
  const { names, all } = normalClasses(source, store.data.value);
  const { source: before, normal, preset, method } = store.choices.value;
  const isKept = source === before && names.includes(normal);
  const outliers = store.data.value?.parts.outliers ? 'own' : 'dead-leaves';
  store.choices.value = {
    ...store.choices.value,
    source,
    method: source === before ? method : suggestedMethod(source, preset).method,
    normal: isKept ? normal : all ? ALL : defaultDemoClass(names),
    outliers,
  };
}

/** Eosinophil is the default of the command line too. */
const defaultDemoClass = (names: readonly string[]): string => names.find((name) => name === 'Eosinophil') ?? names[0];

export function trainOn(store: Store, source: Source): void {
  chooseSource(store, source);
  goTo('train');
}
