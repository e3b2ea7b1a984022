/** The page for laboratories in a real browser, with a fake worker that needs no device: what users see, press and hear. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MockPage, openMockPage, type Scenario } from '../helpers/mockPage.ts';
import { whyNoChrome } from '../helpers/page.ts';

const FINISHED = '#results/runs/demo-oecl-Eosinophil-0';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const start = (page: Page) => page.getByRole('button', { name: /^Start/ }).click();
const give = (page: Page, part: string, names: string[]) =>
  page
    .locator(`input[data-part="${part}, files"]`)
    .setInputFiles(names.map((name) => ({ name, mimeType: 'image/png', buffer: Buffer.from(name) })));

/** Every state of the page, and how to reach it. */
const STATES: Record<string, { scenario: Scenario; fragment?: string; act?: (page: Page) => Promise<unknown> }> = {
  'no images yet': { scenario: 'empty' },
  'own images, files left out': { scenario: 'own', act: (page) => page.getByText('2 files left out').click() },
  'the form, all of it': { scenario: 'own', fragment: '#train', act: (page) => page.getByText('More options').click() },
  'no WebGPU': { scenario: 'nogpu', fragment: '#train' },
  'a software adapter': { scenario: 'software' },
  'a full disk': {
    scenario: 'full',
    act: async (page) => {
      await give(page, 'normal images', ['a.png']);
      await page.getByRole('alert').waitFor();
    },
  },
  'a network too large': {
    scenario: 'large',
    fragment: '#train',
    act: async (page) => {
      await start(page);
      await page.getByRole('alert').waitFor();
    },
  },
  training: {
    scenario: 'slow',
    fragment: '#train',
    act: async (page) => {
      await start(page);
      await page.getByText(/^Step [1-9]/).waitFor();
    },
  },
  'a lost device': {
    scenario: 'lost',
    fragment: '#train',
    act: async (page) => {
      await start(page);
      await page.getByText('The graphics device was lost').waitFor();
    },
  },
  results: { scenario: 'runs', fragment: FINISHED, act: (page) => page.locator('.tile img').first().waitFor() },
  'results without outliers': {
    scenario: 'normal',
    fragment: FINISHED,
    act: (page) => page.getByText('There is no AUROC').waitFor(),
  },
  'an image, large': { scenario: 'runs', fragment: FINISHED, act: (page) => page.locator('.tile').nth(3).click() },
  'new images, scored': {
    scenario: 'runs',
    fragment: FINISHED,
    act: async (page) => {
      await give(page, 'new images', ['a.png', 'b.png', 'c.png', 'd.png']);
      await page.getByText('called outliers').waitFor();
    },
  },
  'the runs': { scenario: 'runs', fragment: '#runs', act: (page) => page.locator('.run').first().waitFor() },
  'a question': {
    scenario: 'runs',
    fragment: '#runs',
    act: (page) =>
      page
        .getByRole('button', { name: /^Delete/ })
        .first()
        .click(),
  },
  'a model without its run': { scenario: 'runs', fragment: '#results/models/from-node' },
};

const why = await whyNoChrome();

