/** A first visit: the page that `oecl serve` serves, with its real worker and device, by mouse and keyboard. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serveFolder } from '../../src/serve/staticServer.ts';
import { filesInZip, zipOf } from '../../src/web/page/worker/zip.ts';
import { oecl, tinyOptions } from '../helpers/commandLine.ts';
import { type TestPage, untilReady, visit, whyNoChrome } from '../helpers/page.ts';
import { pageScripts } from '../helpers/pageScripts.ts';
import { filesBelow } from '../helpers/program.ts';
import { tinyDataset } from '../helpers/tinyRun.ts';

/** Form fields by label: a run of seconds with enough steps to reload the page in between. */
const TINY = { Epochs: 12, 'Images per step': 4, 'Input size (px)': 16, 'Network width (channels)': 4 };
const VIEWS = { 'Views for the score': 2 };
/** Other work may occupy the cores that the page trains on. */
const PATIENCE = { timeout: 240_000 };
const LONG = { timeout: 300_000 };

const why = await whyNoChrome();

describe.skipIf(why !== null)(`a first visit${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let visitor: TestPage;
  let page: Page;
  let origin: string;
  /** Every request of page and worker, including failed ones. */
  const requested: string[] = [];
  const failures: string[] = [];

  beforeAll(async () => {
    const { url, close } = await serveFolder(pathToFileURL(`${process.cwd()}/dist/web/`), 0, '127.0.0.1');
    visitor = await visit('about:blank', close);
    page = visitor.page;
    origin = url;
    page.context().on('request', (request) => requested.push(request.url()));
    page.on('pageerror', ({ message }) => failures.push(message));
    await page.goto(url);
    await untilReady(visitor);
    expect(await page.getByRole('alert').allInnerTexts(), 'a device').toEqual([]);
  });
  afterEach(() => {
    const elsewhere = requested.filter((url) => !url.startsWith(origin) && !/^(data|blob|about):/.test(url));
    expect(elsewhere, 'requests to other origins').toEqual([]);
    expect(failures, 'errors of the page').toEqual([]);
  });
  afterAll(() => visitor?.close());

  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const heading = (name: string | RegExp) => page.getByRole('heading', { name });

  test('the demo runs by keyboard, without a network, and survives a lost device', LONG, async () => {
    // from the first view to a training that is paused and resumed
    await button('Try the demo').waitFor();
    await page.context().setOffline(true);
    await press(page, button('Try the demo'));
    await press(page, page.locator('summary', { hasText: 'More options' }));
    for (const [label, value] of Object.entries({ ...TINY, ...VIEWS, Epochs: 4 })) {
      await tabTo(page, page.getByLabel(label, { exact: true }));
      await page.keyboard.type(`${value}`);
    }
    await keepDevices(page);
    await press(page, button('Start training'));
    await page.getByText(/^Step [1-9]\d* of/).waitFor(PATIENCE);
    await press(page, button('Pause'));
    await heading('Paused').waitFor();
    await press(page, button('Resume'));

    // the device is lost: the page says so and continues to the results automatically
    await page.getByText(/^Step (?!1 )\d+ of/).waitFor(PATIENCE);
    await loseDevice(page);
    await page.getByText('The graphics device was lost').waitFor();
    await page.getByText('AUROC').first().waitFor(PATIENCE);
    await page.getByText('Synthetic images.').waitFor();
    const threshold = page.getByRole('slider', { name: 'Threshold' });
    await tabTo(page, threshold);
    const before = Number(await threshold.inputValue());
    await page.keyboard.press('ArrowRight');
    expect(Number(await threshold.inputValue())).toBeGreaterThan(before);
    await page.context().setOffline(false);

    // test/e2e/pageSize.test.ts counts every script that was loaded
    const { atStart, later } = pageScripts();
    const loaded = requested.map((url) => new URL(url).pathname.slice(1)).filter((path) => path.endsWith('.js'));
    expect(loaded).toEqual(expect.arrayContaining(atStart));
    expect([...atStart, ...later]).toEqual(expect.arrayContaining(loaded));
  });

  describe('with the mouse and own images', LONG, () => {
    /** train/, test/ as Node reads them. */
    let data: string;
    let inNode: { weightsSha256: string; auroc: object };

    beforeAll(async () => {
      data = await tinyDataset({ stripes: 9, disk: 0 });
      await writeFile(join(data, 'train', 'stripes', 'broken.png'), 'no image');
      const out = join(await mkdtemp(join(tmpdir(), 'oecl-first-visit-')), 'run');
      const more = { adapter: 'swiftshader', oe: 'dead-leaves', epochs: '12', views: '2', protocol: 'all-normal' };
      const flags = tinyOptions(data, out, {
        ...more,
        normal: undefined,
        arch: 'resnet10',
        batch: '4',
        size: '16',
        width: '4',
      });
      const { code, stderr } = await oecl([...flags, '--skip-bad']);
      expect(code, stderr).toBe(0);
      inNode = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
    });

    test('dropped images lead through a training with a pause and a reload to the results', async () => {
      // a folder and a zip are dropped: counts, thumbnails, and unreadable files
      await page.goto(origin);
      await dropFromDesktop(page, 'normal images', join(data, 'train'));
      await page.getByText('1 file left out', { exact: true }).click();
      await page.getByText('broken.png').waitFor();
      expect(await page.getByRole('region', { name: 'Normal images' }).innerText()).toMatch(/9\s+images/);
      const zip = await zipOf(await contentOf(join(data, 'test')));
      await page
        .locator('input[data-part="test images, files"]')
        .setInputFiles({ name: 'test.zip', mimeType: 'application/zip', buffer: Buffer.from(await zip.arrayBuffer()) });
      await page.getByText('disk').first().waitFor();

      // one button: nothing is trained, the page says why, and the images are scored
      await button('Train on 9 normal images').click();
      await page.getByText('Suggested: features of a network trained on ImageNet').waitFor();
      await button('Start').click();
      await page.getByText('nothing was trained').waitFor(PATIENCE);
      await page.getByText('AUROC').first().waitFor();

      // training shows curves and rates; paused, resumed and reloaded, it continues automatically
      await page.getByRole('link', { name: 'Train', exact: true }).click();
      await page.getByRole('radio', { name: /^OECL/ }).click();
      await fill(page, { ...TINY, ...VIEWS, 'Checkpoint every (epochs)': 1 });
      await button('Start training').click();
      await page.getByText(/^Step (?!1 )\d+ of/).waitFor(PATIENCE);
      await page.getByText('images/s').waitFor();
      await button('Pause').click();
      await heading('Paused').waitFor();
      await button('Resume').click();
      await page.getByText(/^Step (?!1 )\d+ of/).waitFor(PATIENCE);
      await page.reload();
      await page.getByText('in progress when the page was closed').waitFor(PATIENCE);

      // results: bit-identical to Node, a threshold, new images, and files to download
      await page.getByText('AUROC').first().waitFor(PATIENCE);
      const files = await filesInZip(new Blob([new Uint8Array(await download(page, 'Run folder (zip)'))]));
      const file = files.find(({ path }) => path.endsWith('result.json'))!;
      const result = JSON.parse(new TextDecoder().decode(await file.read()));
      expect([result.weightsSha256, result.auroc]).toEqual([inNode.weightsSha256, inNode.auroc]);
      expect((await download(page, 'Scores (CSV)')).toString()).toMatch(/^image,class,label,norm,/);
      expect((await download(page, 'Report (HTML)')).toString()).toMatch(/^<!doctype html>/);
      expect((await download(page, 'Model (safetensors)')).length).toBeGreaterThan(1000);

      const threshold = page.getByRole('slider', { name: 'Threshold' });
      await threshold.fill('0');
      const chosen = await threshold.inputValue();
      await page.getByText('0 %').first().waitFor();
      await page.locator('.tile').first().click();
      await page.getByRole('dialog').getByText('normEnsemble').waitFor();
      await page.keyboard.press('Escape');

      await page.locator('input[data-part="new images, folder"]').setInputFiles(join(data, 'test', 'disk'));
      await page.getByText(/called outliers/).waitFor(PATIENCE);
      await page.reload();
      await page.getByText('AUROC').first().waitFor(PATIENCE);
      expect(await threshold.inputValue()).toBe(chosen); // kept with the run
    });
  });
});

/** Moves the focus with the Tab key only. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < 100; presses++) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${target} is not reached by 100 presses of Tab`);
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

