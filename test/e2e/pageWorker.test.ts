/** The page's worker in a real browser, on SwiftShader: what the page asks of it, and what it finds after a reload. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoChrome } from '../helpers/page.ts';
import { type OpenedWorker, openWorkerPage } from '../helpers/workerPage.ts';

/** Values of a run of seconds. */
const TINY = { preset: 'tiny', arch: 'resnet10', width: 4, size: 16, views: 2, checkpointEvery: 1 };
const DEMO = { ...TINY, dataset: 'demo', epochs: 1, batch: 16 };

const why = await whyNoChrome();

describe.skipIf(why !== null)(`the worker of the page${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let worker: OpenedWorker;

  beforeAll(async () => {
    worker = await openWorkerPage();
  });
  afterAll(() => worker?.close());

  test('says which device there is', async () => {
    const { value } = await worker.call('device');
    expect(value).toMatchObject({ isSoftware: true });
    expect(`${value?.vendor} ${value?.architecture}`).toMatch(/swiftshader/i);
  });

  test('the demo: train, look, take away', async () => {
    const { value: pictures } = await worker.call('demoPictures');
    expect(new Set(pictures!.map(({ className }) => className)).size).toBe(5);
    expect(pictures![0].uri).toMatch(/^data:image\/png;base64,/);

    const { value: done } = await worker.train(DEMO);
    expect(done).toEqual({ folder: 'runs/demo-oecl-Eosinophil-0', interrupted: false });
    const told = await worker.told();
    const start = told.find(([name]) => name === 'onStart')![1] as { steps: number };
    const steps = told.filter(([name]) => name === 'onSteps').flatMap(([, metrics]) => metrics as { step: number }[]);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: start.steps }, (_, i) => i + 1));

    const { value: view } = await worker.call('view', done!.folder);
    expect(view!.metrics.length).toBe(start.steps);
    expect(view!.images.length).toBe(view!.result.testImages.in + view!.result.testImages.out);
    const { value: uris } = await worker.call('pictures', done!.folder, [view!.images[0].path, 'test/Monocyte/999']);
    expect(uris![0]).toMatch(/^data:image\/png;base64,/);
    expect(uris![1]).toBeNull();
    expect((await worker.file(done!.folder, 'report.html')).toString()).toContain('<!doctype html>');

    const { value: runs } = await worker.call('runs');
    expect(runs).toMatchObject([
      { folder: done!.folder, state: 'finished', steps: start.steps, totalSteps: start.steps },
    ]);
    expect((await worker.call('unfinished')).value).toBeNull();
  });
});