describe.skipIf(why !== null)(`the page${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let mock: MockPage;
  let page: Page;

  beforeAll(async () => {
    mock = await openMockPage();
    page = mock.page;
  });
  afterAll(() => mock?.close());

  describe.each(Object.entries(STATES))('%s', (_, { scenario, fragment, act }) => {
    beforeAll(async () => {
      await page.setViewportSize({ width: 1280, height: 860 });
      await mock.open(scenario, fragment);
      await act?.(page);
    });

    test.each(['light', 'dark'] as const)('has no serious accessibility violation, %s', async (colorScheme) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(AXE);
      const faults = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
        const { violations } = await axe.run();
        return violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      });
      expect(faults).toEqual([]);
    });

    test.each([320, 390, 768, 1024])('nothing overflows at %d px', async (width) => {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    });
  });

  test('neither the page nor its worker can reach another origin', async () => {
    let requests = 0;
    const other = createServer((_, response) => {
      requests++;
      response.setHeader('access-control-allow-origin', '*').end('reached');
    });
    await new Promise<void>((done) => other.listen(0, 'localhost', done));
    const url = `http://localhost:${(other.address() as AddressInfo).port}/`;
    const reach = (to: string) =>
      fetch(to).then(
        () => 'reached',
        () => 'refused',
      );
    try {
      await page.goto(new URL('/', page.url()).href);
      expect(await page.evaluate(reach, url), 'a page without the policy').toBe('reached');
      expect(requests).toBe(1);
      await mock.open('empty');
      expect(await page.evaluate(reach, url), 'the page').toBe('refused');
      expect(page.workers()).toHaveLength(1);
      expect(await page.workers()[0].evaluate(reach, url), 'its worker').toBe('refused');
      expect(requests).toBe(1);
    } finally {
      other.close();
    }
  });

  test('the keyboard alone reaches the form, starts a training, pauses and resumes it', async () => {
    await page.setViewportSize({ width: 1280, height: 860 });
    await mock.open('slow');
    await page.getByRole('button', { name: 'Try the demo' }).focus();
    await page.keyboard.press('Enter');
    await expectFocus('Train');
    await page.getByRole('button', { name: /^Start/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByText(/^Step [1-9]/).waitFor();
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
    const paused = await page.getByText(/^Step [1-9]/).innerText();
    await page.getByRole('button', { name: 'Resume' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Training' }).waitFor();
    expect(paused).toMatch(/^Step [\d,]+ of 4,000, epoch \d+ of 100$/);
    await page.waitForFunction((step) => {
      const words = /Step ([\d,]+) of/.exec(document.body.innerText)?.[1] ?? '';
      return Number(words.replaceAll(',', '')) > step; // resumes where it paused, not from the beginning
    }, stepIn(paused));
    expect(await page.title()).toMatch(/^\d+ % · Train · OECL$/);
  });

  /** The step of `Step 1,240 of 4,000, ...`. */
  const stepIn = (words: string) => Number(/^Step ([\d,]+) of/.exec(words)![1].replaceAll(',', ''));

  async function expectFocus(name: string): Promise<void> {
    await page.waitForFunction((text) => document.activeElement?.textContent === text, name);
  }

  test('an interrupted run resumes automatically, says so, and can be paused', async () => {
    await mock.open('unfinished');
    await page.getByText('This run was in progress when the page was closed').waitFor();
    await page.getByText(/^Step 2,/).waitFor();
    const label = await page.getByRole('img', { name: /^Loss/ }).getAttribute('aria-label');
    expect(label, 'the curve up to the checkpoint is there').toMatch(/^Loss, steps [1-9] to 2,\d{3}\. .*total \d/);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
  });

  test('the screen stays on while training, but not after a pause or while the page is hidden', async () => {
    await mock.open('slow', '#train');
    await page.evaluate(() => {
      const locks: { released: boolean; release(): Promise<void> }[] = [];
      const request = async () => {
        const lock = {
          released: false,
          release: async () => {
            lock.released = true;
          },
        };
        locks.push(lock);
        return lock;
      };
      Object.defineProperty(navigator, 'wakeLock', { value: { request } });
      Object.assign(globalThis, { locks });
    });
    const held = (expected: boolean[]) =>
      page.waitForFunction((wanted) => {
        const { locks } = globalThis as unknown as { locks: { released: boolean }[] };
        return JSON.stringify(locks.map(({ released }) => !released)) === JSON.stringify(wanted);
      }, expected);
    const show = (visibilityState: 'hidden' | 'visible') =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'visibilityState', { value, configurable: true });
        const { locks } = globalThis as unknown as { locks: { released: boolean }[] };
        if (value === 'hidden') for (const lock of locks) lock.released = true; // like browsers
        document.dispatchEvent(new Event('visibilitychange'));
      }, visibilityState);
    await held([]);
    await start(page);
    await held([true]);
    await show('hidden');
    await held([false]);
    await show('visible');
    await held([false, true]);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
    await held([false, false]);
    await show('visible');
    await page.getByRole('button', { name: 'Resume' }).click();
    await held([false, false, true]);
  });

  test('a short run ends with its results', async () => {
    await mock.open('empty', '#train');
    await start(page);
    await page.getByRole('heading', { name: 'Eosinophil against the rest' }).waitFor();
    await expectFocus('Eosinophil against the rest');
    expect(await page.getByText('Synthetic images.').count()).toBe(1);
    expect(await page.getByRole('status').innerText()).toContain('finished');
  });

  test('when a run ends while another view is open, the user is notified and the view stays', async () => {
    await mock.open('empty', '#train');
    await page.getByRole('button', { name: /^Start/ }).evaluate((button: HTMLButtonElement) => {
      button.click();
      location.hash = '#runs'; // at once, as the run takes a second
    });
    await page.getByText('is finished.').waitFor();
    expect(new URL(page.url()).hash).toBe('#runs');
    await page.getByRole('link', { name: 'Open its results' }).click();
    await page.getByText('is finished.').waitFor({ state: 'detached' }); // the list of runs shows an AUROC too
    await page.getByText('0.9').first().waitFor();
    expect(new URL(page.url()).hash).not.toBe('#runs');
  });

  test('images can be dropped on a drop zone; elsewhere a drop does nothing', async () => {
    await mock.open('empty');
    const drop = (selector: string) =>
      page.evaluate((target) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['x'], 'a.png', { type: 'image/png' }));
        const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
        document.querySelector(target)!.dispatchEvent(event);
        return event.defaultPrevented; // otherwise the browser would replace the page with the file
      }, selector);
    expect(await drop('h1')).toBe(true);
    await page.waitForTimeout(200); // leaves time for images to be added by mistake
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(0);
    expect(await drop('.part.train .drop')).toBe(true);
    await page.getByRole('button', { name: 'Remove normal images' }).waitFor();
    expect(await page.getByRole('status').innerText()).toBe('1,204 images stored, 2 files left out.');
    await page.getByRole('button', { name: 'Train on 1,204' }).click();
    expect(await page.getByRole('radio', { name: /^My images/ }).isChecked()).toBe(true);
  });

  test('the rates follow the threshold slider and the preset rates', async () => {
    await mock.open('runs', FINISHED);
    const slider = page.getByRole('slider', { name: /^Threshold/ });
    const rates = () => page.locator('.rates').innerText();
    const before = await rates();
    expect(before).toMatch(/^False alarms \(false-positive rate\)\n5\s%/);
    await slider.focus();
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
    expect(await rates()).not.toBe(before);
    expect(await slider.getAttribute('aria-valuetext')).toMatch(
      /^[\d.]+: [\d.]+\s% false alarms, [\d.]+\s% of outliers missed$/,
    );
    await page.getByRole('button', { name: '5 %' }).click();
    expect(await rates()).toBe(before);
  });

  test('the last threshold is stored with its run, also when other views are opened in between', async () => {
    await mock.open('runs', FINISHED);
    const slider = page.getByRole('slider', { name: /^Threshold/ });
    await slider.focus();
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
    const chosen = await slider.inputValue();
    const show = (fragment: string) => page.evaluate((hash) => (location.hash = hash), fragment);
    await show('#results/models/from-node');
    await page.locator('input[data-part="scores"]').setInputFiles(scoresFile());
    await slider.waitFor();
    expect(await slider.inputValue()).not.toBe(chosen);
    await slider.press('ArrowRight'); // for a model, which has no run to store it with
    await show(FINISHED);
    await page.locator('.tile').first().waitFor();
    expect(await slider.inputValue()).toBe(chosen);
  });

  test('a run with several test sets has a row for each, of the chosen score', async () => {
    await mock.open('runs', FINISHED);
    const rows = page.getByRole('region', { name: 'AUROC by test set' }).getByRole('row');
    await rows.first().waitFor();
    const result = page.getByRole('region', { name: 'Result' });
    for (const score of ['normEnsemble', 'knn']) {
      await page.getByRole('combobox', { name: 'Score' }).selectOption(score);
      const [auroc] = /0\.\d+/.exec(await result.innerText())!;
      const [, all, none] = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
      expect([all, none]).toEqual([`all outliers 400 images ${auroc}`, 'no outliers 160 images']);
    }
    await mock.open('normal', FINISHED);
    await page.locator('.tile').first().waitFor();
    expect(await page.getByText('AUROC by test set').count()).toBe(0);
  });

  test('choosing another score updates charts, metrics, gallery and verdicts, and its threshold is stored with it', async () => {
    await mock.open('runs', FINISHED);
    const score = page.getByRole('combobox', { name: 'Score' });
    const result = () => page.getByRole('region', { name: 'Result' }).innerText();
    expect(await score.inputValue()).toBe('normEnsemble');
    expect(await result()).toMatch(/AUROC, normEnsemble[\s\S]*The main score\. It is the default/);
    const before = await page.locator('.tile').allInnerTexts();
    await score.selectOption('knn');
    expect(await result()).toMatch(/AUROC, knn/);
    expect(await result()).not.toContain('The main score');
    await page.getByRole('heading', { name: 'Metrics of knn' }).waitFor();
    expect(await page.locator('.tile').allInnerTexts()).not.toEqual(before);
    expect(await page.locator('.rates').innerText()).toMatch(/^False alarms \(false-positive rate\)\n5\s%/);
    const slider = page.getByRole('slider', { name: /^Threshold/ });
    await slider.focus();
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
    const chosen = await slider.inputValue();
    await page.evaluate(() => (location.hash = '#runs'));
    await slider.waitFor({ state: 'detached' });
    await page.evaluate((hash) => (location.hash = hash), '#results/models/from-node');
    await page.locator('input[data-part="scores"]').waitFor({ state: 'attached' });
    await page.evaluate((hash) => (location.hash = hash), FINISHED);
    await page.locator('.tile').first().waitFor();
    expect([await score.inputValue(), await slider.inputValue()]).toEqual(['knn', chosen]);
  });

  /** The scores of a run with 20 normal images. */
  function scoresFile() {
    const rows = Array.from({ length: 20 }, (_, i) => `n${i}.png,cell,normal,1,${3 + i / 10},1,1`);
    const csv = ['image,class,label,norm,normEnsemble,normOfMean,meanSquaredNorm', ...rows, ''].join('\n');
    return { name: 'scores.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
  }

  test('the gallery shows images from the lowest score up, page by page; an image opens and closes', async () => {
    await mock.open('runs', FINISHED);
    await page.locator('.tile').first().waitFor();
    const scores = async () => {
      const names = await page.locator('.tile').evaluateAll((tiles) => tiles.map((tile) => tile.textContent));
      return names.map((name) => Number(/score ([\d.]+)/.exec(name!)![1]));
    };
    const first = await scores();
    expect(first).toEqual([...first].sort((a, b) => a - b));
    await page.getByRole('navigation', { name: 'Turn the pages' }).getByRole('button', { name: 'More normal' }).click();
    expect((await scores())[0]).toBeGreaterThanOrEqual(first.at(-1)!);
    const tile = page.locator('.tile').nth(2);
    await tile.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    const words = await dialog.innerText();
    expect(words).toMatch(/Called (an outlier|normal): score [\d.]+, (not )?below the threshold of [\d.]+/);
    expect(words).toMatch(
      /higher than [\d.]+\s% of the normal test images\. .* 5\s% of normal images are false alarms/s,
    );
    await page.keyboard.press('ArrowRight');
    expect(await dialog.innerText()).not.toBe(words);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await tile.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test('the run folder, the report and the scores of new images can be downloaded', async () => {
    await mock.open('runs', FINISHED);
    const taken = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return download.suggestedFilename();
    };
    expect(await taken('Run folder (zip)')).toBe('demo-oecl-Eosinophil-0.zip');
    expect(await taken('Report (HTML)')).toBe('demo-oecl-Eosinophil-0-report.html');
    await give(page, 'new images', ['a.png', 'b.png']);
    await page.getByText(', 1 called an outlier').waitFor();
    const table = page.locator('.new-scores tbody tr');
    expect(await table.first().innerText()).toMatch(/a\.png\s+[\d.]+\s+outlier\s+[\d.]+\s%/);
    expect(await page.getByText('1 file left out').count()).toBe(1);
  });

  test('an imported model gives verdicts once the scores of its run are added', async () => {
    await mock.open('runs', '#results/models/from-node');
    await give(page, 'new images', ['a.png', 'b.png']);
    await page.locator('.new-scores').waitFor();
    expect(await page.getByRole('columnheader', { name: 'Verdict' }).count()).toBe(0);
    const file = scoresFile();
    await page.locator('input[data-part="scores"]').setInputFiles(file);
    await page.getByRole('columnheader', { name: 'Verdict' }).waitFor();
    expect(await page.locator('.rates').innerText()).toMatch(/5\s%/);
    await page.locator('input[data-part="scores"]').setInputFiles({ ...file, buffer: Buffer.from('x,y\n') });
    expect(await page.getByRole('alert').innerText()).toContain('these are not the scores of a run');
  });

  test('a run is deleted only after confirmation', async () => {
    await mock.open('runs', '#runs');
    const runs = page.locator('.run');
    await runs.first().waitFor();
    const before = await runs.count();
    const ask = () => page.getByRole('button', { name: 'Delete demo-oecl-Eosinophil-0' }).click();
    await ask();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await runs.count()).toBe(before);
    await ask();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForFunction((count) => document.querySelectorAll('.run').length === count, before - 1);
  });

  test('errors are shown with a remedy', async () => {
    await mock.open('nogpu', '#train');
    expect(await page.getByRole('alert').innerText()).toMatch(/no WebGPU.*What to do: A recent Chrome/s);
    expect(await page.getByRole('button', { name: /^Start/ }).isDisabled()).toBe(true);
    await mock.open('noworker');
    expect(await page.getByRole('alert').innerText()).toMatch(/does not run.*worker\.js could not be loaded.*Reload/s);
    await mock.open('large', '#train');
    await start(page);
    expect(await page.getByRole('alert').innerText()).toMatch(/allows 128 MiB.*“Images per step” 128 or less/s);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await page.getByRole('alert').count()).toBe(0);
  });
});
