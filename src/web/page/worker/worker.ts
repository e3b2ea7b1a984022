/** The worker of the page: its parts, put together, behind PageApi. */
import { expose } from 'comlink';
import { browserRuntimePlatform } from '../../../../runtime/platform/browser.ts';
import { demoExamples } from '../../../data/demo.ts';
import { libraryFor } from '../../../library/library.ts';
import { browserPlatform } from '../../../platform/browser.ts';
import { originStorage } from '../../../platform/browserStorage.ts';
import { thumbnailUri } from '../../../report/png.ts';
import type { PageApi } from '../../pageApi.ts';
import { carryErrors } from '../thrown.ts';
import { PICTURE_SIDE, Runs } from './runs.ts';
import { Session } from './session.ts';

const DEMO_PICTURES_A_CLASS = 4;

const files = browserPlatform();
const library = libraryFor({ runtime: browserRuntimePlatform, files, where: 'browser' });
const runs = new Runs(files, originStorage);
const session = new Session(library, runs, originStorage);

const api: Pick<
  PageApi,
  'device' | 'demoPictures' | 'train' | 'interrupt' | 'unfinished' | 'runs' | 'view' | 'pictures' | 'removeRun' | 'file'
> = {
  async device() {
    const { info, release } = await browserRuntimePlatform.requestAdapter({});
    release();
    const { vendor, architecture, device, description, isSoftware } = info;
    return { vendor, architecture, device, description, isSoftware };
  },
  async demoPictures() {
    const examples = demoExamples(DEMO_PICTURES_A_CLASS, 0);
    return Promise.all(
      examples.map(async ({ path, className, image }) => ({
        path,
        className,
        uri: await thumbnailUri(image, PICTURE_SIDE),
      })),
    );
  },
  train: (options, callbacks) => session.train(options, '', callbacks),
  interrupt: async () => session.interrupt(),
  async unfinished() {
    if (await session.isBusy()) return null;
    for (const run of await runs.list()) {
      if (run.state === 'interrupted' && (await runs.note(run.folder))?.isUnderWay) return run;
    }
    return null;
  },
  runs: () => runs.list(),
  view: (folder) => runs.view(folder),
  pictures: (folder, paths) => runs.pictures(folder, paths),
  removeRun: (folder) => runs.remove(folder),
  file: (folder, name) => runs.file(folder, name),
};

carryErrors();
expose(api);
