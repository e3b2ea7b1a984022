/** The page's beginning: the worker, the store, the first questions. */
import { render } from 'preact';
import { readData } from './actions/images.ts';
import { readRuns } from './actions/runs.ts';
import { resumeUnfinished } from './actions/training.ts';
import { App } from './components/App.tsx';
import { RELOAD } from './failure.ts';
import { problemOf } from './logic/problem.ts';
import { startWorker } from './rpc.ts';
import { createStore, isBusy, type Store, StoreContext } from './state.ts';
import { keepAwakeWhile } from './wakeLock.ts';

const store = createStore(
  startWorker((reason) => {
    const problem = { sentence: 'The part of this page that trains does not run.', details: [reason], remedy: RELOAD };
    store.device.value = { kind: 'none', problem };
  }),
);
// A file dropped beside a drop zone would replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
keepAwakeWhile(() => isBusy(store));
render(
  <StoreContext.Provider value={store}>
    <App />
  </StoreContext.Provider>,
  document.querySelector('#page')!,
);
document.querySelector('#start')?.remove();
await Promise.all([readData(store), readRuns(store), readDemo(store), findDevice(store)]);
if (store.device.value.kind === 'ready') await resumeUnfinished(store);

async function findDevice({ api, device, choices }: Store): Promise<void> {
  try {
    const report = await api.device();
    device.value = { kind: 'ready', report };
    if (report.isSoftware) choices.value = { ...choices.value, preset: 'tiny' };
  } catch (error) {
    device.value = { kind: 'none', problem: problemOf(error) };
  }
}

async function readDemo({ api, demo }: Store): Promise<void> {
  demo.value = await api.demoPictures().catch(() => []); // the demo works without its pictures
}
