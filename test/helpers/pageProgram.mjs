/**
 * A program for a page that trains with the installed package; library.test.ts bundles it as its author would,
 * and calls the functions that it sets on the page's global object.
 */
import { loadModel, score, train } from 'oecl';

async function folderAt(parts) {
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
  return folder;
}

async function fileAt(path) {
  const parts = path.split('/');
  return (await folderAt(parts.slice(0, -1))).getFileHandle(parts.at(-1), { create: true });
}

const program = {
  /** Steps done so far. */
  steps: 0,

  /** Copies files from the server into the private file system, as a page does with dropped files. */
  async copyIn(paths) {
    for (const path of paths) {
      const file = await (await fileAt(path)).createWritable();
      await file.write(await (await fetch(`/${path}`)).blob());
      await file.close();
    }
  },

  /** Starts the run and returns immediately. */
  begin(options) {
    void train(options, {
      onStep({ step }) {
        program.steps = step;
      },
    });
  },

  async resume(options) {
    let doneSteps = -1;
    const hooks = {
      onStart(start) {
        doneSteps = start.doneSteps;
      },
    };
    const { results } = await train({ ...options, resume: true }, hooks);
    return { ...results[0], doneSteps };
  },

  scoreFolder: async (run, folder) => (await score(await loadModel(run), folder)).scores,

  async filesIn(folder) {
    const names = [];
    for await (const name of (await folderAt(folder.split('/'))).keys()) names.push(name);
    return names.sort();
  },

  textOf: async (path) => (await (await fileAt(path)).getFile()).text(),
};
globalThis.program = program;
