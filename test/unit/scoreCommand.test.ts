/** `oecl score` over a fake library: its formats, verdicts, exit codes, and what it refuses. */
import { expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import type { CliHost } from '../../src/cli/command.ts';
import { main } from '../../src/cli/dispatch.ts';
import type { ImageScores, ScoreOptions, ScoreOutcome } from '../../src/library/types.ts';
import { NORM_THRESHOLD, scoredModel } from '../helpers/scoredModel.ts';

const imageOf = (image: string, value: number) =>
  ({
    image,
    norm: value,
    normEnsemble: value * 2,
    normOfMean: value,
    meanSquaredNorm: value * value,
  }) as unknown as ImageScores;

const PARTS: ScoreOutcome[] = [
  { interrupted: false, scores: [], skipped: [{ file: 'in/bad.png', reason: 'it is damaged' }], notes: ['a note'] },
  { interrupted: false, scores: [imageOf('in/a.png', 1.25)], skipped: [], notes: [] },
  { interrupted: false, scores: [imageOf('in/b,\n.png', 0.5), imageOf('=c.png', 3)], skipped: [], notes: [] },
];

async function run(args: string, { parts = PARTS, thresholds = true, failWith = null as Error | null } = {}) {
  const text = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (part: string) => void (text[name] += part),
    redraw: () => {},
    isTerminal: false,
    columns: 80,
  });
  const calls: { images: string[]; options: ScoreOptions }[] = [];
  const services = {
    describeAdapter: async () => ({}),
    loadModel: async () => scoredModel(thresholds),
    async *scoreEach(_: unknown, images: Iterable<string>, options: ScoreOptions) {
      calls.push({ images: [...images], options });
      if (failWith) throw failWith;
      let done = 0;
      options.onProgress?.(0, 3);
      for (const part of parts) {
        options.onProgress?.((done += part.scores.length), 3);
        yield part;
      }
    },
  };
  const [stdout, stderr] = [output('stdout'), output('stderr')];
  const signal = new AbortController().signal;
  const host = { stdout, stderr, signal, debug: false, version: '1', services } as unknown as CliHost;
  return { code: await main(['score', ...args.split(' ')], host), ...text, calls };
}

test('prints a table with verdicts at the run threshold; notes, skipped files and totals go to standard error', async () => {
  const { code, stdout, stderr, calls } = await run('runs/a in =c.png --skip-bad --adapter llvm');
  expect(code).toBe(0);
  expect(stdout.split('\n')).toEqual([
    '          norm  verdict  image',
    '       1.25000  normal   in/a.png',
    '      0.500000  outlier  in/b,\\u000a.png',
    '       3.00000  normal   =c.png',
    '',
  ]);
  expect(calls[0].images).toEqual(['in', '=c.png']);
  expect(calls[0].options).toMatchObject({ skipBad: true, adapter: 'llvm' });
  expect(stderr).toContain('note: a note\nskipped in/bad.png: it is damaged\n');
  expect(stderr).toContain(
    `3 images scored; 1 called outlier (norm below ${NORM_THRESHOLD}, below which 5 % or less of the run's 20 normal test images lie); 1 skipped\n`,
  );
});

test('csv and jsonl print all scores and nothing else to standard output', async () => {
  const csv = await run('m in --format csv --quiet --score normEnsemble --threshold 2');
  expect(csv.stdout).toBe(
    'image,norm,normEnsemble,normOfMean,meanSquaredNorm,verdict\n' +
      'in/a.png,1.25,2.5,1.25,1.5625,normal\n"in/b,\n.png",0.5,1,0.5,0.25,outlier\n' +
      "'=c.png,3,6,3,9,normal\n",
  );
  expect(csv.stderr).toBe('');
  const jsonl = await run('m in --format jsonl --threshold 2');
  const lines = jsonl.stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    PARTS.flatMap(({ scores }) => scores).map(({ image, ...scores }) => ({
      ...{ image, scores, verdict: scores.norm < 2 ? 'outlier' : 'normal' },
    })),
  );
});

test('exits with 3 for an outlier on request, 0 without one, 130 when interrupted, 2 for unreadable files', async () => {
  expect((await run('m in --fail-on-outlier')).code).toBe(3);
  expect((await run('m in --fail-on-outlier --threshold -1')).code).toBe(0);
  expect((await run('m in')).code).toBe(0);
  const stopped = [PARTS[1], { interrupted: true, scores: [], skipped: [], notes: [] }];
  const interrupted = await run('m in --fail-on-outlier --threshold 9', { parts: stopped });
  expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringContaining('1 of 3 images are scored') });
  expect((await run('m in', { failWith: new DataError('in/bad.png: it is damaged.') })).code).toBe(2);
});

test('a model without thresholds has no verdict column, and --fail-on-outlier asks for --threshold', async () => {
  const { stdout, stderr } = await run('m in', { thresholds: false });
  expect(stdout).toMatch(/^ +norm {2}image\n/);
  expect(stderr).not.toContain('outlier');
  const refused = await run('m in --fail-on-outlier', { thresholds: false });
  expect(refused).toMatchObject({ code: 2, calls: [] });
  expect(refused.stderr).toMatch(/has no threshold of norm[\s\S]*Remedy: --threshold X/);
});

test('a score that the model cannot give, unknown names and missing images are refused', async () => {
  const refused = await run('m in --score knn');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/which knn compares with[\s\S]*--score with one of norm, normEnsemble/);
  expect((await run('m in --score kn')).stderr).toContain('Remedy: --score knn');
  expect((await run('m')).code).toBe(2);
  expect((await run('m in --formt csv')).code).toBe(2);
});
