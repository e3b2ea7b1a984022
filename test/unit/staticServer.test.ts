/** `oecl serve`: what it serves, with which headers, and what it refuses. */
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StaticServer, serveFolder } from '../../src/serve/staticServer.ts';

let server: StaticServer;
let folder: URL;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'oecl-static-'));
  await mkdir(join(root, 'web', 'inner'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(root, 'web', '.hidden'), 'secret');
  await symlink(join(root, 'secret.txt'), join(root, 'web', 'link.txt'));
  const files = {
    'index.html': '<title>page</title>',
    'page.js': '1',
    'page.css': '',
    'a.wasm': '',
    'inner/x.bin': 'x',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, 'web', name), text);
  folder = pathToFileURL(`${join(root, 'web')}/`);
  server = await serveFolder(folder, 0, '127.0.0.1');
});
afterAll(() => server?.close());

interface Answer {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A request with its path unchanged: fetch would normalize it. */
const ask = (path: string, method = 'GET', headers = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end();
  });

describe('the server of the page', () => {
  test('serves files with their types, and index.html for a folder', async () => {
    expect(await ask('/')).toMatchObject({ status: 200, text: '<title>page</title>' });
    for (const [path, type] of [
      ['/', 'text/html;charset=utf-8'],
      ['/page.js?v=1', 'text/javascript'],
      ['/page.css', 'text/css'],
      ['/a.wasm', 'application/wasm'],
      ['/inner/x.bin', 'application/octet-stream'],
    ]) {
      expect((await ask(path)).headers['content-type'], path).toBe(type);
    }
  });

  test('every response, including errors, carries the policy', async () => {
    for (const path of ['/', '/nothing']) {
      const { headers } = await ask(path);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('serves nothing outside the folder, nothing hidden, and no link that leads out', async () => {
    const paths = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/inner/..%2f..%2fsecret.txt',
      '/..%5csecret.txt',
    ];
    paths.push(
      '//etc/passwd',
      '/inner//x.bin',
      '/.hidden',
      '/link.txt',
      '/inner',
      '/inner/',
      '/%',
      '/a%00.wasm',
      '/C:/x',
    );
    for (const path of paths) {
      const { status, text } = await ask(path);
      expect([path, status, text]).toEqual([path, 404, '']);
    }
  });

  test('allows only GET and HEAD, and does not resend unchanged files', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask('/', method);
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
    const head = await ask('/', 'HEAD');
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '19']);
    expect(head.headers['cache-control']).toBe('no-cache');
    expect(await ask('/', 'GET', { 'If-None-Match': head.headers.etag })).toMatchObject({ status: 304, text: '' });
    await writeFile(new URL('page.js', folder), '22');
    expect(await ask('/page.js', 'GET', { 'If-None-Match': head.headers.etag })).toMatchObject({
      status: 200,
      text: '22',
    });
  });

  test('answers a range request with the whole file', async () => {
    for (const range of ['bytes=-5', 'bytes=0-0', 'bytes=9-2', 'bytes=99-', 'x']) {
      expect([range, await ask('/', 'GET', { Range: range })]).toEqual([
        range,
        expect.objectContaining({ status: 200, text: '<title>page</title>' }),
      ]);
    }
  });

  test('a port in use and an unavailable address are reported with a remedy', async () => {
    const port = Number(new URL(server.url).port);
    await expect(serveFolder(folder, port, '127.0.0.1')).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(/another program uses this port\.\n {2}Remedy: --port/),
    });
    await expect(serveFolder(folder, 0, '203.0.113.1')).rejects.toMatchObject({ name: 'UsageError' });
    expect(server.isOpen).toBe(false);
  });
});
