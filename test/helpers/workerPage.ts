/** The page's worker in a real browser, behind the functions of workerPage.mjs. */
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { serveFolder } from '../../src/serve/staticServer.ts';
import type { DataContent, NewScores, PageApi, Part, RunInfo } from '../../src/web/pageApi.ts';
import { visit } from './page.ts';

export type Settled<T> = { value: T; error?: undefined } | { value?: undefined; error: ErrorWords };

export interface ErrorWords {
  name: string;
  message: string;
  remedy?: string;
}

/** Path -> bytes. */
export type Files = Record<string, Uint8Array>;

type Plain = 'device' | 'readData' | 'removeImages' | 'demoPictures' | 'interrupt' | 'unfinished' | 'runs' | 'view';
type Called = Plain | 'pictures' | 'keepThreshold' | 'removeRun';

export interface WorkerPage {
  page: Page;
  call<K extends Called>(name: K, ...args: Parameters<PageApi[K]>): Promise<Settled<Awaited<ReturnType<PageApi[K]>>>>;
  begin(options: object): Promise<void>;
  /** The callback calls since `begin`. */
  told(): Promise<[name: string, ...args: never[]][]>;
  ended(): Promise<Settled<{ folder: string; interrupted: boolean }>>;
  /** `begin`, then `ended`. */
  train(options: object): Promise<Settled<{ folder: string; interrupted: boolean }>>;
  addImages(part: Part, files: Files): Promise<Settled<DataContent>>;
  addModel(bytes: Uint8Array): Promise<Settled<RunInfo>>;
  score(folder: string, files: Files): Promise<Settled<NewScores>>;
  file(folder: string, name: string): Promise<Buffer>;
  zip(folder: string): Promise<Buffer>;
}

export interface OpenedWorker extends WorkerPage {
  /** Another tab of the same origin. */
  another(): Promise<WorkerPage>;
  reload(): Promise<void>;
  /** Runs a function in the worker itself. */
  inWorker<T>(body: () => T | Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a page with the worker of dist/web, served as by `oecl serve`, below a path and under its policy. */
export async function openWorkerPage(): Promise<OpenedWorker> {
  const outdir = await mkdtemp(join(tmpdir(), 'oecl-worker-page-'));
  const inner = join(outdir, 'below', 'a', 'path');
  await build({
    entryPoints: { workerPage: resolve('test/helpers/workerPage.mjs') },
    ...{ outdir: inner, bundle: true, format: 'esm', loader: { '.wgsl': 'text' }, logLevel: 'warning' },
  });
  await cp(resolve('dist/web'), inner, { recursive: true });
  await writeFile(join(inner, 'index.html'), '<!doctype html><title>test</title>');
  const { url, close: closeServer } = await serveFolder(pathToFileURL(`${outdir}/`), 0, '127.0.0.1');
  const { page, close } = await visit(`${url}below/a/path/`, closeServer);
  await load(page);
  return {
    ...functionsOf(page),
    async another() {
      const other = await page.context().newPage();
      await other.goto(page.url());
      await load(other);
      return functionsOf(other);
    },
    async inWorker(body) {
      return (page.workers()[0] ?? (await page.waitForEvent('worker'))).evaluate(body);
    },
    async reload() {
      await page.reload();
      await load(page);
    },
    close,
  };
}

async function load(page: Page): Promise<void> {
  await page.addScriptTag({ url: 'workerPage.js', type: 'module' });
}

function functionsOf(page: Page): WorkerPage {
  const ask = (name: string, ...args: unknown[]): Promise<never> =>
    page.evaluate(
      ([called, given]) =>
        (globalThis as never as { program: Record<string, (...args: unknown[]) => never> }).program[called as string](
          ...(given as unknown[]),
        ),
      [name, args] as const,
    );
  const encoded = (files: Files) =>
    Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]));
  return {
    page,
    call: (name, ...args) => ask('call', name, ...args),
    begin: (options) => ask('begin', options),
    told: () => ask('told'),
    ended: () => ask('ended'),
    train: async (options) => {
      await ask('begin', options);
      return ask('ended');
    },
    addImages: (part, files) => ask('addImages', part, encoded(files)),
    addModel: (bytes) => ask('addModel', Buffer.from(bytes).toString('base64')),
    score: (folder, files) => ask('score', folder, encoded(files)),
    file: async (folder, name) => Buffer.from(await ask('file', folder, name), 'base64'),
    zip: async (folder) => Buffer.from(await ask('zip', folder), 'base64'),
  };
}
