import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { PRESETS } from '../../src/base/recipe.ts';
import { editDistance, nearestName } from '../../src/base/suggest.ts';
import type { CliHost } from '../../src/cli/command.ts';
import { main } from '../../src/cli/dispatch.ts';
import { commandHelp } from '../../src/cli/help.ts';
import { parseCall } from '../../src/cli/parse.ts';
import { Progress } from '../../src/cli/progress.ts';
import { textOutput } from '../../src/cli/textOutput.ts';
import { trainCommand } from '../../src/cli/trainCommand.ts';
import {
  type ConfigChoices,
  configDifferences,
  configJson,
  resolveConfig,
  resumedConfig,
  storedConfig,
} from '../../src/config/config.ts';
import { trainCall } from '../../src/runs/trainCall.ts';

const parseTrainOptions = (args: readonly string[]) => {
  const { values } = parseCall(trainCommand, args);
  return { ...values, ...trainCall(values) };
};

const software = { isSoftware: true };
const hardware = { isSoftware: false };

describe('parseTrainOptions', () => {
  test('values are parsed by type, after a space or an equals sign', () => {
    const call = parseTrainOptions([
      '--dataset',
      'CIFAR10',
      '--lr=1e-2',
      '--scale',
      '0.2,0.9',
      '--skip-bad',
      '--resume',
    ]);
    expect(call.choices).toEqual({ dataset: 'cifar10', lr: 0.01, scale: [0.2, 0.9], skipBad: true });
    expect(call.mode).toEqual({ resume: true, acceptChangedData: false, force: false, profile: false });
    expect(call).not.toHaveProperty('json');
  });

  test.each([
    [['--dateset', 'demo'], /--dateset: there is no such option[\s\S]*Remedy: --dataset/],
    [['--dataset', 'cifar'], /expected one of raabin[\s\S]*Remedy: --dataset cifar10/],
    [['--epochs', '2.5'], /--epochs 2.5: expected a whole number of 1 or more/],
    [['--epochs', 'ten'], /expected a whole number/],
    [['--batch', '1'], /expected a whole number from 2 to 4096/],
    [['--lr', '0'], /expected a number above 0/],
    [['--lr', 'Infinity'], /expected a number above 0/],
    [['--lambda', '-1'], /expected a number of 0 or more/],
    [['--lambda', '1e999'], /expected a number/],
    [['--views', '64'], /expected a whole number from 1 to 63/], // the capacity of the random generator's counter
    [['--seed', '4294967296'], /from 0 to 4294967295/],
    [['--scale', '0.9,0.5'], /0 < LOW <= HIGH <= 1/],
    [['--scale', '0.5'], /LOW,HIGH/],
    [['--tune', 'of'], /--tune of: expected one of auto, on, off, or a .json file[\s\S]*Remedy: --tune on/],
    [['--tune'], /the value is missing, expected one of auto, on, off, or a .json file/],
    [['--epochs'], /the value is missing/],
    [['--data', '--resume'], /--data: the value is missing, expected DIR/],
    [['--seed', '1', '--seed=2'], /given twice/],
    [['--json=yes'], /it is a switch/],
    [['demo'], /demo: not an option/],
    [['--resume', '--force'], /either continued or replaced/],
    [['--accept-changed-data'], /no earlier images without --resume[\s\S]*--resume --accept-changed-data/],
  ])('%j is refused', (args, message) => {
    expect(() => parseTrainOptions(args)).toThrow(message);
  });

  test('--tune takes a name or a file', () => {
    expect(parseTrainOptions([]).choices.tune).toBeUndefined();
    for (const value of ['auto', 'on', 'off', 'runs/Other/config.json']) {
      expect(parseTrainOptions(['--tune', value]).choices.tune).toBe(value);
    }
  });

  test('every option of the table is parsed and appears once in the help text', () => {
    const text = commandHelp(trainCommand);
    const { options } = trainCommand;
    for (const { name } of options) expect(text.split(new RegExp(`^ +--${name}(?![\\w-])`, 'm')).length, name).toBe(2);
    expect(new Set(options.map(({ name }) => name)).size).toBe(options.length);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe('resolveConfig', () => {
  test('the preset depends on the adapter unless it is given', () => {
    expect(resolveConfig({}, software).preset).toBe('tiny');
    expect(resolveConfig({}, hardware).preset).toBe('paper');
    expect(resolveConfig({ preset: 'small' }, software).preset).toBe('small');
  });

  test('paper has the published values', () => {
    const values = { arch: 'resnet18', width: 64, epochs: 500, batch: 256, lr: 0.1, warmup: 50, views: 32 };
    const common = { temperature: 0.5, momentum: 0.9, weightDecay: 5e-4, optimizer: 'sgd', ...values };
    const paper = (dataset: 'raabin' | 'cifar10') => resolveConfig({ dataset, preset: 'paper' }, software);
    expect(paper('raabin')).toMatchObject({ ...common, size: 224, scale: [0.5, 1], lambda: 0.1, normal: 'Neutrophil' });
    expect(paper('cifar10')).toMatchObject({ ...common, size: 32, scale: [0.08, 1], lambda: 1, normal: 'airplane' });
  });

  test('no preset lacks a value', () => {
    for (const preset of PRESETS) {
      const config = resolveConfig({ preset }, software);
      for (const [key, value] of Object.entries(config)) expect(value, key).not.toBeUndefined();
    }
  });

  test('given values win; names take the spelling of the data set; the folder is derived from them', () => {
    const config = resolveConfig({ dataset: 'raabin', normal: 'lymphocyte', epochs: 7, seed: 3 }, software);
    expect(config).toMatchObject({ normal: 'Lymphocyte', epochs: 7, warmup: 0, out: 'runs/raabin-oecl-Lymphocyte-3' });
    expect(resolveConfig({ dataset: 'folder', data: '/x', normal: 'a/../b c' }, software).out).toBe(
      'runs/folder-dn2-a~2F..~2Fb~20c-0',
    );
  });

  test('simclr sees no outliers', () => {
    const config = resolveConfig({ method: 'simclr' }, software);
    expect(config.oe).toBeNull();
    for (const key of ['lambda', 'warmup']) expect(config).not.toHaveProperty(key);
    expect(() => resolveConfig({ method: 'simclr', lambda: 2 }, software)).toThrow(
      /--method simclr --lambda 2: SimCLR has no such option[\s\S]*--method oecl or --method self-oecl.*, or no --lambda/,
    );
    expect(() => resolveConfig({ method: 'simclr', oe: 'dead-leaves' }, software)).toThrow(/normal images alone/);
  });

  test('contradictions are refused', () => {
    expect(() => resolveConfig({ epochs: 5, warmup: 6 }, software)).toThrow(/--warmup 6: longer/);
    expect(() => resolveConfig({ protocol: 'all-normal', normal: 'a' }, software)).toThrow(/every class is normal/);
  });

  test('config.json has the same bytes for the same values', () => {
    const a = resolveConfig({ epochs: 5, seed: 1 }, software);
    const b = resolveConfig({ seed: 1, epochs: 5 }, software);
    expect(configJson(a)).toBe(configJson(b));
    expect(configDifferences(JSON.parse(configJson(a)), a)).toEqual([]);
  });

  test('a resumed run keeps its values and names those that the call would change', () => {
    const stored = resolveConfig({ normal: 'Monocyte', out: 'there' }, software);
    const resumed = resumedConfig(stored, { normal: 'MONOCYTE', adapter: 'other', out: 'there' });
    expect(resumed).toEqual({ ...stored, adapter: 'other' });
    expect(() => resumedConfig(stored, { lr: 3, weightDecay: 0 })).toThrow(
      /--weight-decay 0.0005, not 0[\s\S]*--lr 0.001, not 3|--lr 0.001, not 3[\s\S]*--weight-decay 0.0005, not 0/,
    );
  });
});

test.each([
  [{ momentum: 0.5 }, /--momentum 0.5: it would have no effect here[\s\S]*--optimizer sgd or lars/],
  [{ nesterov: true, optimizer: 'lars' }, /--nesterov: it would[\s\S]*--optimizer sgd, or no --nesterov/],
  [{ larsAll: true }, /--lars-all: /],
  [{ lrPerStep: true, milestones: '3' }, /--lr-per-step: [\s\S]*no --milestones/],
  [{ oeOrder: 'fixed', method: 'simclr' }, /--oe-order fixed: [\s\S]*outlier exposure/],
  [{ scale: [0.5, 1], augment: 'light' }, /--scale 0.5,1: [\s\S]*--augment simclr/],
] as const)('an option that would have no effect is refused: %o', (choices, message) => {
  expect(() => resolveConfig(choices as ConfigChoices, software)).toThrow(message);
});

describe('a stored configuration', () => {
  const stored = JSON.parse(configJson(resolveConfig({}, software)));

  test('is read back unchanged; values that earlier versions did not write get their defaults', () => {
    expect(storedConfig(stored, 'config.json')).toEqual(stored);
    const { precision: _, fit: __, tune: ___, askedBatch: ____, ...older } = stored;
    expect(storedConfig(older, 'config.json')).toEqual(stored);
    const earlier = { ...JSON.parse(configJson(resolveConfig({ method: 'simclr' }, software))), lambda: 0, warmup: 0 };
    expect(
      configDifferences(storedConfig(earlier, 'config.json'), resumedConfig(storedConfig(earlier, ''), {})),
    ).toEqual([]);
  });

  test.each([
    [{ lr: '0.1' }, /config\.json: lr is "0\.1", expected a number above 0/],
    [{ epochs: 0.5 }, /epochs is 0\.5, expected a whole number of 1 or more/],
    [{ method: 'nope' }, /method is "nope", expected one of oecl, .*simclr/],
    [{ scale: [0.9, 0.5] }, /scale is \[0\.9,0\.5\], expected LOW,HIGH/],
  ])('%j is refused', (values, message) => {
    expect(() => storedConfig({ ...stored, ...values }, 'config.json')).toThrow(message);
  });
});

describe('--resume --batch', () => {
  test('a batch other than that of the run is refused, whether smaller or larger', () => {
    const stored = resolveConfig({ batch: 4 }, software);
    expect(resumedConfig(stored, { batch: 4 }).batch).toBe(4);
    for (const batch of [2, 8]) {
      expect(() => resumedConfig(stored, { batch })).toThrow(new RegExp(`--batch 4, not ${batch}`));
    }
  });

  test('the originally requested batch is accepted after it was lowered', () => {
    const stored = { ...resolveConfig({ batch: 9 }, software), askedBatch: 64 };
    expect(resumedConfig(stored, { batch: 64 })).toEqual(stored);
    expect(resumedConfig(stored, { batch: 9 })).toEqual(stored);
    expect(() => resumedConfig(stored, { batch: 32 })).toThrow(/--batch 9, not 32/);
    const { askedBatch: _, ...older } = resolveConfig({ batch: 4 }, software);
    expect(resumedConfig(older as typeof stored, {}).batch).toBe(4);
  });
});

describe('main', () => {
  function fakeHost(overrides: Partial<CliHost['services']> = {}, signal = new AbortController().signal) {
    const text = { stdout: '', stderr: '' };
    const output = (name: 'stdout' | 'stderr') => ({
      write: (part: string) => void (text[name] += part),
      redraw: (line: string) => void (text[name] += line),
      isTerminal: false,
      columns: 80,
    });
    const adapter = { vendor: 'mesa', architecture: '', device: '', description: 'llvmpipe', isSoftware: true };
    const services: CliHost['services'] = {
      files: {
        exists: async () => false,
        readFile: async () => new Uint8Array(),
        writeFileAtomic: async () => {},
        appendFile: async () => {},
        removeFile: async () => {},
        removeEmptyFolder: async () => {},
        claimFolder: async () => ({ isOurs: true, takenOver: null }),
        releaseFolder: async () => {},
      },
      describeAdapter: async () => adapter,
      listAdapters: async () => [adapter],
      doctor: async () => 'all is well',
      serve: async (port, address) => ({ url: `http://${address}:${port}/`, isOpen: false, close: async () => {} }),
      train: async (config) => ({ interrupted: false, results: [], summary: null, folder: config.out }),
      loadModel: () => Promise.reject(new Error('no model here')),
      async *scoreEach() {},
      ...overrides,
    };
    const host: CliHost = {
      stdout: output('stdout'),
      stderr: output('stderr'),
      signal,
      debug: false,
      version: '1.2.3',
      services,
    };
    return { host, text };
  }

  test('a run starts with a line that names the adapter and says whether the preset is reduced', async () => {
    const { host, text } = fakeHost();
    expect(await main(['--dataset', 'demo'], host)).toBe(0);
    expect(text.stdout).toMatch(/^adapter: mesa, llvmpipe \(software: no GPU is used\)\npreset tiny:/);
  });

  test('an interrupt exits with 130 and says how to resume', async () => {
    const { host, text } = fakeHost({
      train: async () => ({ interrupted: true, results: [], summary: null, folder: 'runs/x' }),
    });
    expect(await main(['train'], host)).toBe(130);
    expect(text.stderr).toMatch(/checkpoint is in runs\/x.*--resume/);
  });

  test('errors print the message and the remedy without a stack, and exit with 2 or 1', async () => {
    const { host, text } = fakeHost({
      train: async () => {
        throw new DataError('x.jpg: truncated.', { remedy: '--skip-bad' });
      },
    });
    expect(await main(['train'], host)).toBe(2);
    expect(text.stderr).toBe('error: x.jpg: truncated.\n  Remedy: --skip-bad\n');
    const broken = fakeHost({
      doctor: async () => {
        throw new TypeError('oops');
      },
    });
    expect(await main(['doctor'], broken.host)).toBe(1);
    expect(broken.text.stderr).toMatch(/^error: internal: oops\n {2}Remedy: please report this/);
    expect(broken.text.stderr).not.toMatch(/ at /);
  });

  test('control characters in names are shown as escapes on one line', async () => {
    const name = 'a\n\x1b[2Jb\x9b\u202egnp.exe';
    const { host, text } = fakeHost({
      train: async (_config, _mode, hooks) => {
        hooks.onNote?.(`${name}: note`);
        throw new DataError(`${name}: truncated.`, { details: [name], remedy: name });
      },
    });
    const stdout = textOutput({ write: (part) => (text.stdout += part) });
    const stderr = textOutput({ write: (part) => (text.stderr += part) });
    expect(await main(['--quiet', '--normal', name], { ...host, stdout, stderr })).toBe(2);
    const shown = 'a\\u000a\\u001b[2Jb\\u009b\\u202egnp.exe';
    expect(text.stderr.split('\n')).toEqual([
      `note: ${shown}: note`,
      `error: ${shown}: truncated.`,
      `  ${shown}`,
      `  Remedy: ${shown}`,
      '',
    ]);
    expect(text.stdout).toContain(`normal ${shown}; oecl`);
    text.stdout = '';
    await main(['--json', '--normal', name], { ...host, stdout, stderr });
    const [, , note, error] = text.stdout.trimEnd().split('\n');
    expect(note).toMatch(/^[\x20-\x7e]+$/);
    expect([JSON.parse(note).text, JSON.parse(error).message.split('\n  ')[0]]).toEqual([
      `${name}: note`,
      `${name}: truncated.`,
    ]);
  });

  test('with --json every line of standard output is one object, including errors', async () => {
    const { host, text } = fakeHost({
      train: async (_config, _mode, hooks) => {
        hooks.onNote?.('two\nlines');
        throw new DataError('no.');
      },
    });
    expect(await main(['--json'], host)).toBe(2);
    const events = text.stdout.trimEnd().split('\n');
    expect(events.map((line) => JSON.parse(line).event)).toEqual(['adapter', 'config', 'note', 'error']);
  });

  test('prints version, help and adapters, and refuses an unknown command', async () => {
    for (const [argv, expected] of [
      [['--version'], /^1\.2\.3\n$/],
      [['help'], /^oecl learns/],
      [['help', 'train'], /--temperature/],
      [['train', '--help'], /Examples:/],
      [['doctor', '-h'], /oecl doctor/],
      [['serve', '-h'], /--port N[\s\S]*dist\/web/],
      [['--help'], /Examples:/],
      [['--list-adapters'], /llvmpipe/],
      [['doctor'], /all is well/],
    ] as const) {
      const { host, text } = fakeHost();
      expect(await main(argv, host), argv.join(' ')).toBe(0);
      expect(text.stdout).toMatch(expected);
    }
    const { host, text } = fakeHost();
    expect(await main(['trian'], host)).toBe(2);
    expect(text.stderr).toMatch(/trian: there is no such command[\s\S]*Remedy: oecl train/);
    expect(await main(['toString'], host)).toBe(2);
  });

  test('serve prints its address and that nothing leaves the machine, and exits with 0 when stopped', async () => {
    const { host, text } = fakeHost({}, AbortSignal.abort());
    expect(await main(['serve', '--port', '0'], host)).toBe(0);
    expect(text.stdout).toMatch(/^The page is at http:\/\/127\.0\.0\.1:0\/\n[\s\S]*nothing leaves[\s\S]*Ctrl-C/);
    expect(await main(['serve', '--port', '99999'], host)).toBe(2);
    expect(await main(['serve', '--prot', '1'], host)).toBe(2);
    expect(text.stderr).toMatch(/expected a whole number from 0 to 65535[\s\S]*--port; oecl help serve lists them/);
  });

  test('--resume without a stored run exits with 2', async () => {
    const { host, text } = fakeHost();
    expect(await main(['--resume'], host)).toBe(2);
    expect(text.stderr).toMatch(/finds no run there/);
  });

  test('--resume continues where the run started unless --in says otherwise', async () => {
    const stored = resolveConfig({ where: 'chrome' }, software);
    for (const [more, place] of [
      [[], 'chrome'],
      [['--in', 'node'], 'node'],
    ] as const) {
      const places: string[] = [];
      const { host, text } = fakeHost({
        files: {
          ...fakeHost().host.services.files,
          exists: async () => true,
          readFile: async () => new TextEncoder().encode(configJson(stored)),
        },
        describeAdapter: async (where) => {
          places.push(where);
          return { vendor: '', architecture: '', device: '', description: '', isSoftware: true };
        },
        train: async (config) => {
          places.push(config.where);
          return { interrupted: false, results: [], summary: null, folder: config.out };
        },
      });
      expect([await main(['--resume', ...more], host), text.stderr]).toEqual([0, '']);
      expect(places).toEqual([place, place]);
    }
  });
});

describe('Progress', () => {
  function record(isTerminal: boolean) {
    let time = 0;
    let text = '';
    const output = textOutput({ write: (part: string) => (text += part), isTTY: isTerminal, columns: 200 });
    return { progress: new Progress(output, () => time), advance: (ms: number) => (time += ms), text: () => text };
  }

  test('a terminal shows one line with rate and remaining time, erased at the end', () => {
    const { progress, advance, text } = record(true);
    progress.begin('train', 100, 'images', { perUnit: 64 });
    for (let step = 1; step <= 25; step++) {
      advance(200);
      progress.update(step, 'loss 1.5');
    }
    expect(text()).toContain('25 %  320 images/s  loss 1.5  15 s left');
    expect(text()).not.toContain('\n');
    progress.end();
    expect(text().endsWith('\r\x1b[2K')).toBe(true);
  });

  test('the file being read is shown within the line and cannot erase it', () => {
    const { progress, text } = record(true);
    progress.begin('load', 2, 'images');
    progress.update(1, 'dir\n\x1b[2J');
    expect(text().split('\r\x1b[2K')).toEqual(['', expect.stringMatching(/^load.*dir\\u000a\\u001b\[2J$/)]);
  });

  test('a log gets a plain line every five seconds and the final state', () => {
    const { progress, advance, text } = record(false);
    progress.begin('score', 60, 'images');
    for (let step = 1; step <= 60; step++) {
      advance(200);
      progress.update(step);
    }
    progress.end();
    expect(text().trimEnd().split('\n')).toHaveLength(3);
    expect(text()).toContain('100 %');
    expect(text()).not.toContain('\x1b');
  });
});

test('nearestName finds typos and prefixes, and nothing when no name is close', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('ab', 'ba')).toBe(1);
  expect(nearestName('epoch', ['epochs', 'batch'])).toBe('epochs');
  expect(nearestName('neutro', ['Monocyte', 'Neutrophil'])).toBe('Neutrophil');
  expect(nearestName('xyz', ['epochs', 'batch'])).toBeUndefined();
  expect(nearestName('a', [])).toBeUndefined();
});
