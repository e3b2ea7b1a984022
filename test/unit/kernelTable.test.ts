/** Where a run's kernel table comes from and where it is kept; the measurement itself is faked. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AdapterInfo, AskedKernel, Context, KernelTable } from '../../runtime/index.ts';
import { type ConvGeometry, KernelChoices, keyOf } from '../../runtime/kernel/choices.ts';
import {
  type ConfigChoices,
  type RunConfig,
  resolveConfig,
  resumedConfig,
  storedConfig,
} from '../../src/config/config.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import { recordTuned, withGivenKernels } from '../../src/train/kernels.ts';
import type { Trainer } from '../../src/train/trainer.ts';

const FEATURES = { subgroups: true, subgroupMinSize: 8, subgroupMaxSize: 8, f16: false, timestampQuery: true };

const GPU: AdapterInfo = {
  ...{ vendor: 'maker', architecture: 'new', device: '0x1', description: 'driver 1.0' },
  ...{ isSoftware: false, kind: 'hardware' },
};

const square = (channels: number): ConvGeometry => ({
  ...{ images: 4, inChannels: channels, height: 8, width: 8, outChannels: channels, outHeight: 8, outWidth: 8 },
  ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1], isTransposed: false },
});
const key = (channels: number) => keyOf('sum', square(channels));

let cacheFolder: string;
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'oecl-kernels-'));
});

interface Setup {
  choices?: ConfigChoices;
  info?: AdapterInfo;
  channels?: number[];
  kernels?: KernelTable;
  /** How many of the requested kernels the time budget covers. */
  enough?: number;
  folder?: string;
}

/** Records a step of one convolution for each number of channels; `register` is always measured to be the best. */
async function record({ choices = {}, info = GPU, channels = [16, 32], enough = 9, folder, ...given }: Setup = {}) {
  const context = { choices: new KernelChoices(FEATURES), info } as unknown as Context;
  const used: string[][] = [];
  const trainer = {
    async record() {
      used.push(channels.map((count) => context.choices.of('sum', square(count)).variant));
    },
    dispose() {},
  } as unknown as Trainer;
  const measured: string[] = [];
  const notes: string[] = [];
  const config: RunConfig = { ...resolveConfig(choices, info), kernels: given.kernels ?? null };
  const table = await recordTuned(context, trainer, {
    files: nodePlatform({ cacheFolder: folder ?? cacheFolder, dataFolder: null }),
    config,
    hooks: { onNote: (text) => notes.push(text) },
    async tune(_context: unknown, asked: readonly AskedKernel[]) {
      const keys = asked.map((each) => each.key).slice(0, enough);
      measured.push(...keys);
      const table = Object.fromEntries(keys.map((each) => [each, 'register']));
      return { table, measured: keys.length, left: asked.length - keys.length };
    },
  });
  expect(context.choices.table).toEqual(table);
  return { table, used, measured, notes };
}

const software: AdapterInfo = { ...GPU, isSoftware: true, kind: 'lavapipe' };

describe('what --tune does', () => {
  test.each([
    ['auto', GPU, true],
    ['auto', software, false],
    ['on', software, true],
    ['off', GPU, false],
  ])('%s on %o: %s', async (tune, info, isMeasured) => {
    const { table, measured, used } = await record({ choices: { tune }, info });
    expect(measured).toHaveLength(isMeasured ? 2 : 0);
    expect(table).toEqual(isMeasured ? { [key(16)]: 'register', [key(32)]: 'register' } : {});
    // recorded once to find what to measure, and once with the measured table
    expect(used).toEqual([['subgroup', 'subgroup'], ...(isMeasured ? [['register', 'register']] : [])]);
  });

  test('an existing table is used, and nothing is measured', async () => {
    const kernels = { [key(16)]: 'workgroup' };
    const { table, measured, used } = await record({ choices: { tune: 'on' }, kernels });
    expect([table, measured, used]).toEqual([kernels, [], [['workgroup', 'subgroup']]]);
    expect(await readdir(cacheFolder)).toEqual([]);
  });
});

