/** A page in a real browser: files from a folder, on localhost, in a headless Chrome on SwiftShader. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChrome } from '../../src/platform/chromeBinary.ts';
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
  close(): Promise<void>;
}

/** Why there can be no page on this machine, or null. */
export const whyNoChrome = (): Promise<string | null> =>
  findChrome().then(
    () => null,
    (error: Error) => error.message,
  );

/** Opens an empty page. Every path of its origin is a file below one of the folders, the first that has it. */
export async function openPage(folders: readonly string[]): Promise<TestPage> {
  const server = await serve(folders);
  return visit(`http://localhost:${(server.address() as AddressInfo).port}/`, async () => {
    server.closeAllConnections();
    server.close();
  });
}

/** Opens the page at an address. @param closeServer called when the page is closed, or cannot be opened */
export async function visit(url: string, closeServer: () => Promise<void>): Promise<TestPage> {
  const chrome = await findChrome();
  let browser: Browser | null = null;
  const close = async () => {
    await browser?.close();
    await closeServer();
  };
  try {
    browser = await chromium.launch(launchOptions(chrome));
    const context = await browser.newContext(); // of its own, for more tabs of it
    context.setDefaultTimeout(90_000); // a busy machine trains on the cores that the page needs
    const page = await context.newPage();
    await page.goto(url);
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
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
