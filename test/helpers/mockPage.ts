/** The page of dist/web with the worker of mockPageWorker.ts: each scenario is a separate folder on one server. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { openPage, untilReady, type VisitOptions } from './page.ts';
import { pageScripts } from './pageScripts.ts';

export type Scenario =
  | 'empty'
  | 'own'
  | 'nogpu'
  | 'noworker'
  | 'software'
  | 'full'
  | 'large'
  | 'lost'
  | 'slow'
  | 'unfinished'
  | 'runs'
  | 'normal';
const SCENARIOS: readonly Scenario[] = [
  ...(['empty', 'own', 'nogpu', 'noworker', 'software', 'full', 'large'] as const),
  ...(['lost', 'slow', 'unfinished', 'runs', 'normal'] as const),
];

export interface MockPage {
  page: Page;
  origin: string;
  /** Loads the page again without any state. */
  open(scenario: Scenario, fragment?: string): Promise<void>;
  close(): Promise<void>;
}

export async function openMockPage(options: VisitOptions = {}): Promise<MockPage> {
  const site = await mkdtemp(join(tmpdir(), 'oecl-mock-page-'));
  await build({
    entryPoints: { worker: resolve('test/helpers/mockPageWorker.ts') },
    ...{ outdir: site, bundle: true, format: 'esm', target: 'es2022', keepNames: true, logLevel: 'warning' },
    loader: { '.wgsl': 'text' },
  });
  for (const scenario of SCENARIOS) {
    await mkdir(join(site, scenario));
    for (const file of ['index.html', 'page.css', ...pageScripts().atStart])
      if (file !== 'worker.js') await cp(`dist/web/${file}`, join(site, scenario, file));
    if (scenario !== 'noworker') await cp(join(site, 'worker.js'), join(site, scenario, 'worker.js'));
  }
  const { page, fail, close } = await openPage([site], options);
  const origin = new URL(page.url()).origin;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  return {
    page,
    origin,
    async open(scenario, fragment = '') {
      await page.goto('about:blank');
      await page.goto(`${origin}/${scenario}/index.html${fragment}`);
      await untilReady({ page, fail });
    },
    async close() {
      await close();
      await rm(site, { recursive: true });
    },
  };
}
