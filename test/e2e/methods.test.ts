/**
 * Every method of the table, on generated images of a few pixels: trained, interrupted, resumed, evaluated, scored from the
 * model file, and trained in Chrome to the same bits. A new method is tested here by its line in the table.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapterEnvironment, nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { type ChromeTrainer, openChrome } from '../../src/chrome/chrome.ts';
import { findChrome } from '../../src/chrome/chromeBinary.ts';
import type { ConfigChoices } from '../../src/config/config.ts';
import { datasetNamed } from '../../src/data/datasets/table.ts';
import { readModel } from '../../src/library/model.ts';
import { openScorerOn } from '../../src/library/scorer.ts';
import { METHODS, methodNamed, usesOutliers } from '../../src/methods/table.ts';
import { scoresOf, usesAugmentedViews } from '../../src/scores/table.ts';
import { runTiny, testFiles, tinyConfig, tinyDataset } from '../helpers/tinyRun.ts';

let data: string;
let runs: string;
let chrome: ChromeTrainer | null = null;
let noChrome = '';

beforeAll(async () => {
  data = await tinyDataset();
  runs = await mkdtemp(join(tmpdir(), 'oecl-methods-'));
  const hasChrome = await findChrome().catch((error: Error) => {
    noChrome = error.message;
  });
  if (hasChrome) chrome = await openChrome(testFiles(), pathToFileURL('dist/web/drivenWorker.js'), 'swiftshader');
});

interface Run {
  name: string;
  method: (typeof METHODS)[number];
  more?: ConfigChoices;
}

/** Every method; and, in Node only, one with the augmentation, statistics and head of its publication, and built-in weights. */
const RUNS: readonly Run[] = [
  ...METHODS.map((method) => ({ name: method.name, method })),
  { name: 'bce-theirs', method: methodNamed('bce') as Run['method'], more: { recipe: 'theirs' } },
  {
    name: 'hsc-builtin',
    method: methodNamed('hsc') as Run['method'],
    more: { init: 'builtin', arch: 'mobilenetv2', width: 32 },
  },
];

/** The initial weights of a method's recipe. */
const initOf = ({ recipe }: Run['method']) => recipe?.('tiny', datasetNamed('folder'), 'ours').init;

/** All classes are normal where the method learns from them. */
const choicesOf = ({ method, method: { name, needsClasses }, more }: Run): ConfigChoices => ({
  ...(needsClasses ? { protocol: 'all-normal', normal: 'all' } : { normal: 'stripes' }),
  ...{ dataset: 'folder', preset: 'tiny', size: 16, method: name },
  ...(method.loss ? { epochs: 2, batch: 4 } : {}),
  // a network of few kernels, where the method does not start from weights: most of the time is their compilation
  ...(initOf(method) === undefined ? { arch: 'cnn32', width: 4 } : {}),
  ...(usesOutliers(name, {}) ? { oe: `folder:${join(data, 'test', 'disk')}` } : {}),
  ...(usesAugmentedViews(name) ? { views: 1 } : {}),
  ...more,
});
const shortRun = (run: Run): ConfigChoices => ({
  ...choicesOf(run),
  ...(run.method.loss ? { epochs: 1 } : {}),
  adapter: 'swiftshader',
});

/** Trains in a process of its own, as SwiftShader needs environment variables. */
async function trainOnSwiftShader(run: Run): Promise<void> {
  const choices = { data, ...shortRun(run), out: join(runs, `${run.name}-node`) };
  const program = join(runs, `${run.name}.mjs`);
  const library = JSON.stringify(pathToFileURL('dist/node/index.js').href);
  await writeFile(program, `import { train } from ${library};\nawait train(${JSON.stringify(choices)});\n`);
  const env = { ...process.env, ...(await adapterEnvironment('swiftshader')), OECL_CACHE: join(runs, 'cache') };
  await promisify(execFile)(process.execPath, [program], { env });
}

afterAll(() => chrome?.close());

const text = (folder: string, file: string) => readFile(join(runs, folder, file), 'utf8');

/** metrics.jsonl without the times. */
const stepsOf = async (folder: string) =>
  (await text(folder, 'metrics.jsonl'))
    .split('\n')
    .filter((line) => line !== '') // after the last one; and nothing trained, no line
    .map((line) => ({ ...JSON.parse(line), ms: null }));

describe.each(RUNS)('$name', (run) => {
  const { method, name } = run;

  test('a run that was interrupted ends in the same bits; its model file gives the same scores', async () => {
    const config = tinyConfig(data, join(runs, name), choicesOf(run));
    const { results } = await runTiny(config);
    const [result] = results;
    const interrupted = { ...config, out: join(runs, `${name}-resumed`) };
    const stop = new AbortController();
    const first = await runTiny(
      interrupted,
      {},
      {
        signal: stop.signal,
        [method.loss ? 'onStep' : 'onFit']: () => stop.abort(),
      },
    );
    expect(first.interrupted).toBe(true);
    const second = await runTiny(interrupted, { resume: true });
    expect(second.results[0].weightsSha256).toBe(result.weightsSha256);
    expect(await stepsOf(`${name}-resumed`)).toEqual(await stepsOf(name));
    const scores = await text(name, 'scores.csv');
    expect(await text(`${name}-resumed`, 'scores.csv')).toBe(scores);

    const [header, ...lines] = scores
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    const names = scoresOf(method.name).map((score) => score.name);
    expect(header).toEqual(expect.arrayContaining(names));
    expect(result.mainScore).toBe(method.mainScore);
    const steps = await stepsOf(name);
    expect(steps.length > 0).toBe(method.loss !== undefined);
    for (const term of Object.keys(steps[0] ?? {}).filter((key) => key in method.terms)) {
      expect(
        steps.every((step) => Number.isFinite(step[term])),
        term,
      ).toBe(true);
    }
    const scorer = await openScorerOn(
      { runtime: nodeRuntimePlatform, files: testFiles() },
      await readModel(testFiles(), join(runs, name, 'model.safetensors')),
      { adapter: config.adapter ?? undefined },
    );
    try {
      const [path] = lines[0];
      const { scores: again } = await scorer.score(join(data, path.replaceAll('"', '')));
      for (const score of names) {
        const written = Number(lines[0][header.indexOf(score)]); // with nine digits
        expect((again[0] as unknown as Record<string, number>)[score] / written, score).toBeCloseTo(1, 7);
      }
    } finally {
      await scorer.close();
    }
  });

  test('Chrome trains it to the bits of Node', async ({ skip }) => {
    skip(!chrome, noChrome);
    skip(run.more !== undefined, 'the same kernels as in other tests, in Node');
    await trainOnSwiftShader(run);
    const config = tinyConfig(data, join(runs, `${name}-chrome`), shortRun(run));
    const inChrome = await chrome!.train({ ...config, where: 'chrome' }, { resume: false, force: false }, {});
    const inNode = JSON.parse(await text(`${name}-node`, 'result.json'));
    expect(inNode.adapter.device).toMatch(/SwiftShader/i);
    expect(inChrome.results[0].weightsSha256).toBe(inNode.weightsSha256);
    expect(await text(`${name}-chrome`, 'scores.csv')).toBe(await text(`${name}-node`, 'scores.csv'));
  });
});
