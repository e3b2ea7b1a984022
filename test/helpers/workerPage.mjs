/**
 * A page without a user interface: it starts the page's worker and records its callbacks, for pageWorker.test.ts.
 * Every function returns plain data.
 */
import { proxy, wrap } from 'comlink';
import { carryErrors } from '../../src/web/page/thrown.ts';

carryErrors();
// like the page (rpc.ts): a worker from a blob inherits the page's policy
const source = new Blob([`import ${JSON.stringify(new URL('worker.js', location.href).href)};`], {
  type: 'text/javascript',
});
const thread = new Worker(URL.createObjectURL(source), { type: 'module' });
// its calls would never settle: an uncaught error of the page ends the tests instead (page.ts)
thread.addEventListener('error', ({ message }) => {
  void Promise.reject(new Error(`the worker failed: ${message || 'it could not be loaded'}`));
});
const worker = wrap(thread);

/** The callback calls of the last training: [name, ...arguments]. */
let told = [];

const callbacks = () =>
  Object.fromEntries(
    ['onLoad', 'onStart', 'onSteps', 'onEvaluate', 'onNote', 'onRecover'].map((name) => [
      name,
      (...args) => {
        told.push([name, ...args]);
      },
    ]),
  );

/** Files as from a file input or a drop. @param given path to base64 */
const filesOf = (given) =>
  Object.entries(given).map(([path, base64]) => ({
    path,
    file: new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], path.split('/').at(-1)),
  }));

async function base64Of(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The result, or the text of the error. */
const settled = (call) =>
  call.then(
    (value) => ({ value }),
    (error) => ({ error: { name: error.name, message: error.message, remedy: error.remedy } }),
  );

let training = null;

globalThis.program = {
  call: (name, ...args) => settled(worker[name](...args)),
  told: () => told,
  /** Starts the training and returns immediately. */
  begin(options) {
    told = [];
    training = settled(worker.train(options, proxy(callbacks())));
  },
  ended: () => training,
  addImages: (part, given) =>
    settled(
      worker.addImages(
        part,
        filesOf(given),
        proxy(() => {}),
      ),
    ),
  addModel: (base64) => settled(worker.addModel(filesOf({ 'model.safetensors': base64 })[0].file)),
  score: (folder, given) =>
    settled(
      worker.score(
        folder,
        filesOf(given),
        proxy(() => {}),
      ),
    ),
  file: async (folder, name) => base64Of(await worker.file(folder, name)),
  zip: async (folder) => base64Of(await worker.zip(folder)),
};