describe('the cache', () => {
  const file = async () => join(cacheFolder, 'kernels', (await readdir(join(cacheFolder, 'kernels')))[0]);

  test('only kernels without a cached measurement are measured; a table holds the kernels of its run', async () => {
    await record({ channels: [16] });
    const again = await record({ channels: [16] });
    expect([again.measured, again.used, again.notes]).toEqual([[], [['register']], []]);
    const more = await record({ channels: [16, 32] });
    expect(more.measured).toEqual([key(32)]);
    expect((await record({ channels: [32] })).table).toEqual({ [key(32)]: 'register' });
  });

  test('kernels that exceeded the time budget are measured by the next run', async () => {
    const first = await record({ enough: 1 });
    expect(first.notes).toEqual([
      expect.stringMatching(/^kernels: 1 measured in .*, 1 left for the next run; .*for 1 another/),
    ]);
    expect((await record()).measured).toHaveLength(1);
    expect((await record()).measured).toEqual([]);
  });

  test('another adapter, driver or host is measured again', async () => {
    await record();
    for (const other of [{ device: '0x2' }, { description: 'driver 1.1' }, { vendor: 'other' }]) {
      expect((await record({ info: { ...GPU, ...other } })).measured).toHaveLength(2);
    }
    expect((await record({ choices: { where: 'chrome' } })).measured).toHaveLength(2);
    expect(await readdir(join(cacheFolder, 'kernels'))).toHaveLength(5);
  });

  test('a damaged file is ignored and replaced', async () => {
    await record();
    const whole = await readFile(await file(), 'utf8');
    expect(JSON.parse(whole)).toMatchObject({ adapter: { description: 'driver 1.0' }, where: 'node' });
    const damaged = ['', whole.slice(0, -20), 'null', '{"kernels": 3}', whole.replace('"register"', '"fastest"')];
    for (const text of damaged) {
      await writeFile(await file(), text);
      expect((await record()).measured).toHaveLength(2);
      expect(await readFile(await file(), 'utf8')).toBe(whole);
    }
  });

  test('an unwritable folder is reported, and the run continues', async () => {
    const folder = join(cacheFolder, 'a-file');
    await writeFile(folder, '');
    const { table, notes } = await record({ folder });
    expect(Object.keys(table)).toHaveLength(2);
    expect(notes.at(-1)).toMatch(/^measured kernels cannot be kept in .*a-file: /);
  });
});

describe('given tables', () => {
  const files = () => nodePlatform({ cacheFolder, dataFolder: null });
  const given = (tune: string) => withGivenKernels(files(), resolveConfig({ tune }, software));

  test('the config.json of another run is a table', async () => {
    const path = join(cacheFolder, 'config.json');
    await writeFile(path, JSON.stringify({ seed: 1, kernels: { [key(16)]: 'register 4x8' } }));
    expect(await given(path)).toMatchObject({ tune: path, kernels: { [key(16)]: 'register 4x8' }, seed: 0 });
    expect((await given('on')).kernels).toBeNull();
  });

  test.each([
    ['nowhere.json', undefined, /there is no such file/],
    ['folder.json', null, /it is a folder/],
    ['broken.json', '{"kernels":', /it is not JSON/],
    ['old.json', '{"dataset": "demo"}', /it holds no table "kernels"/],
    ['null.json', 'null', /it holds no table "kernels"/],
    ['begun.json', '{"kernels": null}', /it holds no table "kernels"[\s\S]*Remedy: the config\.json of a run/],
  ])('%s is refused: 2', async (name, text, message) => {
    const path = join(cacheFolder, name);
    if (text === null) await mkdir(path);
    else if (text !== undefined) await writeFile(path, text);
    await expect(given(path)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });

  test('--resume keeps the table of the run; --tune off or a file replaces it, and --tune on does not', () => {
    const stored: RunConfig = { ...resolveConfig({ tune: 'on' }, software), kernels: { [key(16)]: 'register' } };
    const resumed = (tune?: string) => resumedConfig(stored, tune === undefined ? {} : { tune });
    expect(resumed()).toEqual(stored);
    expect(resumed('on').kernels).toEqual(stored.kernels);
    expect(resumed('off')).toMatchObject({ tune: 'off', kernels: {} });
    expect(resumed('other.json').kernels).toBeNull();
    const { tune: _, kernels: __, ...old } = stored;
    expect(resumedConfig(storedConfig(old, 'config.json'), {})).toMatchObject({ tune: 'auto', kernels: null });
  });
});
