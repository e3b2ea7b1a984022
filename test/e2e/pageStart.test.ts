/** The page starts under any locale, and an error never leaves it blank. With the npm package's Chromium, as on a bare machine. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChrome } from '../../src/chrome/chromeBinary.ts';
import { type MockPage, openMockPage } from '../helpers/mockPage.ts';

const RESULTS = '#results/runs/demo-oecl-Eosinophil-0';
const why = await findChrome({ ...process.env, CHROME_PATH: 'packaged' }).then(
  () => null,
  ({ message }: Error) => message,
);

/** Results with charts, which use the locale. */
async function expectCharts({ page, open }: MockPage): Promise<void> {
  await open('runs', RESULTS);
  await page.locator('.chart canvas').first().waitFor();
  expect(await page.locator('#start, #failure').count()).toBe(0);
  expect(await page.locator('body').innerText()).toMatch(/AUROC[\s\S]*0\.9\d/);
}

describe.skipIf(why !== null)(`the start of the page${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test.each([
    ['LANG=C.UTF-8', { LANG: 'C.UTF-8', LC_ALL: undefined }, 'en-US@posix'],
    ['LC_ALL=C', { LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'en-US@posix'],
    ['LANG=de_DE.UTF-8', { LANG: 'de_DE.UTF-8', LC_ALL: undefined }, 'de-DE'],
  ])('%s', async (_, environment, language) => {
    const mock = await openMockPage({ environment: { LANGUAGE: undefined, ...environment }, isPackaged: true });
    try {
      expect(await mock.page.evaluate(() => navigator.language), 'what the browser itself says').toBe(language);
      await expectCharts(mock);
    } finally {
      await mock.close();
    }
  });

  describe('in one browser', () => {
    let mock: MockPage;
    let page: Page;

    beforeAll(async () => {
      mock = await openMockPage({ isPackaged: true, mayThrow: true });
      page = mock.page;
    });
    afterAll(() => mock?.close());

    test.each(['en-US@posix', 'C', '', undefined, 'x-foo', 'no_tag-'])('navigator.language %j', async (value) => {
      await page.addInitScript((language) => {
        Object.defineProperty(Navigator.prototype, 'language', { get: () => language, configurable: true });
      }, value);
      await expectCharts(mock);
    });

    /** The visible text of the page with one file's content replaced; null: the file is missing. */
    async function wordsWith(file: string, content: string | null): Promise<string> {
      const url = `**/${file}`;
      await page.route(url, (route) =>
        content === null
          ? route.fulfill({ status: 404 })
          : route.fulfill({ contentType: 'text/javascript', body: content }),
      );
      try {
        await page.goto('about:blank');
        await page.goto(`${mock.origin}/empty/index.html`);
        await page.locator('#start, [role=alert]').first().waitFor();
        return await page.locator('body').innerText();
      } finally {
        await page.unroute(url);
      }
    }

    test.each([
      ['boot.js', null, /^This page is starting. .* reload the page/],
      ['page.js', null, /^This page could not start.\s+TypeError: .*page\.js\s+What to do: Reload/],
      ['chunk-*.js', null, /^This page could not start.\s+TypeError: .*page\.js\s+What to do: Reload/],
      ['page.js', 'throw new RangeError("on purpose")', /^This page could not start.\s+RangeError: on purpose\s/],
      ['page.js', 'await 0; throw "words"', /^This page could not start.\s+words\s/],
      ['page.js', 'not JavaScript', /^This page could not start.\s+SyntaxError: /],
    ])('%s with %j', async (file, content, words) => {
      expect(await wordsWith(file, content)).toMatch(words);
    });

    test.each([
      [null, /does not run\.\s+.*worker\.js could not be loaded\s/],
      ['throw new RangeError("on purpose")', /does not run\.\s+.*RangeError: on purpose\s/],
    ])('worker.js with %j', async (content, words) => {
      expect(await wordsWith('worker.js', content)).toMatch(words);
    });

    test('an error after the start leaves the page visible; a layout deferred to the next frame is no error', async () => {
      await mock.open('empty');
      await page.evaluate(() => {
        dispatchEvent(
          new ErrorEvent('error', { message: 'ResizeObserver loop completed with undelivered notifications.' }),
        );
      });
      expect(await page.locator('#failure').count()).toBe(0);
      for (const what of ['first', 'second']) {
        await page.evaluate((word) => void Promise.reject(new TypeError(word)), what);
        await page.locator('#failure').filter({ hasText: what }).waitFor();
      }
      expect(await page.locator('#failure').innerText()).toMatch(/^Something in this page failed.\s+TypeError: second/);
      expect(await page.getByRole('button', { name: 'Try the demo' }).count()).toBe(1);
    });
  });
});

test.skipIf(why !== null)(
  'a page that throws rejects pending waits immediately with its error',
  async () => {
    const mock = await openMockPage({ isPackaged: true });
    try {
      await mock.open('empty');
      const waiting = mock.page.locator('.never').waitFor();
      const failing = expect(waiting).rejects.toThrow(/the page threw RangeError: on purpose/);
      await mock.page.evaluate(() => void setTimeout(() => Promise.reject(new RangeError('on purpose'))));
      await failing;
      await expect(mock.open('empty')).rejects.toThrow(/closed/);
    } finally {
      await mock.close();
    }
  },
  30_000,
);

test.skipIf(why !== null)(
  'a page that cannot start is not waited for',
  async () => {
    const mock = await openMockPage({ isPackaged: true, mayThrow: true });
    try {
      await mock.page.route('**/page.js', (route) => route.fulfill({ status: 404 }));
      await expect(mock.open('empty')).rejects.toThrow(/did not become ready: This page could not start/);
      await expect(mock.open('empty')).rejects.toThrow(/closed/);
    } finally {
      await mock.close();
    }
  },
  30_000,
);
