/** Runs with --init FILE and --freeze N: what stays and what moves, and that nothing depends on the file once they began. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { decodeSafetensors } from '../../runtime/index.ts';
import { type ConfigChoices, type RunConfig, resolveConfig } from '../../src/config/config.ts';
import { train } from '../../src/library/node.ts';
import { weightsNetwork } from '../../src/runs/initialWeights.ts';
import { readStoredConfig } from '../../src/runs/runFolder.ts';
import { oecl } from '../helpers/commandLine.ts';
import { fileOf, resnetState } from '../helpers/resnetState.ts';
import { runTiny, testFiles, tinyDataset } from '../helpers/tinyRun.ts';

const STATE = resnetState({ blocks: [1, 1, 1, 1], width: 4, stem: 3 });

let data: string;
let folder: string;
beforeAll(async () => {
  data = await tinyDataset();
  folder = await mkdtemp(join(tmpdir(), 'oecl-init-'));
});

/** A configuration as the command line makes it from a file of its own: two steps, a checkpoint after each. */
async function configOf(name: string, choices: ConfigChoices = {}): Promise<RunConfig> {
  const init = join(folder, `${name}.safetensors`);
  await writeFile(init, fileOf(STATE));
  const files = testFiles();
  const tiny = { preset: 'tiny', dataset: 'folder', data, normal: 'stripes', size: 16, views: 1 } as const;
  const short = { epochs: 2, batch: 8, checkpointEvery: 1, adapter: process.env.OECL_TEST_ADAPTER };
  const all = { ...tiny, ...short, init, freeze: 2, out: join(folder, name), ...choices };
  return resolveConfig(all, { isSoftware: true }, await weightsNetwork(files, all));
}

const tensorsOf = async (out: string, file: string) => decodeSafetensors(await readFile(join(out, file)), file).tensors;

test('frozen stages are those of the file, bit for bit; the others moved; a note says what fitted', async () => {
  const config = await configOf('whole');
  expect(config).toMatchObject({ arch: 'resnet10', width: 4, normalize: 'dataset' });
  const notes: string[] = [];
  const { results } = await runTiny(config, {}, { onNote: (text) => notes.push(text) });
  expect(results[0].steps).toBe(2);
  expect(notes.filter((text) => text.startsWith('--init'))).toEqual([
    `--init ${config.init}: resnet10, 4 channels wide, by the names of torchvision and timm; 60 tensors fit, ` +
      '14 (num_batches_tracked, fc) left out, 8 (head) of the network new',
  ]);
  expect(await readFile(join(config.out, 'report.html'), 'utf8')).toContain('60 tensors fit');
  const model = await tensorsOf(config.out, 'model.safetensors');
  const moved: string[] = [];
  for (const [name, { data: before }] of Object.entries(STATE)) {
    if (name.startsWith('fc.') || name.endsWith('num_batches_tracked')) continue;
    const after = model[`backbone.${name.replace('downsample', 'shortcut')}`].data;
    if (after.join() !== before.join()) moved.push(name);
  }
  expect(moved.filter((name) => /^(conv1|bn1|layer1|layer2)\./.test(name))).toEqual([]);
  expect(new Set(moved)).toEqual(
    new Set(Object.keys(STATE).filter((name) => /^layer[34]/.test(name) && !/tracked/.test(name))),
  );
});

test('the library takes the architecture from the file, and freezes as many stages as asked', async () => {
  const { init } = await configOf('library');
  const out = join(folder, 'library');
  const size = { size: 16, views: 1, epochs: 1, batch: 8, freeze: 'all' } as const;
  const adapter = process.env.OECL_TEST_ADAPTER;
  const { results } = await train({
    dataset: 'folder',
    data,
    normal: 'stripes',
    preset: 'tiny',
    init,
    out,
    adapter,
    ...size,
  });
  expect(results).toHaveLength(1);
  const files = testFiles();
  expect(await readStoredConfig(files, out)).toMatchObject({ arch: 'resnet10', width: 4, init, freeze: 'all' });
  const model = await tensorsOf(out, 'model.safetensors');
  expect(model['backbone.layer4.0.bn2.running_var'].data).toEqual(STATE['layer4.0.bn2.running_var'].data);
  const resumed = await train({ dataset: 'folder', out, resume: true, freeze: 'all' });
  expect(resumed.results).toEqual(results);
});

test('the command line refuses a file of PyTorch with the line that converts it', async () => {
  const file = join(folder, 'net.pth');
  await writeFile(file, 'PK\x03\x04 archive/data.pkl');
  const { code, stderr } = await oecl(['--dataset', 'demo', '--init', file, '--out', join(folder, 'pth')]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/net\.pth: it seems to be PyTorch's own format[\s\S]*net\.safetensors after python3 -c "/);
});

test('a run resumes to the same bits without the file', async () => {
  const config = await configOf('resumed');
  const stop = new AbortController();
  const first = await runTiny(config, {}, { signal: stop.signal, onStep: () => stop.abort() });
  expect(first.interrupted).toBe(true);
  await rm(config.init);
  const stored = await readStoredConfig(testFiles(), config.out);
  const { results } = await runTiny(stored, { resume: true });
  const whole = await runTiny(await configOf('uninterrupted'));
  expect(results[0].weightsSha256).toBe(whole.results[0].weightsSha256);
  expect(await readFile(join(config.out, 'scores.csv'), 'utf8')).toBe(
    await readFile(join(folder, 'uninterrupted', 'scores.csv'), 'utf8'),
  );
});

test('a run that ended before its first checkpoint, and the classes of a run of all that had not begun', async () => {
  const config = await configOf('several', { normal: 'all', batch: 4, epochs: 1 });
  const stop = new AbortController();
  const first = await runTiny(config, {}, { signal: stop.signal, onResult: () => stop.abort() });
  expect(first).toMatchObject({ interrupted: true, results: [{ normal: 'disk' }] });
  await rm(config.init);
  const { results } = await runTiny(await readStoredConfig(testFiles(), config.out), { resume: true });
  const alone = await runTiny(await configOf('stripes', { batch: 4, epochs: 1 }));
  expect(results.map(({ normal }) => normal)).toEqual(['disk', 'stripes']);
  expect(results[1].weightsSha256).toBe(alone.results[0].weightsSha256);
  // one copy, for all classes
  expect(await readdir(config.out)).toContain('initial.safetensors');
  expect(await readdir(join(config.out, 'stripes'))).not.toContain('initial.safetensors');

  const begun = await configOf('begun');
  await runTiny(begun);
  for (const file of ['checkpoint.safetensors', 'result.json', 'metrics.jsonl']) await rm(join(begun.out, file));
  await rm(begun.init);
  const again = await runTiny(await readStoredConfig(testFiles(), begun.out), { resume: true });
  expect(again.results[0].weightsSha256).toMatch(/^[0-9a-f]{64}$/);
  const model = await tensorsOf(begun.out, 'model.safetensors');
  expect(model['backbone.conv1.weight'].data).toEqual(STATE['conv1.weight'].data);
});

test('a file of another network is refused before the folder changes', async () => {
  const config = await configOf('wrong');
  await writeFile(config.init, fileOf(resnetState({ blocks: [2, 2, 2, 2], width: 4, stem: 3 })));
  await expect(runTiny(config)).rejects.toThrow(/resnet10 has no place for|of another architecture/);
  expect(await readdir(folder)).not.toContain('wrong');
});
