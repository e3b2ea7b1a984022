/** `--tune` in whole runs on the tests' adapter: no table changes a bit of the result. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openContext } from '../../runtime/index.ts';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { type ConfigChoices, resumedConfig } from '../../src/config/config.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import { runTiny, testFiles, tinyConfig, tinyDataset } from '../helpers/tinyRun.ts';

const TABLE = {
  'conv 3x3/1 4->4 16x16': 'register 4x8',
  'conv 3x3/1 8->8 8x8': 'workgroup 2x4',
  'conv input 3x3/2 8->4 16x16': 'workgroup',
  'conv weight 3x3/1 4->4 16x16': 'workgroup',
  'conv weight 3x3/1 3->4 16x16': 'register',
  'matmul 16x32->32': 'register',
  'of another network': 'register',
};

let data: string;
let runs: string;
let given: string;
let weights: string;
const configOf = (name: string, choices: ConfigChoices) => tinyConfig(data, join(runs, name), choices);
const stored = async (name: string) => JSON.parse(await readFile(join(runs, name, 'config.json'), 'utf8'));

beforeAll(async () => {
  data = await tinyDataset();
  runs = await mkdtemp(join(tmpdir(), 'oecl-runs-'));
  given = join(runs, 'given.json');
  await writeFile(given, JSON.stringify({ kernels: TABLE }));
  const { results } = await runTiny(configOf('fixed', { tune: 'off' }));
  weights = results[0].weightsSha256;
});

test('off, and auto on a software adapter, give an empty table and no output', async () => {
  const notes: string[] = [];
  const hooks = { onNote: (text: string) => notes.push(text), onTune: () => notes.push('measured') };
  await runTiny(configOf('auto', { tune: 'auto' }), {}, hooks);
  expect(notes.filter((text) => /kernel|measured/.test(text))).toEqual([]);
  expect([await stored('auto'), await stored('fixed')]).toMatchObject([
    { tune: 'auto', kernels: {} },
    { tune: 'off', kernels: {} },
  ]);
});

test('on measures kernels with progress, once for several classes, even if the run is interrupted in between', async () => {
  const told: [number, number, string][] = [];
  const onTune = (...progress: [number, number, string]) => told.push(progress);
  const several = configOf('on', { tune: 'on', normal: 'all' });
  const end = () => {
    throw new Error('as if the process had ended between two classes');
  };
  await expect(runTiny(several, {}, { onTune, onResult: end })).rejects.toThrow('between two classes');
  const [done, total] = [told.at(-1)![0], told[0][1]]; // a slow machine does not reach all
  expect([told[0][0], told.at(-1)]).toEqual([0, [done, total, '']]);
  expect(done).toBeGreaterThan(0);
  const { kernels } = await stored('on/disk');
  expect(kernels).toHaveProperty(told[0][2]);

  const elsewhere = nodePlatform({ cacheFolder: join(runs, 'another-cache'), dataFolder: null });
  const rest = resumedConfig(await stored('on'), { out: several.out });
  const { results } = await runTiny(rest, { resume: true }, { onTune }, elsewhere);
  expect(told.filter(([done]) => done === 0)).toHaveLength(1);
  for (const name of ['on', 'on/stripes']) expect((await stored(name)).kernels).toEqual(kernels);
  expect(results[1].weightsSha256).toBe(weights);
});

test('on with f16 activations measures f16 kernels and keeps the weights', async ({ skip }) => {
  const context = await openContext(nodeRuntimePlatform, { adapter: process.env.OECL_TEST_ADAPTER });
  const { f16 } = context.features;
  await context.close();
  skip(!f16, 'the adapter has no feature "shader-f16"');
  const [off, on] = [
    await runTiny(configOf('half-off', { tune: 'off', precision: 'f16' })),
    await runTiny(configOf('half-on', { tune: 'on', precision: 'f16' })),
  ];
  const { kernels } = await stored('half-on');
  expect(Object.keys(kernels).filter((key) => key.endsWith(', x f16, y f16'))).not.toEqual([]);
  expect(on.results[0].weightsSha256).toBe(off.results[0].weightsSha256);
});

test("another run's table, or its config.json, keeps the weights", async () => {
  for (const [name, tune] of [
    ['given', given],
    ['given-again', join(runs, 'given/config.json')],
  ]) {
    const { results } = await runTiny(configOf(name, { tune }));
    expect(await stored(name)).toMatchObject({ tune, kernels: TABLE });
    expect(results[0].weightsSha256).toBe(weights);
  }
});

test.each([
  ['', {}, TABLE],
  [' --tune on', { tune: 'on' }, TABLE],
  [' --tune off', { tune: 'off' }, {}],
])('--resume%s measures nothing and keeps the weights', async (label, choices: ConfigChoices, kernels) => {
  const name = `parts${label.replaceAll(' ', '')}`;
  const abort = new AbortController();
  const parts = configOf(name, { tune: given });
  expect(await runTiny(parts, {}, { signal: abort.signal, onStep: () => abort.abort() })).toMatchObject({
    interrupted: true,
  });
  const told: string[] = [];
  const rest = await runTiny(
    resumedConfig(await stored(name), { ...choices, out: parts.out }),
    { resume: true },
    { onTune: (_done, _total, kernel) => told.push(kernel) },
  );
  expect([told, (await stored(name)).kernels, rest.results[0].weightsSha256]).toEqual([[], kernels, weights]);
});

test('a file without a table is refused before anything is read or written', async () => {
  const config = { ...configOf('refused', { tune: join(data, 'nowhere.json') }), data: join(data, 'nowhere') };
  await expect(runTiny(config, {}, {}, testFiles())).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/--tune .*nowhere\.json: there is no such file/),
  });
});
