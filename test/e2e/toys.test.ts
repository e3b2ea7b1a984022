/**
 * A new method, score, data set, protocol and command are one file and one line each: toys of all five (test/helpers/toys)
 * are bundled without other changes to src/, and appear everywhere that lists such things.
 */
import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { oecl } from '../helpers/commandLine.ts';

/** Where each table gets its line. */
const LINES = [
  { table: 'src/methods/table.ts', at: 'const TABLE = [', name: 'toyMethod', file: 'method.ts' },
  { table: 'src/scores/table.ts', at: 'SCORES: readonly Score[] = [', name: 'toyScore', file: 'score.ts' },
  { table: 'src/data/datasets/table.ts', at: 'const TABLE = [', name: 'toyDataset', file: 'dataset.ts' },
  { table: 'src/protocols/table.ts', at: 'const TABLE = [', name: 'toyProtocol', file: 'protocol.ts' },
  { table: 'src/cli/table.ts', at: 'COMMANDS: readonly Command[] = [', name: 'toyCommand', file: 'command.ts' },
];

/** Inside the repository, so that packages are found. */
const outdir = resolve('dist/toys');
const script = join(outdir, 'train.js');

beforeAll(async () => {
  await build({
    entryPoints: { train: 'src/cli/main.ts', form: 'src/web/page/logic/choices.ts' },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    loader: { '.wgsl': 'text' },
    external: ['webgpu', 'koffi', '@sparticuz/chromium'],
    logLevel: 'error',
    plugins: [
      {
        name: 'toys',
        setup({ onLoad }) {
          for (const { table, at, name, file } of LINES) {
            onLoad({ filter: new RegExp(`[\\\\/]${table.replaceAll('/', '[\\\\/]')}$`) }, async ({ path }) => {
              const text = await readFile(path, 'utf8');
              expect(text.split(at), `${table}: one place for the line`).toHaveLength(2);
              const toy = JSON.stringify(resolve('test/helpers/toys', file));
              return {
                contents: `import { ${name} } from ${toy};\n${text.replace(at, `${at}${name}, `)}`,
                loader: 'ts',
              };
            });
          }
        },
      },
    ],
  });
});

const run = (...args: string[]) => oecl(args, { script });

test('the help lists all five', async () => {
  const { stdout } = await run('help', 'train');
  for (const words of [
    /^ +toy-set +the summary of the toy set$/m,
    /--dataset NAME +toy-set, /,
    /--toy-weight X .*\[0.25\]/,
  ])
    expect(stdout).toMatch(words);
  const inOneLine = stdout.replace(/\s+/g, ' ');
  expect(inOneLine).toContain('toy-method The summary of the toy method.');
  expect(inOneLine).toContain('toy-protocol, the first class of the toy set');
  expect(inOneLine).toContain('--score NAME toyScore, ');
  expect((await run('help')).stdout).toMatch(/^ +oecl toy +the summary of the toy command$/m);
  expect((await run('toy', '--help')).stdout).toMatch(
    /^oecl toy THINGS\.\.\. \[options\]\n\nWhat the toy command does/,
  );
});

test('the command runs, with its arguments checked like those of the others', async () => {
  expect(await run('toy', 'a', 'b', '--toy-times', '3')).toMatchObject({ code: 0, stdout: 'a+b x 3\n' });
  expect(await run('toy')).toMatchObject({ code: 2, stderr: expect.stringContaining('THINGS is missing') });
  expect(await run('toy', 'a', '--toy-time', '3')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--toy-times'),
  });
});

test("the page's form shows the method's option and the data set", async () => {
  const form = (await import(
    /* @vite-ignore */ join(outdir, 'form.js')
  )) as typeof import('../../src/web/page/logic/choices.ts');
  const method = 'toy-method' as 'oecl';
  expect(form.fieldsOf(method).map(({ field }) => field!.label)).toContain('Toy weight');
  expect(form.fieldsOf('oecl').map(({ field }) => field!.label)).not.toContain('Toy weight');
  expect(form.GENERATED.map(({ title }) => title)).toContain('Toy set');
  const choices = { ...form.firstChoices('tiny'), method, source: 'toy-set' as 'demo', normal: 'dark' };
  expect(form.defaultOf('toyWeight', choices)).toBe(0.25);
  expect(form.titleOf(method)).toBe('Toy method');
  expect(form.trainOptions({ ...choices, options: { toyWeight: 2 } }, null, [])).toMatchObject({
    dataset: 'toy-set',
    toyWeight: 2,
  });
});

