/** The page's worker: implements PageApi. */
import { expose } from 'comlink';
import { browserRuntimePlatform } from '../../../../runtime/platform/browser.ts';
import { descriptionOf } from '../../../base/adapter.ts';
import { demoExamples } from '../../../data/datasets/demo.ts';
import { libraryFor } from '../../../library/library.ts';
import { browserPlatform } from '../../../platform/browser.ts';
import { originStorage } from '../../../platform/browserStorage.ts';
import { thumbnailUri } from '../../../report/png.ts';
import type { PageApi } from '../../pageApi.ts';
import { carryErrors } from '../thrown.ts';
import { Images } from './images.ts';
import { Models } from './models.ts';
import { PICTURE_SIDE, Runs } from './runs.ts';
import { Session } from './session.ts';
import { preloadZips } from './zip.ts';

const DEMO_PICTURES_A_CLASS = 4;

const files = browserPlatform();
const library = libraryFor({ runtime: browserRuntimePlatform, files, where: 'browser' });
const runs = new Runs(files, originStorage);
const images = new Images(files, originStorage);
const models = new Models(files, library);
const session = new Session(library, runs, images, originStorage);

const api: PageApi = {
  async device() {
    const { info, release } = await browserRuntimePlatform.requestAdapter({});
    release();
    return descriptionOf(info);
  },
  async demoPictures() {
    const examples = demoExamples(DEMO_PICTURES_A_CLASS, 0);
    return Promise.all(
      examples.map(async ({ path, className, image }) => ({
        path,
        className,
        uri: thumbnailUri(image, PICTURE_SIDE),
      })),
    );
  },
  readData: () => images.read(),
  async addImages(part, given, onProgress) {
    await session.alone('add images', () => images.add(part, given, onProgress));
    return images.read();
  },
  async removeImages(part) {
    await session.alone('remove images', () => images.remove(part));
    return images.read();
  },

  train: (options, callbacks) => session.train(options, callbacks),
  interrupt: async () => session.interrupt(),
  unfinished: () => session.unfinished(),

  runs: () => runs.list(),
  view: (folder) => runs.view(folder),
  keepThreshold: (folder, kept) => runs.keepThreshold(folder, kept),
  pictures: (folder, paths) => runs.pictures(folder, paths),
  removeRun: (folder) => session.removeRun(folder),
  file: (folder, name) => runs.file(folder, name),
  zip: (folder) => runs.zip(folder),

  async addModel(file) {
    return (await runs.info(await models.add(file)))!;
  },
  score: (folder, given, onProgress) => models.score(folder, given, onProgress),
};

carryErrors();
expose(api);
// The page is ready before it arrives, and works without a network once it has.
preloadZips();
