/** A page in a real browser: files from a folder, on localhost, in a headless Chrome on SwiftShader. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChrome } from '../../src/chrome/chromeBinary.ts';
import { launchOptions } from './launchOptions.ts';

const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html',
  '.wasm': 'application/wasm',
};
const BLANK = '<!doctype html><title>test</title>';

export interface TestPage {
  page: Page;
  /**
   * Ends this page permanently: pending and later calls are rejected immediately with the reason. Called automatically
   * when a script of the page throws, so that no test waits in vain.
   */
  fail(reason: string): Promise<void>;
  close(): Promise<void>;
}

/** Options to open a page with. */
export interface VisitOptions {
  /** Environment variables of Chrome's process; undefined removes one. */
  environment?: Record<string, string | undefined>;
  /** Uncaught errors are expected by the test. */
  mayThrow?: boolean;
  /** Use the npm package's Chromium even if another one is installed. */
  isPackaged?: boolean;
}

/** Why this machine cannot open a page, or null. */
export const whyNoChrome = (): Promise<string | null> =>
  findChrome().then(
    () => null,
    (error: Error) => error.message,
  );

/** Opens an empty page. Every path of its origin is served from the first folder that has such a file. */
export async function openPage(folders: readonly string[], options: VisitOptions = {}): Promise<TestPage> {
  const server = await serve(folders);
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return visit(`http://localhost:${(server.address() as AddressInfo).port}/`, close, options);
}

/** Opens the page at an address. @param closeServer called when the page is closed, or cannot be opened */
export async function visit(
  url: string,
  closeServer: () => Promise<void>,
  { environment = {}, mayThrow = false, isPackaged = false }: VisitOptions = {},
): Promise<TestPage> {
  const chrome = await findChrome(isPackaged ? { ...process.env, CHROME_PATH: 'packaged' } : process.env);
  let browser: Browser | null = null;
  const close = async () => {
    await browser?.close();
    await closeServer();
  };
  try {
    const options = launchOptions(chrome);
    browser = await chromium.launch({ ...options, env: { ...options.env, ...environment } });
    const context = await browser.newContext(); // a separate context, so that it can have several tabs
    context.setDefaultTimeout(90_000); // training may occupy the cores that the page needs
    let hasFailed = false;
    const fail = async (reason: string) => {
      if (hasFailed) return;
      hasFailed = true;
      console.error(reason); // for later calls, whose error says only that the page is closed
      await context.close({ reason });
    };
    if (!mayThrow) {
      context.on('weberror', (error) => {
        const { name, message, stack } = error.error();
        void fail(`the page threw ${stack?.includes(message) ? stack : `${name}: ${message}`}`);
      });
    }
    const page = await context.newPage();
    await page.goto(url);
    return { page, fail, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until the page knows its device; closes a page that fails or does not get there. */
export async function untilReady({ page, fail }: Pick<TestPage, 'page' | 'fail'>): Promise<void> {
  const failure = page.locator('#failure');
  const ready = page.locator('.device').filter({ hasNotText: 'Looking' });
  const reason = await ready
    .or(failure)
    .first()
    .waitFor()
    .then(async () => ((await failure.count()) > 0 ? failure.innerText() : null))
    .catch(({ message }: Error) => message);
  if (reason === null) return;
  await fail(`the page did not become ready: ${reason}`);
  throw new Error(`the page did not become ready: ${reason}`);
}

async function serve(folders: readonly string[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
    response.setHeader(
      'content-type',
      path === '/' ? 'text/html' : (TYPES[extname(path)] ?? 'application/octet-stream'),
    );
    if (path === '/') return void response.end(BLANK);
    for (const folder of folders) {
      const bytes = await readFile(join(folder, path)).catch(() => null);
      if (bytes) return void response.end(bytes);
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  return server;
}