describe('a run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oecl-toys-'));
  let printed = '';
  const textOf = (name: string) => readFile(join(folder, name), 'utf8');

  beforeAll(async () => {
    const toys = ['--dataset', 'toy-set', '--protocol', 'toy-protocol', '--method', 'toy-method'];
    const adapter = process.env.OECL_TEST_ADAPTER ? ['--adapter', process.env.OECL_TEST_ADAPTER] : [];
    const { code, stdout, stderr } = await run(
      'train',
      ...toys,
      ...adapter,
      '--preset',
      'tiny',
      '--out',
      folder,
      '--quiet',
      '--force',
    );
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    printed = stdout;
  });

  test('config.json has the method’s option, its recipe and the recipe of the data set, and no option of another method', async () => {
    const config = JSON.parse(await textOf('config.json'));
    expect(config).toMatchObject({ dataset: 'toy-set', protocol: 'toy-protocol', method: 'toy-method', normal: 'all' });
    expect(config).toMatchObject({ toyWeight: 0.25, weightDecay: 0.125, width: 4, epochs: 3 });
    expect(config).not.toHaveProperty('temperature');
  });

  test('each of the protocol’s test sets has results of its own, printed and in the report', async () => {
    const { testSets, testImages } = JSON.parse(await textOf('result.json'));
    expect(Object.keys(testSets)).toEqual(['the even ones', 'the odd ones']);
    const [even, odd] = Object.values(testSets) as { testImages: { in: number; out: number } }[];
    expect(even.testImages.in + odd.testImages.in).toBe(testImages.in);
    const rows = (await textOf('scores.csv')).trimEnd().split('\n');
    const at = rows[0].split(',').indexOf('toyScore');
    const column = (name: string) => rows[0].split(',').indexOf(name);
    const halves = [0, 1].map((rest) =>
      rows
        .slice(1)
        .map((row) => row.split(','))
        .filter((_, i) => Math.floor(i / 2) % 2 === rest),
    );
    halves.forEach((half, i) => {
      const of = (label: string) => half.filter((row) => row[column('label')] === label).map((row) => Number(row[at]));
      const [normal, outliers] = [of('normal'), of('outlier')];
      expect(normal.length * outliers.length).toBeGreaterThan(0);
      const wins = normal.flatMap((a) => outliers.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
      const auroc = wins.reduce((sum: number, win) => sum + win, 0) / wins.length;
      const [name, set] = Object.entries(testSets)[i] as [string, { auroc: Record<string, number> }];
      expect(set.auroc.toyScore).toBeCloseTo(auroc, 12);
      expect(printed).toContain(`${name.padEnd(15)} ${auroc.toFixed(3)}`);
    });
    expect(await textOf('report.html')).toMatch(/Each test set alone[\s\S]*the even ones[\s\S]*the odd ones/);
  });

  test('metrics.jsonl, result.json, scores.csv and the report contain the terms and scores', async () => {
    const [first] = (await textOf('metrics.jsonl')).split('\n');
    const { loss, toyTerm } = JSON.parse(first);
    expect(loss).toBeCloseTo(0.25 * toyTerm, 5);
    const result = JSON.parse(await textOf('result.json'));
    expect(result).toMatchObject({
      dataset: 'toy-set',
      protocol: 'toy-protocol',
      method: 'toy-method',
      synthetic: true,
    });
    expect(result.mainScore).toBe('toyScore');
    expect(result.auroc.toyScore).toBeCloseTo(result.auroc.norm, 12); // the square of the norm
    expect((await textOf('scores.csv')).split('\n')[0]).toContain('toyScore');
    const report = await textOf('report.html');
    for (const words of [
      'toy-set',
      'The headline of the toy protocol',
      'toy-method',
      'toyScore',
      'toy term',
      '--toy-weight',
    ])
      expect(report, words).toContain(words);
  });
});