/** Lets `loseDevice` lose the worker's devices from here on. */
async function keepDevices(page: Page): Promise<void> {
  await page.workers()[0].evaluate(() => {
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await requestDevice.apply(this, args);
      Object.assign(globalThis, { lastDevice: device });
      return device;
    };
  });
}

async function loseDevice(page: Page): Promise<void> {
  await page.workers()[0].evaluate(() => (globalThis as unknown as { lastDevice: GPUDevice }).lastDevice.destroy());
}

/** Fills fields in the collapsed part of the form. */
async function fill(page: Page, fields: Record<string, number>): Promise<void> {
  await page.getByText('More options').click();
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(`${value}`);
}

/** Drops a file or folder on a drop zone, as a file manager does. */
async function dropFromDesktop(page: Page, zone: string, path: string): Promise<void> {
  const place = page.getByRole('group', { name: zone });
  await place.scrollIntoViewIfNeeded();
  const box = (await place.boundingBox())!;
  const at = { x: box.x + box.width / 2, y: box.y + 20 };
  const devtools = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', {
      ...{ type, ...at },
      data: { items: [], files: [path], dragOperationsMask: 1 },
    });
  }
}

async function contentOf(folder: string): Promise<{ path: string; content: Blob }[]> {
  const paths = await filesBelow(folder);
  return Promise.all(paths.map(async (path) => ({ path, content: new Blob([await readFile(join(folder, path))]) })));
}

async function download(page: Page, name: string): Promise<Buffer> {
  const [started] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
  return readFile(await started.path());
}
