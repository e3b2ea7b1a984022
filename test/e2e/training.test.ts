import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { decodeSafetensors } from '../../runtime/index.ts';
import { type RunConfig, resumedConfig } from '../../src/config/config.ts';
import type { RunOutcome } from '../../src/runs/hooks.ts';
import { METRIC_NAMES } from '../../src/scores/metrics.ts';
import { scoresOf } from '../../src/scores/table.ts';
import type { StepMetrics } from '../../src/train/stepMetrics.ts';
import { runTiny, testFiles, tinyConfig, tinyDataset } from '../helpers/tinyRun.ts';

const NAMES = scoresOf('oecl').map(({ name }) => name);

let data: string;
let runs: string;
/** A run shared by several tests. */
let whole: { config: RunConfig; outcome: RunOutcome };
const out = (name: string) => join(runs, name);
/** Of runs that show the published network's names and bits; the others have that of fewest kernels. */
const RESNET = { arch: 'resnet10' } as const;

beforeAll(async () => {
  data = await tinyDataset();
  runs = await mkdtemp(join(tmpdir(), 'oecl-runs-'));
  const config = tinyConfig(data, out('whole'), RESNET);
  whole = { config, outcome: await runTiny(config) };
});

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

test('a run writes every file of its folder, and a result with every documented field', async () => {
  const { config, outcome } = whole;
  expect((await readdir(config.out)).sort()).toEqual(
    [
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'model.safetensors',
      'report.html',
      'result.json',
      'scores.csv',
    ].sort(),
  );
  const result = await readJson(join(config.out, 'result.json'));
  expect(result).toEqual(outcome.results[0]);
  expect(result).toMatchObject({
    dataset: 'folder',
    protocol: 'one-vs-rest',
    normal: 'stripes',
    method: 'oecl',
    oe: 'dead-leaves',
    seed: 0,
    synthetic: false, // the training outliers are generated, the test images are not
    steps: 6,
    epochs: 3,
    trainImages: 9,
    testImages: { in: 6, out: 6 },
    where: 'node',
    mainScore: 'normEnsemble',
  });
  expect(Object.keys(result.perOodClass.disk)).toEqual(NAMES);
  for (const metric of METRIC_NAMES) {
    expect(Object.keys(result[metric])).toEqual(NAMES);
    for (const value of Object.values(result[metric])) expect(value).toSatisfy((v: number) => v >= 0 && v <= 1);
  }
  expect(result.weightsSha256).toMatch(/^[0-9a-f]{64}$/);
  const metrics: StepMetrics[] = (await readFile(join(config.out, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(
    metrics.every(({ loss, normNormal, normOutlier }) => [loss, normNormal, normOutlier].every(Number.isFinite)),
  ).toBe(true);
  const csv = (await readFile(join(config.out, 'scores.csv'), 'utf8')).trim().split('\n');
  expect(csv[0]).toBe(`image,class,label,${NAMES.join()}`);
  expect(csv).toHaveLength(13);
});

test('the model file has the names and shapes of the reference code and of PyTorch', async () => {
  const { tensors } = decodeSafetensors(
    await readFile(join(whole.config.out, 'model.safetensors')),
    'model.safetensors',
  );
  expect(tensors['backbone.conv1.weight'].shape).toEqual([4, 3, 3, 3]);
  expect(tensors['backbone.layer2.0.conv1.weight'].shape).toEqual([8, 4, 3, 3]);
  expect(tensors['backbone.layer2.0.shortcut.0.weight'].shape).toEqual([8, 4, 1, 1]);
  expect(tensors['backbone.layer4.0.bn2.running_var'].shape).toEqual([32]);
  expect(tensors['head.0.weight'].shape).toEqual([32, 32]);
  expect(tensors['head.3.bias'].shape).toEqual([128]);
  expect(tensors['backbone.bn1.num_batches_tracked'].data[0]).toBe(6n);
  // 1 stem, 4 blocks of 2 convolutions, 3 shortcuts: weights; a batch norm each, and the head's: 5 tensors; 2 linear layers
  expect(tensors['score.knn.features'].shape).toEqual([9, 32]);
  expect(tensors['score.cosineNorm.features'].shape).toEqual([9, 128]);
  expect(tensors['score.mahalanobis.covariance'].shape).toEqual([32, 32]);
  const network = Object.keys(tensors).filter((name) => !name.startsWith('score.'));
  expect(network).toHaveLength(12 + 13 * 5 + 4);
});

test('the same seed gives the same bits, and another seed different ones', async () => {
  const [again, other] = [
    tinyConfig(data, out('again'), RESNET),
    tinyConfig(data, out('other'), { ...RESNET, seed: 1 }),
  ];
  const { weightsSha256 } = whole.outcome.results[0];
  expect((await runTiny(again)).results[0].weightsSha256).toBe(weightsSha256);
  expect(await readFile(join(again.out, 'scores.csv'), 'utf8')).toBe(
    await readFile(join(whole.config.out, 'scores.csv'), 'utf8'),
  );
  expect((await runTiny(other)).results[0].weightsSha256).not.toBe(weightsSha256);
});

test.each(['sgd', 'lars', 'adam'] as const)(
  '%s: a run interrupted within an epoch and resumed is bit-identical to an uninterrupted one',
  async (optimizer) => {
    const isShared = optimizer === whole.config.optimizer;
    const name = isShared ? 'whole' : `${optimizer}-whole`;
    const uninterrupted = isShared ? whole.outcome : await runTiny(tinyConfig(data, out(name), { optimizer }));
    const config = tinyConfig(data, out(`${optimizer}-parts`), { ...(isShared && RESNET), optimizer });
    const abort = new AbortController();
    const part = await runTiny(config, {}, { signal: abort.signal, onStep: ({ step }) => step >= 1 && abort.abort() });
    expect(part).toMatchObject({ interrupted: true, results: [] });
    expect(existsSync(join(config.out, 'checkpoint.safetensors'))).toBe(true);
    expect(existsSync(join(config.out, 'result.json'))).toBe(false);
    let doneSteps = 0;
    const rest = await runTiny(
      resumedConfig(config, {}),
      { resume: true },
      { onStart: (start) => (doneSteps = start.doneSteps) },
    );
    expect(doneSteps).toBeGreaterThan(0);
    expect(doneSteps).toBeLessThan(6);
    expect(rest.results[0].weightsSha256).toBe(uninterrupted.results[0].weightsSha256);
    const metricsOf = async (folder: string) =>
      (await readFile(join(out(folder), 'metrics.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => ({ ...JSON.parse(line), ms: 0 }));
    expect(await metricsOf(`${optimizer}-parts`)).toEqual(await metricsOf(name));
  },
);

test('SimCLR uses no outliers, and its files say so', async () => {
  const { results } = await runTiny(tinyConfig(data, out('simclr'), { method: 'simclr' }));
  expect(results[0]).toMatchObject({ method: 'simclr', oe: null, oeImages: 0, synthetic: false });
});

test('with only normal images, a fifth is used for testing, there are no metrics, and the files say so', async () => {
  const alone = await tinyDataset({ stripes: 12, disk: 0 });
  await rm(join(alone, 'test'), { recursive: true });
  const config = tinyConfig(alone, out('alone'), { normal: undefined, protocol: 'all-normal' });
  const notes: string[] = [];
  const { results } = await runTiny(config, {}, { onNote: (text) => notes.push(text) });
  const undefinedMetrics = 'no test image is an outlier';
  const none = { auroc: { normEnsemble: null }, apOut: { norm: null }, undefinedMetrics, perOodClass: {} };
  expect(results[0]).toMatchObject({ ...none, trainImages: 10, testImages: { in: 2, out: 0 }, normal: 'all' });
  expect(await readJson(join(config.out, 'result.json'))).toMatchObject(none);
  expect(notes[0]).toMatch(/every 5th training image \(2 of 12\) tests instead/);
  const report = await readFile(join(config.out, 'report.html'), 'utf8');
  expect(report).toContain('No outliers were tested');
  expect(report).toContain('every 5th training image');
});

test('--normal all runs every class and reports the mean', async () => {
  const { results, summary } = await runTiny(tinyConfig(data, out('all'), { normal: 'all' }));
  expect(results.map(({ normal }) => normal)).toEqual(['disk', 'stripes']);
  const mean = (results[0].auroc.norm! + results[1].auroc.norm!) / 2;
  expect(summary?.auroc.norm).toBeCloseTo(mean, 12);
});

test('a class smaller than the batch lowers the batch with a note, and the same call can resume it', async () => {
  const notes: string[] = [];
  const config = tinyConfig(data, out('lowered'), { normal: 'disk', batch: 64 });
  await runTiny(config, {}, { onNote: (text) => notes.push(text) });
  expect(notes).toContainEqual(expect.stringContaining('batch 64 lowered to 5: disk has only 5 training images'));
  const stored = await readJson(join(config.out, 'config.json'));
  expect(stored.batch).toBe(5);
  expect(resumedConfig(stored, { batch: 64 }).batch).toBe(5);
});

test('an unknown class, a missing folder and an empty outlier folder exit with 2, the name and a remedy', async () => {
  const wrong = [
    [tinyConfig(data, out('e1'), { normal: 'stripse' }), /stripse[\s\S]*Remedy: .*stripes/],
    [tinyConfig(join(data, 'nowhere'), out('e2')), /nowhere[\s\S]*train\/CLASS[\s\S]*--dataset demo needs nothing/],
    [tinyConfig(data, out('e3'), { oe: `folder:${runs}/none` }), /none: there is no such folder/],
    [tinyConfig(data, out('e4'), { oe: 'dead-leafs' }), /dead-leafs[\s\S]*Remedy: --oe dead-leaves/],
  ] as const;
  for (const [config, message] of wrong) {
    await expect(runTiny(config)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect(existsSync(join(config.out, 'result.json'))).toBe(false);
  }
});

test('a damaged checkpoint, or one of another architecture, is refused and left unchanged', async () => {
  const config = tinyConfig(data, out('wide'), { width: 8 });
  const abort = new AbortController();
  await runTiny(config, {}, { signal: abort.signal, onStep: () => abort.abort() });
  const checkpoint = join(config.out, 'checkpoint.safetensors');
  const bytes = await readFile(checkpoint);
  await expect(runTiny({ ...config, width: 4 }, { resume: true })).rejects.toThrow(
    /checkpoint\.safetensors: it was written by another optimizer, or for another architecture/,
  );
  expect(await readFile(checkpoint)).toEqual(bytes);
  await writeFile(checkpoint, bytes.subarray(0, 1000));
  await expect(runTiny(config, { resume: true })).rejects.toThrow(/checkpoint\.safetensors/);
});

test('when the disk becomes full, the file is named and earlier files stay intact', async () => {
  const disk = testFiles();
  const full = {
    ...disk,
    writeFileAtomic: (path: string, bytes: Uint8Array) =>
      path.endsWith('model.safetensors')
        ? Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
        : disk.writeFileAtomic(path, bytes),
  };
  const config = tinyConfig(data, out('full'));
  await expect(runTiny(config, {}, {}, full)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/model\.safetensors: the disk is full[\s\S]*--resume/),
  });
  expect(await readdir(config.out)).toEqual(['checkpoint.safetensors', 'config.json', 'metrics.jsonl']);
  const rest = await runTiny(config, { resume: true });
  expect(rest.results[0].steps).toBe(6);
});

test('an unwritable run folder is refused before anything is computed', async () => {
  const path = join(runs, 'a-file');
  await writeFile(path, 'not a folder');
  let started = false;
  const attempt = runTiny(tinyConfig(data, join(path, 'run')), {}, { onStart: () => (started = true) });
  await expect(attempt).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/a-file[\s\S]*Remedy: --out/),
  });
  expect(started).toBe(false);
});

test('--profile keeps the weights and writes a table of the kernels and a trace of five steps', async () => {
  const config = tinyConfig(data, out('profiled'), RESNET);
  const shown: string[] = [];
  const profiled = await runTiny(config, { profile: true }, { onProfile: (table, file) => shown.push(table, file) });
  expect(profiled.results[0].weightsSha256).toBe(whole.outcome.results[0].weightsSha256);
  const [table, file] = shown;
  expect(table).toMatch(/conv\.wgsl:conv forward +\d+ +[\d.]+ +[\d.]+ %/);
  expect(file).toBe(join(config.out, 'profile.json'));
  const { traceEvents } = await readJson(file);
  expect(new Set(traceEvents.map(({ tid }: { tid: number }) => tid)).size).toBe(5);
});
