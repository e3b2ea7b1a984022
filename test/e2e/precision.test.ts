/** Runs with --precision f16: reproducible to the bit like f32, and refused on an adapter without shader-f16. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, type TestContext, test } from 'vitest';
import { openContext, type RuntimePlatform } from '../../runtime/index.ts';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { UsageError } from '../../src/base/errors.ts';
import { resumedConfig } from '../../src/config/config.ts';
import { libraryFor } from '../../src/library/library.ts';
import { runTraining } from '../../src/runs/run.ts';
import { readStoredConfig } from '../../src/runs/runFolder.ts';
import { expectClose } from '../helpers/matchers.ts';
import { runTiny, testFiles, tinyConfig, tinyDataset } from '../helpers/tinyRun.ts';
import { tolerance } from '../helpers/tolerances.ts';

let data: string;
let runs: string;
let hasF16: boolean;

const configOf = (name: string, precision: 'f32' | 'f16' = 'f16') => tinyConfig(data, join(runs, name), { precision });

beforeAll(async () => {
  data = await tinyDataset();
  runs = await mkdtemp(join(tmpdir(), 'oecl-precision-'));
  const context = await openContext(nodeRuntimePlatform, { adapter: process.env.OECL_TEST_ADAPTER });
  hasF16 = context.features.f16;
  await context.close();
});

const requireF16 = (t: TestContext) => t.skip(!hasF16, 'the adapter has no feature "shader-f16"');

/** The tests' adapter, pretending to lack f16. */
const withoutF16: RuntimePlatform = {
  async requestAdapter(options) {
    const found = await nodeRuntimePlatform.requestAdapter(options);
    const { features, limits, info } = found.adapter;
    const adapter = {
      features: new Set([...features].filter((feature) => feature !== 'shader-f16')),
      limits,
      info,
      requestDevice: (descriptor: GPUDeviceDescriptor) => found.adapter.requestDevice(descriptor),
    } as unknown as GPUAdapter;
    return { gpu: found.gpu, adapter, info: found.info, wait: found.wait, release: () => found.release() };
  },
};

test('a resumed run is bit-identical to an uninterrupted one and differs from f32; its scores can be read back', async (t) => {
  requireF16(t);
  const [whole, f32] = [await runTiny(configOf('whole')), await runTiny(configOf('f32', 'f32'))];
  const abort = new AbortController();
  const config = configOf('parts');
  await runTiny(config, {}, { signal: abort.signal, onStep: () => abort.abort() });
  const rest = await runTiny(resumedConfig(config, {}), { resume: true });
  expect(rest.results[0].weightsSha256).toBe(whole.results[0].weightsSha256);
  expect(rest.results[0].weightsSha256).not.toBe(f32.results[0].weightsSha256);
  expect(JSON.parse(await readFile(join(config.out, 'config.json'), 'utf8'))).toMatchObject({ precision: 'f16' });

  const library = libraryFor({ runtime: nodeRuntimePlatform, files: testFiles(), where: 'node' });
  const options = { adapter: process.env.OECL_TEST_ADAPTER };
  const norms = async (source: string, more: { precision?: 'f32' } = {}) => {
    const outcome = await library.score(await library.loadModel(source), join(data, 'test'), { ...options, ...more });
    return outcome.scores.map(({ norm }) => Number(norm.toPrecision(9)));
  };
  const csv = (await readFile(join(config.out, 'scores.csv'), 'utf8')).trim().split('\n').slice(1);
  const written = csv.map((line) => Number(line.split(',')[3]));
  expect(await norms(config.out)).toEqual(written);
  expect(await norms(join(config.out, 'model.safetensors'))).toEqual(written);
  const inF32 = await norms(config.out, { precision: 'f32' });
  expect(inF32).not.toEqual(written);
  expectClose(inF32, written, tolerance.halfNetwork);
});

test('an adapter without shader-f16 exits with 2, names the missing feature and a remedy, and leaves no files', async () => {
  const config = configOf('refused');
  const read: string[] = [];
  const hooks = { onLoad: (what: string) => read.push(what) };
  const attempt = runTraining(
    { runtime: withoutF16, files: testFiles() },
    config,
    { resume: false, force: false },
    hooks,
  );
  const error = await attempt.catch((reason) => reason);
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(
      /^--precision f16: the adapter lacks the feature "shader-f16"\.\n {2}adapter .+\n {2}Remedy: --precision f32/,
    ),
  });
  expect(existsSync(config.out)).toBe(false);
  expect(read).toEqual([]);
});

test('the runtime refuses an f16 tensor on such an adapter', async () => {
  const context = await openContext(withoutF16, { adapter: process.env.OECL_TEST_ADAPTER });
  try {
    expect(() => context.zeros([2, 3], { dtype: 'f16' })).toThrow(
      'a tensor [2, 3] f16: the adapter has no feature "shader-f16".',
    );
  } finally {
    await context.close();
  }
});

test('a resumed run keeps its precision; runs stored without a precision are f32', async () => {
  expect(() => resumedConfig(configOf('kept'), { precision: 'f32' })).toThrow(/--precision f16, not f32/);
  const { precision: _, ...old } = configOf('old', 'f32');
  const files = { ...testFiles(), exists: async () => true, readFile: async () => Buffer.from(JSON.stringify(old)) };
  expect((await readStoredConfig(files, 'old')).precision).toBe('f32');
});
