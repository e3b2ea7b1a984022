/** The package as other programs use it: its entry points by name, in Node and in a page. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../../src/report/png.ts';
import { oecl, tinyOptions } from '../helpers/commandLine.ts';
import { jpegFile } from '../helpers/encodedImages.ts';
import { openPage, whyNoChrome } from '../helpers/page.ts';
import { filesBelow, inNode, programFolder, tiny } from '../helpers/program.ts';
import { bmpFile, tinyDataset } from '../helpers/tinyRun.ts';

const run = promisify(execFile);
const EXAMPLE = resolve('docs/examples/tinyNet.mjs');

/** Enough steps to reload a page between two checkpoints. */
const LONGER = { epochs: '12', 'checkpoint-every': '2' };

/** The functions of test/helpers/pageProgram.mjs, as called from here. */
interface Calls {
  copyIn(paths: string[]): void;
  begin(options: object): void;
  resume(options: object): { weightsSha256: string; where: string; steps: number; doneSteps: number };
  scoreFolder(run: string, folder: string): { image: string; norm: number }[];
  filesIn(folder: string): string[];
  textOf(path: string): string;
}

let data: string;
let program: string;

beforeAll(async () => {
  [data, program] = [await tinyDataset(), await programFolder()];
});

/** A program for a page, bundled as its author would bundle it. */
async function bundled(entry: string): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'oecl-bundle-'));
  await build({ entryPoints: { program: entry }, outdir, bundle: true, format: 'esm', logLevel: 'warning' });
  return outdir;
}

describe('oecl/runtime', () => {
  test('the example learns, in Node', async () => {
    const { stdout } = await run(process.execPath, [EXAMPLE]);
    const [first, last] = JSON.parse(stdout);
    expect(first).toBeGreaterThan(0.1);
    expect(last).toBeLessThan(first / 20);
  });

  test('the same file learns in a page, bundled', async ({ skip }) => {
    const why = await whyNoChrome();
    skip(why !== null, why ?? '');
    const { page, close } = await openPage([await bundled(EXAMPLE)]);
    try {
      const printed = page.waitForEvent('console', (message) => message.type() === 'log');
      await page.addScriptTag({ url: '/program.js', type: 'module' });
      const [first, last] = await (await printed).args()[0].jsonValue();
      expect(first).toBeGreaterThan(0.1);
      expect(last).toBeLessThan(first / 20);
    } finally {
      await close();
    }
  });

  test('the example page learns, without a bundler', async ({ skip }) => {
    const why = await whyNoChrome();
    skip(why !== null, why ?? '');
    const { page, close } = await openPage([resolve('.')]);
    try {
      await page.goto(new URL('docs/examples/tinyNet.html', page.url()).href);
      const text = await page.waitForFunction(() => {
        const shown = document.querySelector('output')!.textContent;
        return shown === 'training' ? null : shown;
      });
      const [first, last] = String(await text.jsonValue())
        .split(', ')
        .map(Number);
      expect(first).toBeGreaterThan(0.1);
      expect(last).toBeLessThan(first / 20);
    } finally {
      await close();
    }
  });
});

