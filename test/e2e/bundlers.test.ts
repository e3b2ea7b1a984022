/** The package in production builds of popular bundlers: the bundle decodes and scores images. */
import { cp, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build as esbuild } from 'esbuild';
import type { Page } from 'playwright-core';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';
import { encodePng } from '../../src/report/png.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { jpegFile } from '../helpers/encodedImages.ts';
import { openPage, whyNoChrome } from '../helpers/page.ts';
import { inNode, programFolder } from '../helpers/program.ts';
import { tinyModelFile } from '../helpers/tinyModel.ts';

const CODECS = ['mozjpeg_dec.wasm', 'squoosh_png_bg.wasm'];

/** Each bundles the program of a folder into `program.js` in another folder. */
const BUNDLERS: Record<string, (root: string, outdir: string) => Promise<unknown>> = {
  async webpack(context, path) {
    const stats = await promisify<webpack.Configuration, webpack.Stats | undefined>(webpack)({
      ...{ context, mode: 'production', entry: './program.mjs', output: { path, filename: 'program.js' } },
      // no bundle size warnings and no minifying, which take time and show nothing about the package
      ...{ performance: false, optimization: { minimize: false } },
    });
    expect(stats!.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
  },
  vite: (root, outDir) =>
    vite({
      ...{ root, base: './', configFile: false, logLevel: 'warn' },
      build: {
        outDir,
        emptyOutDir: false,
        chunkSizeWarningLimit: 1000,
        rollupOptions: { input: join(root, 'program.mjs'), output: { entryFileNames: 'program.js' } },
      },
    }),
  /** It leaves copying files beside the bundle to its caller. */
  async esbuild(absWorkingDir, outdir) {
    const entryPoints = ['program.mjs'];
    const options = { bundle: true, minify: true, format: 'esm' } as const;
    const { warnings } = await esbuild({ absWorkingDir, entryPoints, outdir, ...options, logLevel: 'silent' });
    expect(warnings).toEqual([]);
    for (const codec of CODECS) await cp(resolve('dist/browser', codec), join(outdir, codec));
  },
};

let root: string;
let program: string;

beforeAll(async () => {
  [root, program] = [await mkdtemp(join(tmpdir(), 'oecl-bundled-')), await programFolder()];
  await cp('test/helpers/bundledProgram.mjs', join(program, 'program.mjs'));
  await writeFile(join(program, 'package.json'), '{ "type": "module" }');
  for (const name of ['webgpu', '@jsquash']) {
    await symlink(resolve('node_modules', name), join(program, 'node_modules', name));
  }
  const context = await openTestContext();
  await writeFile(join(root, 'model.safetensors'), await tinyModelFile(context));
  await context.close();
  await writeFile(join(root, 'a.jpg'), jpegFile(24, 24, { components: 1, blockAt: (bx) => [90 * bx] }));
  const pixels = Uint8Array.from({ length: 1200 }, (_, i) => (i * 37) % 256);
  await writeFile(join(root, 'b.png'), encodePng({ width: 20, height: 20, pixels }));
  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    await mkdir(join(root, name));
    await bundle(program, join(root, name));
  }
});

test('esbuild for Node gives the scores of the package itself', async () => {
  const outfile = join(program, 'bundled.mjs');
  const { warnings } = await esbuild({
    ...{ absWorkingDir: program, entryPoints: ['program.mjs'], outfile, logLevel: 'silent' },
    ...{ bundle: true, platform: 'node', format: 'esm', external: ['webgpu', '@sparticuz/chromium'] },
  });
  expect(warnings).toEqual([]);
  const entries = [outfile, join(program, 'program.mjs')];
  const [bundled, plain] = (await inNode(
    program,
    `import { readFile } from 'node:fs/promises';
     import { File } from 'node:buffer'; // not a global in Node 20
     Object.assign(globalThis, { File, fetch: async (path) => new Blob([await readFile(${JSON.stringify(root)} + path)]) });
     const scored = [];
     for (const entry of ${JSON.stringify(entries)}) {
       await import(entry);
       scored.push(await globalThis.scoreAll());
     }
     console.log(JSON.stringify(scored));`,
  )) as [string, number][][];
  expect(plain.map(([image, norm]) => [image, norm > 0])).toEqual([
    ['a.jpg', true],
    ['b.png', true],
  ]);
  expect(bundled).toEqual(plain);
});

describe('in Chrome', () => {
  let why: string | null;
  let page: Page;
  let close = async () => {};
  /** The scores of the program bundled by esbuild. */
  let scored: unknown;

  beforeAll(async () => {
    why = await whyNoChrome();
    if (why !== null) return;
    ({ page, close } = await openPage([root]));
    scored = await answerOf('esbuild');
  });
  afterAll(() => close());

  /** The response of a bundle, served from a folder, in a new page. */
  const answerOf = async (folder: string, prepare = () => {}) => {
    await page.goto(new URL('/', page.url()).href);
    await page.evaluate(prepare);
    await page.addScriptTag({ url: `/${folder}/program.js`, type: 'module' });
    return page.evaluate(() => (globalThis as unknown as { scoreAll(): unknown }).scoreAll());
  };

  test('the esbuild bundle decodes and scores both images', ({ skip }) => {
    skip(why !== null, why ?? '');
    expect(scored).toEqual([
      ['a.jpg', expect.any(Number)],
      ['b.png', expect.any(Number)],
    ]);
  });

  test.for(['webpack', 'vite'])('the %s bundle gives the same scores', async (bundler, { skip }) => {
    skip(why !== null, why ?? '');
    expect(await answerOf(bundler)).toEqual(scored);
  });

  test('a bundle in a worker gives the same scores', async ({ skip }) => {
    skip(why !== null, why ?? '');
    await page.goto(new URL('/', page.url()).href);
    const answer = await page.evaluate(
      () =>
        new Promise((done, failed) => {
          const worker = new Worker('/esbuild/program.js', { type: 'module' });
          worker.onmessage = ({ data }) => done(data);
          worker.onerror = ({ message }) => failed(new Error(message));
          worker.postMessage('');
        }),
    );
    expect(answer).toEqual(scored);
  });

  test('without WebGPU, or without the decoders beside the bundle, the error says what is missing and how to fix it', async ({
    skip,
  }) => {
    skip(why !== null, why ?? '');
    const hide = () => void Object.defineProperty(navigator, 'gpu', { value: undefined });
    expect(await answerOf('esbuild', hide)).toMatch(
      /^AdapterError: this browser offers no WebGPU[\s\S]*Remedy: a current/,
    );
    await mkdir(join(root, 'bare'));
    await cp(join(root, 'esbuild', 'program.js'), join(root, 'bare', 'program.js'));
    expect(await answerOf('bare')).toMatch(
      /^OeclError: http:\S+\/bare\/mozjpeg_dec\.wasm: .*404[\s\S]*Remedy: .*dist\/browser/,
    );
  });
});
