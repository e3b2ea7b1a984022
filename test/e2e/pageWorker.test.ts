/** The page's worker in a real browser, on SwiftShader: the calls of the page, and the state after a reload. */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseScoresCsv } from '../../src/report/scoresCsv.ts';
import type { StepMetrics } from '../../src/train/stepMetrics.ts';
import { filesInZip, zipOf } from '../../src/web/page/worker/zip.ts';
import type { NewScores } from '../../src/web/pageApi.ts';
import { oecl, tinyOptions } from '../helpers/commandLine.ts';
import { whyNoChrome } from '../helpers/page.ts';
import { filesBelow } from '../helpers/program.ts';
import { tinyDataset } from '../helpers/tinyRun.ts';
import { type Files, type OpenedWorker, openWorkerPage } from '../helpers/workerPage.ts';

/** Options of a run that takes seconds. */
const TINY = { preset: 'tiny', arch: 'cnn32', width: 4, size: 16, views: 2, checkpointEvery: 1 };
const DEMO = { ...TINY, dataset: 'demo', epochs: 1, batch: 16 };
/** Enough steps to reload a page between two checkpoints. */
const EPOCHS = 12;

const why = await whyNoChrome();

describe.skipIf(why !== null)(`the worker of the page${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let worker: OpenedWorker;

  beforeAll(async () => {
    worker = await openWorkerPage();
  });
  afterAll(() => worker?.close());

  test('reports its device', async () => {
    const { value } = await worker.call('device');
    expect(value).toMatchObject({ isSoftware: true });
    expect(`${value?.vendor} ${value?.architecture}`).toMatch(/swiftshader/i);
  });

  test('cannot reach another origin: the policy of its page applies to it', async () => {
    const blocked = await worker.inWorker(
      () =>
        new Promise<string>((resolve) => {
          addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
          fetch('https://example.com/').catch(() => {});
        }),
    );
    expect(blocked).toBe('connect-src');
  });

  test('the demo can be trained, viewed and downloaded', async () => {
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

    expect(view!.kept).toBeNull();
    const kept = { score: 'knn', threshold: 0.125 };
    await worker.call('keepThreshold', done!.folder, kept);
    await worker.reload();
    expect((await worker.call('view', done!.folder)).value!.kept).toEqual(kept);
  });

  describe('own images', () => {
    /** train/, test/ and outliers/, as Node reads them. */
    let data: string;
    /** The files of `data`, by path. */
    let files: Files;
    /** A run on the same images in Node. */
    let inNode: string;
    /** What the page reports about the images and the outliers after adding them. */
    let added: Awaited<ReturnType<OpenedWorker['addImages']>>;
    let withOutliers: Awaited<ReturnType<OpenedWorker['addImages']>>;
    let options: object;

    beforeAll(async () => {
      data = await tinyDataset({ stripes: 9, disk: 0 });
      const outliers = await tinyDataset({ stripes: 0, disk: 5 });
      for (const name of await filesBelow(join(outliers, 'train'))) {
        await mkdir(dirname(join(data, 'outliers', name)), { recursive: true });
        await writeFile(join(data, 'outliers', name), await readFile(join(outliers, 'train', name)));
      }
      const paths = (await filesBelow(data)).sort();
      files = Object.fromEntries(
        await Promise.all(paths.map(async (path) => [path, await readFile(join(data, path))])),
      );
      inNode = join(await mkdtemp(join(tmpdir(), 'oecl-page-node-')), 'run');
      const more = { adapter: 'swiftshader', oe: `folder:${data}/outliers`, epochs: `${EPOCHS}` };
      const { code, stderr } = await oecl(tinyOptions(data, inNode, more));
      expect(code, stderr).toBe(0);
      await addAll();
    });

    async function addAll(): Promise<void> {
      const dropped = Object.fromEntries(
        [...ofPart('train'), ...ofPart('test')].map(([path, bytes]) => [`cells/${path}`, bytes]),
      );
      added = await worker.addImages('train', {
        ...dropped,
        'cells/.DS_Store': new Uint8Array(3),
        'cells/notes.txt': new Uint8Array(3),
      });
      const zip = await zipOf([
        ...ofPart('outliers').map(([path, bytes]) => ({ path, content: new Blob([bytes as BlobPart]) })),
        { path: 'outliers/disk/broken.png', content: new Blob([new Uint8Array(99)]) },
      ]);
      withOutliers = await worker.addImages('outliers', { 'others.zip': new Uint8Array(await zip.arrayBuffer()) });
      const { id } = withOutliers.value!;
      options = {
        ...TINY,
        dataset: 'folder',
        data: `data/${id}`,
        oe: `folder:data/${id}/outliers`,
        normal: 'stripes',
        epochs: EPOCHS,
        batch: 4,
      };
    }

    const resultOfNode = async () => JSON.parse(await readFile(join(inNode, 'result.json'), 'utf8'));
    const ofPart = (part: string) => Object.entries(files).filter(([path]) => path.startsWith(`${part}/`));
    const toldSteps = async () =>
      (await worker.told()).filter(([name]) => name === 'onSteps').flatMap(([, metrics]) => metrics as StepMetrics[]);
    const untilStep = (step: number) =>
      expect.poll(async () => (await toldSteps()).at(-1)?.step ?? 0, { timeout: 60_000 }).toBeGreaterThanOrEqual(step);

    /** The same weights and scores as in Node. */
    async function expectAsInNode(folder: string): Promise<void> {
      const { value: view } = await worker.call('view', folder);
      const { weightsSha256, auroc } = await resultOfNode();
      expect(view!.result).toMatchObject({ weightsSha256, auroc, where: 'browser' });
      expect((await worker.file(folder, 'scores.csv')).toString()).toBe(
        await readFile(join(inNode, 'scores.csv'), 'utf8'),
      );
      expect(view!.metrics.map(({ step }) => step)).toEqual(
        Array.from({ length: view!.result.steps }, (_, i) => i + 1),
      );
    }

    test('a folder and a zip with a broken file are added', async () => {
      expect(added.error).toBeUndefined();
      const { parts, quota, usage } = added.value!;
      expect(parts.train).toMatchObject({ images: 9, classes: [{ name: 'stripes', images: 9 }] });
      expect(parts.train!.skipped.map(({ file }) => file)).toEqual(['cells/notes.txt']);
      expect(parts.test).toMatchObject({ images: 12, classes: [{ name: 'disk' }, { name: 'stripes' }] });
      expect(parts.test!.pictures.length).toBe(12);
      expect(quota).toBeGreaterThan(usage);

      const content = withOutliers.value!;
      expect(content.parts.outliers).toMatchObject({
        images: 5,
        skipped: [{ file: 'outliers/disk/broken.png', reason: 'it is not a JPEG, PNG or BMP file' }],
      });
      expect((await worker.call('readData')).value).toMatchObject({ id: content.id, parts: content.parts });
      const nothing = await worker.addImages('test', { 'a/b.png': new Uint8Array(9) });
      expect(nothing.error).toMatchObject({
        name: 'DataError',
        message: expect.stringContaining('a/b.png: it is not a'),
      });
    });

    test('a run that is paused, reloaded and resumed is bit-identical to Node, and its files can be zipped', async () => {
      await worker.begin({ ...options, out: 'runs/parts' });
      await untilStep(3);
      await worker.call('interrupt');
      expect((await worker.ended()).value).toEqual({ folder: 'runs/parts', interrupted: true });
      expect((await worker.call('unfinished')).value).toBeNull();

      await worker.begin({ out: 'runs/parts', resume: true });
      await untilStep(8);
      await worker.reload();
      const { value: unfinished } = await worker.call('unfinished');
      expect(unfinished).toMatchObject({ folder: 'runs/parts', state: 'interrupted', totalSteps: 24 });
      expect(unfinished!.steps).toBeGreaterThanOrEqual(6);
      expect((await worker.train({ out: unfinished!.folder, resume: true })).value).toMatchObject({
        interrupted: false,
      });
      const [, start] = (await worker.told()).find(([name]) => name === 'onStart')!;
      expect(start).toMatchObject({ doneSteps: expect.any(Number), deviceBytes: expect.any(Number) });
      await expectAsInNode('runs/parts');
      expect((await worker.call('unfinished')).value).toBeNull();

      const zipped = await filesInZip(new Blob([(await worker.zip('runs/parts')) as BlobPart]));
      expect(zipped.map(({ path }) => path).sort()).toEqual(
        (await filesBelow(inNode)).map((name) => `parts/${name}`).sort(),
      );
      const model = zipped.find(({ path }) => path.endsWith('model.safetensors'))!;
      expect(Buffer.from(await model.read()).equals(await readFile(join(inNode, 'model.safetensors')))).toBe(true);
    });

    test('a model from Node gives the scores of Node; other files are refused', async () => {
      const { value: model } = await worker.addModel(await readFile(join(inNode, 'model.safetensors')));
      expect(model).toMatchObject({ folder: 'runs/model-stripes-0', state: 'model', config: null });
      const expected = parseScoresCsv(await readFile(join(inNode, 'scores.csv'), 'utf8'), 'scores.csv');
      const given = Object.fromEntries(expected.map(({ path }) => [path, files[path]]));
      const reversed = Object.fromEntries(Object.entries(given).reverse());
      const { value: scored } = await worker.score(model!.folder, { 'bad.png': new Uint8Array(3), ...reversed });
      const rounded = (images: NewScores['images']) =>
        images.map(({ path, scores }) => [path, ...Object.values(scores).map((v) => Number(v.toPrecision(9)))]);
      const ofNode = expected.map(({ path, scores }) => [path, ...Object.values(scores)]);
      expect(rounded(scored!.images)).toEqual(ofNode.toReversed());
      expect(scored!.skipped).toEqual([{ file: 'bad.png', reason: 'it is not a JPEG, PNG or BMP file' }]);
      const [path, bytes] = Object.entries(given)[2];
      const zip = await zipOf([{ path, content: new Blob([bytes as BlobPart]) }]);
      const zipped = await worker.score(model!.folder, { 'one.zip': new Uint8Array(await zip.arrayBuffer()) });
      expect(rounded(zipped.value!.images), 'one of them, alone in a zip').toEqual([ofNode[2]]);
      const checkpoint = await worker.addModel(await readFile(join(inNode, 'checkpoint.safetensors')));
      expect(checkpoint.error).toMatchObject({
        name: 'FormatError',
        message: expect.stringMatching(/do not say how images are scored/),
      });
      expect((await worker.addModel(new Uint8Array(50))).error).toMatchObject({ name: 'FormatError' });
    });

    describe('a lost device', () => {
      /** Records every device that the worker opens. */
      beforeEach(async () => {
        await worker.reload();
        await worker.inWorker(() => {
          const kept: GPUDevice[] = [];
          const open = GPUAdapter.prototype.requestDevice;
          GPUAdapter.prototype.requestDevice = async function (...args) {
            const device = await open.apply(this, args);
            kept.push(device);
            if ((globalThis as { isDoomed?: boolean }).isDoomed) device.destroy();
            return device;
          };
          return void Object.assign(globalThis, { kept });
        });
      });
      const recoveries = async () =>
        (await worker.told()).filter(([name]) => name === 'onRecover').map(([, attempt]) => attempt);
      const stepsSinceRecovery = async () => {
        const told = await worker.told();
        const since = told.slice(told.findLastIndex(([name]) => name === 'onRecover') + 1);
        return since.filter(([name]) => name === 'onSteps').flatMap(([, metrics]) => metrics as StepMetrics[]).length;
      };

      test('is replaced automatically, and the run ends bit-identical', async () => {
        await worker.begin({ ...options, out: 'runs/lost' });
        // before the second loss an epoch has ended, so a checkpoint was written since the first
        for (const [losses, steps] of [3, 7].entries()) {
          await expect.poll(stepsSinceRecovery, { timeout: 60_000 }).toBeGreaterThanOrEqual(steps);
          await worker.inWorker(() => (globalThis as never as { kept: GPUDevice[] }).kept.at(-1)!.destroy());
          await expect.poll(recoveries, { timeout: 60_000 }).toHaveLength(losses + 1);
        }
        const { value, error } = await worker.ended();
        expect(error).toBeUndefined();
        expect(value).toEqual({ folder: 'runs/lost', interrupted: false });
        expect(await recoveries()).toEqual([1, 1]); // checkpoints were written between the two
        await expectAsInNode('runs/lost');
      });

      test('when the device is lost repeatedly, the run stops with a remedy, and nothing is lost', async () => {
        await worker.inWorker(() => Object.assign(globalThis, { isDoomed: true }));
        const { error } = await worker.train({ ...options, out: 'runs/doomed' });
        expect(await recoveries()).toEqual([1, 2, 3]);
        expect(error).toMatchObject({
          name: 'DeviceLostError',
          message: expect.stringMatching(/^the device was lost 4 times/),
        });
        expect(error!.remedy).toMatch(/a smaller batch/);
        expect((await worker.call('unfinished')).value).toBeNull();
        await worker.reload();
      });
    });

    test('two tabs never train at once', async () => {
      await worker.begin({ ...options, epochs: 200, out: 'runs/first' });
      await untilStep(3);
      const other = await worker.another();
      const { error } = await other.train({ ...options, out: 'runs/second' });
      const message = expect.stringMatching(/a run is in progress, in this tab or in another/);
      expect(error).toMatchObject({ name: 'UsageError', message });
      expect((await other.call('unfinished')).value).toBeNull();
      expect((await other.call('removeRun', 'runs/first')).error).toMatchObject({ name: 'UsageError', message });
      expect((await other.call('removeImages', 'train')).error).toMatchObject({ name: 'UsageError', message });
      await worker.call('interrupt');
      expect((await worker.ended()).value).toEqual({ folder: 'runs/first', interrupted: true });
      await other.page.close();
    });

    test('with changed images a run is resumed only if that is accepted; removed images are deleted', async () => {
      await worker.begin({ ...options, epochs: 30, out: 'runs/changed' });
      await untilStep(3);
      await worker.call('interrupt');
      await worker.ended();
      await worker.reload(); // like a closed page
      const [, image] = ofPart('outliers')[0];
      await worker.addImages('test', { 'test/disk/more.bmp': image });
      const { error } = await worker.train({ out: 'runs/changed', resume: true });
      const message = expect.stringContaining('test images: 1 new (test/disk/more.bmp)');
      expect(error).toMatchObject({ name: 'ChangedDataError', message });
      const accepted = await worker.train({ out: 'runs/changed', resume: true, acceptChangedData: true });
      expect(accepted.value).toMatchObject({ interrupted: false });
      const { value: view } = await worker.call('view', 'runs/changed');
      expect(view!.result.changedData).toEqual([expect.stringContaining('1 new (test/disk/more.bmp)')]);
      await worker.begin({ ...options, epochs: 30, out: 'runs/half' });
      await untilStep(1);
      await worker.call('interrupt');
      expect((await worker.ended()).value).toMatchObject({ interrupted: true });
      await worker.call('removeImages', 'test');
      await worker.call('removeImages', 'outliers');
      const { value: content } = await worker.call('removeImages', 'train');
      expect(content).toMatchObject({ id: null, parts: { train: null, outliers: null, test: null } });
      expect((await worker.call('pictures', 'runs/changed', ['test/disk/0.bmp'])).value).toEqual([null]);
      const gone = await worker.train({ out: 'runs/half', resume: true });
      expect(gone.error).toMatchObject({ name: 'DataError', message: expect.stringMatching(/images .* were removed/) });
      expect((await worker.call('removeRun', 'runs/half')).error).toBeUndefined();
      expect((await worker.call('runs')).value!.map(({ folder }) => folder)).not.toContain('runs/half');
    });
  });
});