describe('oecl in Node', () => {
  test('train, load and score give the scores of scores.csv, from files and from bytes', async () => {
    const found = (await inNode(
      program,
      `
      import { readFile } from 'node:fs/promises';
      import { loadModel, score, train } from 'oecl';
      const data = ${JSON.stringify(data)};
      const steps = [];
      const { folder, results } = await train(
        { ...${JSON.stringify(tiny())}, data, out: 'run' },
        { onStep: ({ step }) => steps.push(step) },
      );
      const model = await loadModel(folder);
      const fromFolder = await score(model, data + '/test');
      const images = await Promise.all(
        fromFolder.scores.map(async ({ image }) => ({ name: image, bytes: await readFile(data + '/test/' + image) })),
      );
      const bad = { name: 'bad.png', bytes: new Uint8Array(9) };
      const fromBytes = await score(model, [bad, ...images.toReversed()], { skipBad: true });
      const refusal = await score(model, [bad]).catch((error) => error);
      console.log(JSON.stringify({ steps, where: results[0].where, fromFolder, fromBytes, refusal: refusal.message }));
    `,
    )) as Record<string, never>;
    const { steps, where, fromFolder, fromBytes, refusal } = found as never as {
      steps: number[];
      where: string;
      fromFolder: { scores: Record<string, number>[] };
      fromBytes: { scores: Record<string, number>[]; skipped: unknown[] };
      refusal: string;
    };
    expect([steps, where]).toEqual([[1, 2, 3, 4, 5, 6], 'node']);
    const lines = (await readFile(join(program, 'run', 'scores.csv'), 'utf8')).trimEnd().split('\n').slice(1);
    const asLines = fromFolder.scores.map(({ image, ...scores }) =>
      [`test/${image}`, ...Object.values(scores).map((v) => Number(v.toPrecision(9)))].join(),
    );
    expect(asLines).toEqual(lines.map((line) => line.replace(/,(disk|stripes),(normal|outlier),/, ',')));
    expect(fromBytes.scores).toEqual(fromFolder.scores.toReversed());
    expect(fromBytes.skipped).toEqual([{ file: 'bad.png', reason: 'it is not a JPEG, PNG or BMP file' }]);
    expect(refusal).toMatch(/^bad\.png: it is not a JPEG/);
  });

  test('a model file scores like its run folder, and pixels score like their file', async () => {
    const colorAt = (x: number, y: number): [number, number, number] => [x * 9, y * 11, 90];
    await writeFile(join(program, 'image.bmp'), bmpFile(20, 18, colorAt));
    const pixels = Array.from({ length: 20 * 18 }, (_, i) => colorAt(i % 20, Math.floor(i / 20))).flat();
    const { all, config, refusal } = (await inNode(
      program,
      `
      import { loadModel, score, train } from 'oecl';
      import { readFile } from 'node:fs/promises';
      const options = { ...${JSON.stringify(tiny())}, data: ${JSON.stringify(data)}, out: 'alone', seed: 5 };
      const { folder } = await train(options);
      const file = folder + '/model.safetensors';
      const models = await Promise.all([folder, file, await readFile(file)].map((source) => loadModel(source)));
      const name = 'image.bmp';
      const encoded = { name, bytes: await readFile(name) };
      const plain = { name, width: 20, height: 18, pixels: new Uint8Array(${JSON.stringify(pixels)}) };
      const all = [];
      for (const model of models) all.push((await score(model, [encoded, plain])).scores);
      all.push((await score(models[0], [plain, encoded])).scores);
      const refusal = await score(models[0], [{ ...plain, width: 21 }]).catch((error) => error.message);
      console.log(JSON.stringify({ all, refusal, config: models[2].config }));
    `,
    )) as { all: object[][]; config: object; refusal: string };
    for (const scores of all.slice(1)) expect(scores).toEqual(all[0]);
    expect(all[0][1]).toEqual(all[0][0]);
    expect(config).toMatchObject({ arch: 'cnn32', width: 4, size: 16, views: 2, seed: 5, normal: 'stripes' });
    expect(refusal).toMatch(/^image\.bmp: it has 1080 bytes, expected 21 x 18 x 3/);
  });

  test('a scorer scores many batches like score; overlapping calls wait, and a failing call affects no other', async () => {
    const { single, all, refusals, closed } = (await inNode(
      program,
      `
      import { loadModel, openScorer, score, train } from 'oecl';
      import { readdir, readFile } from 'node:fs/promises';
      const data = ${JSON.stringify(data)};
      const { folder } = await train({ ...${JSON.stringify(tiny())}, data, out: 'served' });
      const model = await loadModel(folder);
      const stripes = data + '/test/stripes';
      const names = (await readdir(stripes)).sort();
      const images = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(stripes + '/' + name) })));
      const adapter = ${JSON.stringify(tiny().adapter)};
      const single = [];
      for (const batch of [stripes, images.slice(0, 1), images]) single.push((await score(model, batch, { adapter })).scores);
      const scorer = await openScorer(model, { adapter });
      const bad = [{ name: 'bad.png', bytes: new Uint8Array(9) }];
      const calls = [stripes, bad, images.slice(0, 1), images].map((batch) => scorer.score(batch));
      const closing = scorer.close();
      const outcomes = await Promise.allSettled(calls);
      await Promise.all([closing, scorer.close()]);
      const all = outcomes.filter(({ status }) => status === 'fulfilled').map(({ value }) => value.scores);
      const refusals = outcomes.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.message);
      const closed = await scorer.score(images).catch((error) => [error.name, error.message]);
      console.log(JSON.stringify({ single, all, refusals, closed }));
    `,
    )) as { single: object[][]; all: object[][]; refusals: string[]; closed: string[] };
    expect(single.map((scores) => scores.length)).toEqual([6, 1, 6]);
    expect(single[1][0]).toEqual(single[2][0]);
    expect(all).toEqual(single);
    expect(refusals).toEqual([expect.stringMatching(/^bad\.png: it is not a JPEG/)]);
    expect(closed).toEqual(['UsageError', expect.stringMatching(/^score: the scorer is closed/)]);
  });

  test('a profile is written on request', async ({ skip }) => {
    const { canTime, trace, file } = (await inNode(
      program,
      `
      import { train } from 'oecl';
      import { openContext, platform } from 'oecl/runtime';
      import { readFile } from 'node:fs/promises';
      const options = { ...${JSON.stringify(tiny())}, data: ${JSON.stringify(data)}, out: 'profiled' };
      const context = await openContext(platform, { adapter: options.adapter });
      const canTime = context.features.timestampQuery;
      await context.close();
      let file = null;
      if (canTime) await train({ ...options, profile: true }, { onProfile: (_, path) => { file = path; } });
      console.log(JSON.stringify({ canTime, file, trace: file && JSON.parse(await readFile(file, 'utf8')) }));
    `,
    )) as { canTime: boolean; trace: object; file: string };
    skip(!canTime, 'the adapter has no timestamp-query');
    expect(file).toBe('profiled/profile.json');
    expect(Object.keys(trace).length).toBeGreaterThan(0);
  });

  test('options are checked by the rules of the command line, with the same error families', async () => {
    await mkdir(join(program, 'empty'));
    await writeFile(join(program, 'empty', 'config.json'), '{}'); // an unfinished run
    const messages = (await inNode(
      program,
      `
      import { loadModel, train, UsageError } from 'oecl';
      const calls = [
        () => train({ epochs: Number.NaN }),
        () => train({ epoch: 3 }),
        () => train({ resume: true, force: true }),
        () => loadModel('nowhere'),
        () => loadModel('empty'),
      ];
      const errors = await Promise.all(calls.map((call) => call().catch((error) => error)));
      console.log(JSON.stringify(errors.map((error) => [error instanceof UsageError, error.exitCode, error.message])));
    `,
    )) as [boolean, number, string][];
    expect(messages.map(([isUsage, exitCode]) => [isUsage, exitCode])).toEqual(Array(5).fill([true, 2]));
    expect(messages[0][2]).toMatch(/options\.epochs: got the number NaN, expected a whole number of 1 or more/);
    expect(messages[1][2]).toMatch(/options\.epoch: there is no such option[\s\S]*Remedy: epochs/);
    expect(messages[2][2]).toMatch(/--resume --force/);
    for (const [index, folder] of ['nowhere', 'empty'].entries()) {
      const message = messages[3 + index][2];
      expect(message).toMatch(new RegExp(`^${folder}/model.safetensors: there is no such file`));
      expect(message).toMatch(/Remedy: the folder of a finished run/);
      expect(message).not.toMatch(/--resume|--out/);
    }
  });
});

describe('oecl in a page', () => {
  /** The page's functions, callable from here: arguments and results are passed as plain data. */
  const programIn = (page: Page) => ({
    load: () => page.addScriptTag({ url: '/program.js', type: 'module' }),
    call: <K extends keyof Calls>(name: K, ...args: Parameters<Calls[K]>) =>
      page.evaluate(
        ([called, given]) => {
          const { program } = globalThis as unknown as { program: Record<string, (...given: unknown[]) => unknown> };
          return program[called](...given);
        },
        [name, args] as [string, unknown[]],
      ) as Promise<ReturnType<Calls[K]>>,
  });

  test('trains from the private file system; reloaded halfway and resumed, it is bit-identical to Node', async ({
    skip,
  }) => {
    const why = await whyNoChrome();
    skip(why !== null, why ?? '');
    const root = await mkdtemp(join(tmpdir(), 'oecl-pages-'));
    await cp(data, join(root, 'data'), { recursive: true });
    await mkdir(join(root, 'more'));
    await writeFile(join(root, 'more', 'a.jpg'), jpegFile(24, 24, { components: 1, blockAt: (bx) => [bx] }));
    await writeFile(join(root, 'more', 'b.png'), encodePng({ width: 20, height: 20, pixels: new Uint8Array(1200) }));
    const out = join(program, 'in-node');
    const inNode = await oecl(tinyOptions(data, out, { adapter: 'swiftshader', oe: undefined, ...LONGER }));
    expect(inNode.code, inNode.stderr).toBe(0);

    const { page, close } = await openPage([
      await bundled('test/helpers/pageProgram.mjs'),
      resolve('dist/browser'),
      root,
    ]);
    try {
      const { load, call } = programIn(page);
      await load();
      await call('copyIn', await filesBelow(root));
      const options = { ...tiny(), adapter: undefined, data: 'data', out: 'runs/1', epochs: 12, checkpointEvery: 2 };
      await call('begin', options);
      const isUnderWay = () => (globalThis as unknown as { program: { steps: number } }).program.steps >= 7;
      await page.waitForFunction(isUnderWay, null, { timeout: 60_000 });
      await page.reload(); // ends the training but keeps its files
      await load();
      const { doneSteps, ...result } = await call('resume', options);
      expect(doneSteps).toBeGreaterThan(0);
      expect(doneSteps).toBeLessThan(result.steps);
      const { weightsSha256, auroc } = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
      expect(result).toMatchObject({ weightsSha256, auroc, where: 'browser' });
      expect(await call('textOf', 'runs/1/scores.csv')).toBe(await readFile(join(out, 'scores.csv'), 'utf8'));
      expect(await call('filesIn', 'runs/1')).toEqual((await readdir(out)).sort());
      const scores = await call('scoreFolder', 'runs/1', 'more');
      expect(scores.map(({ image, norm }) => [image, Number.isFinite(norm)])).toEqual([
        ['a.jpg', true],
        ['b.png', true],
      ]);
      expect((await call('filesIn', 'cache/packs')).length).toBeGreaterThan(0);
    } finally {
      await close();
    }
  }, 300_000);
});
