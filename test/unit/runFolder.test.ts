import { describe, expect, test } from 'vitest';
import { readCsv } from '../../src/base/csv.ts';
import { resolveConfig } from '../../src/config/config.ts';
import type { FolderClaim } from '../../src/platform/platform.ts';
import { type ScoreTable, summarize, testMetrics, testSetResults } from '../../src/report/result.ts';
import { parseScoresCsv, scoresCsv } from '../../src/report/scoresCsv.ts';
import { parseMetrics } from '../../src/runs/metricsLines.ts';
import { type OpenMode, type RunFiles, RunFolder, readStoredConfig } from '../../src/runs/runFolder.ts';
import type { StepMetrics } from '../../src/train/stepMetrics.ts';

/** Files in memory; `failWith` makes every write fail like a disk error. */
class MemoryFiles implements RunFiles {
  readonly content = new Map<string, Uint8Array>();
  failWith: string | undefined;
  readonly claimed = new Set<string>();
  /** Claims of processes that ended without releasing them. */
  readonly left = new Set<string>();

  async exists(path: string) {
    return this.content.has(path);
  }
  async readFile(path: string) {
    return Uint8Array.from(this.content.get(path)!);
  }
  async writeFileAtomic(path: string, bytes: Uint8Array) {
    this.check(path);
    this.content.set(path, bytes);
  }
  async appendFile(path: string, bytes: Uint8Array) {
    this.check(path);
    this.content.set(path, Uint8Array.from([...(this.content.get(path) ?? []), ...bytes]));
  }
  async removeFile(path: string) {
    this.content.delete(path);
  }
  async removeEmptyFolder() {}
  async claimFolder(path: string): Promise<FolderClaim> {
    this.check(path);
    if (this.claimed.has(path)) return { isOurs: false, owner: 'process 7 on there', remedy: 'wait until it ends' };
    this.claimed.add(path);
    const takenOver = this.left.delete(path) ? 'process 5 on here' : null;
    return { isOurs: true, takenOver };
  }
  async releaseFolder(path: string) {
    this.claimed.delete(path);
  }
  text(path: string) {
    return new TextDecoder().decode(this.content.get(path));
  }
  private check(path: string) {
    if (this.failWith) throw Object.assign(new Error(`${this.failWith}: ${path}`), { code: this.failWith });
  }
}

const config = resolveConfig({ out: 'runs/a' }, { isSoftware: true });
const fresh = { resume: false, force: false };
const resume = { resume: true, force: false };
const force = { resume: false, force: true };
const bytes = Uint8Array.of(1, 2, 3);

const metricsOf = (step: number): StepMetrics => ({
  step,
  epoch: 0,
  loss: 1 / step,
  contrastive: 1,
  penalty: null,
  lambda: 0,
  normNormal: 2,
  normOutlier: null,
  lr: 0.1,
  ms: 5,
});

const scoresOf = (values: readonly number[]): ScoreTable =>
  Object.fromEntries(['norm', 'normEnsemble', 'knn'].map((name) => [name, Float32Array.from(values)]));

/** Opens a folder, reads its state and releases it. */
async function stateOf(files: MemoryFiles, mode: OpenMode): Promise<RunFolder['state']> {
  const folder = await RunFolder.open(files, config, mode);
  await folder.release();
  return folder.state;
}

/** A folder with config.json in it. */
async function begun(files: MemoryFiles): Promise<RunFolder> {
  const folder = await RunFolder.open(files, config, fresh);
  expect([...files.content.keys()]).toEqual([]); // nothing yet: the call may still be refused
  await folder.begin(config);
  await folder.release();
  return folder;
}

test('a new run writes its configuration first', async () => {
  const files = new MemoryFiles();
  const folder = await begun(files);
  expect(folder.state).toBe('new');
  expect(JSON.parse(files.text('runs/a/config.json'))).toEqual(config);
  expect(await readStoredConfig(files, 'runs/a')).toEqual(config);
  const { fit: _fit, sampleBits: _sampleBits, ...older } = config;
  files.content.set('runs/a/config.json', new TextEncoder().encode(JSON.stringify(older)));
  expect(await readStoredConfig(files, 'runs/a'), 'of before these were written').toEqual(config);
});

test('a finished or interrupted run is not replaced without --force', async () => {
  const files = new MemoryFiles();
  const folder = await begun(files);
  expect(await stateOf(files, fresh), 'nothing of value yet').toBe('new');
  await folder.writeCheckpoint(bytes);
  await expect(RunFolder.open(files, config, fresh)).rejects.toThrow(
    /interrupted run[\s\S]*--resume to continue, --force/,
  );
  expect(await stateOf(files, resume)).toBe('resumed');
  await folder.writeResult({} as never);
  await expect(RunFolder.open(files, config, fresh)).rejects.toThrow(/finished run[\s\S]*Remedy: --force to replace/);
  expect(await stateOf(files, resume)).toBe('finished');
  const forced = await RunFolder.open(files, config, force);
  expect(forced.state).toBe('new');
  expect(files.content.has('runs/a/result.json'), 'replaced only when the new run begins').toBe(true);
  await forced.begin(config);
  expect([...files.content.keys()]).toEqual(['runs/a/config.json']);
});

test('--resume without a run is refused', async () => {
  await expect(RunFolder.open(new MemoryFiles(), config, resume)).rejects.toMatchObject({ exitCode: 2 });
  await expect(readStoredConfig(new MemoryFiles(), 'runs/a')).rejects.toThrow(/finds no run/);
});

test('a config.json without required values is refused, and the error names them', async () => {
  const files = new MemoryFiles();
  const { dataset: _, seed: __, ...rest } = config;
  files.content.set('runs/a/config.json', new TextEncoder().encode(JSON.stringify(rest)));
  await expect(readStoredConfig(files, 'runs/a')).rejects.toThrow('runs/a/config.json: it lacks dataset, seed.');
});

test.each(['', '{"width": 4', '[]', 'null'])(
  'a config.json of "%s" is refused as damaged, with its name and a remedy',
  async (text) => {
    const files = new MemoryFiles();
    files.content.set('runs/a/config.json', new TextEncoder().encode(text));
    await expect(readStoredConfig(files, 'runs/a')).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^runs\/a\/config\.json: the file is damaged[\s\S]*Remedy: .*--force/),
    });
  },
);

test('--resume starts a run of several that was never started', async () => {
  const files = new MemoryFiles();
  await begun(files);
  const parent = await RunFolder.open(files, config, resume);
  const paths = parent.childPaths(['a', 'c#', 'c++', 'result.json', 'B', 'b']);
  expect([...paths.values()]).toEqual(
    ['a', 'c~23', 'c~2B~2B', 'result~2Ejson', '~42', 'b'].map((name) => `runs/a/${name}`),
  );
  const own = { ...config, normal: 'a', out: paths.get('a')! };
  const child = await parent.child(own);
  expect(child.state).toBe('new');
  await child.begin(own);
  await child.writeCheckpoint(bytes);
  await child.release();
  expect((await parent.child(own)).state).toBe('resumed');
});

test('metrics are appended, truncated on resume, and an incomplete last line is dropped', async () => {
  const files = new MemoryFiles();
  const folder = await RunFolder.open(files, config, fresh);
  expect(await folder.truncateMetrics(0)).toEqual([]);
  for (let step = 1; step <= 3; step++) folder.addMetrics(metricsOf(step));
  await folder.writeCheckpoint(bytes); // flushes first
  folder.addMetrics(metricsOf(4));
  await folder.flushMetrics();
  await folder.flushMetrics();
  expect(parseMetrics(files.text('runs/a/metrics.jsonl')).metrics).toEqual([1, 2, 3, 4].map(metricsOf));
  await files.appendFile('runs/a/metrics.jsonl', new TextEncoder().encode('{"step":5,"epo'));
  expect(await folder.truncateMetrics(3)).toEqual([1, 2, 3].map(metricsOf));
  expect(files.text('runs/a/metrics.jsonl').split('\n')).toHaveLength(4);
});

describe('a damaged line of metrics.jsonl', () => {
  const line = (step: number) => JSON.stringify(metricsOf(step));
  async function resumed(lines: readonly string[], lastStep: number) {
    const files = new MemoryFiles();
    const notes: string[] = [];
    files.content.set('runs/a/metrics.jsonl', new TextEncoder().encode(lines.map((each) => `${each}\n`).join('')));
    const folder = await RunFolder.open(files, config, fresh, (text) => notes.push(text));
    const kept = await folder.truncateMetrics(lastStep);
    return { steps: kept.map(({ step }) => step), notes, text: files.text('runs/a/metrics.jsonl') };
  }

  test.each(['', '{"step":3,"lo', 'null', '[]', '{"step":"3"}', line(5), line(3).replace('"loss":', '"loss":{},"x":')])(
    'is cut off with a note after the steps of the checkpoint, and refused with file and line before (%j)',
    async (broken) => {
      const lines = [line(1), line(2), broken, line(4)];
      expect(await resumed(lines, 2)).toEqual({
        steps: [1, 2],
        notes: ['runs/a/metrics.jsonl:3: the line is damaged; the file is cut back to step 2 of the checkpoint'],
        text: `${line(1)}\n${line(2)}\n`,
      });
      await expect(resumed(lines, 4)).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(
          /^runs\/a\/metrics\.jsonl:3: the line is damaged, and the checkpoint has seen 4 steps[\s\S]*Remedy: a copy/,
        ),
      });
    },
  );

  test('missing steps before the checkpoint are refused', async () => {
    await expect(resumed([line(1)], 2)).rejects.toThrow(/metrics\.jsonl: it ends after step 1, and the checkpoint has/);
    await expect(resumed([], 1)).rejects.toThrow(/it ends after step 0/);
  });
});

describe('one run at a time', () => {
  test('a folder held by another process exits with 2 and names the process; afterwards it is free', async () => {
    const files = new MemoryFiles();
    const first = await RunFolder.open(files, config, fresh);
    for (const mode of [fresh, force]) {
      await expect(RunFolder.open(files, config, mode)).rejects.toMatchObject({
        exitCode: 2,
        message: 'runs/a: another run writes to it.\n  by process 7 on there\n  Remedy: wait until it ends',
      });
    }
    await first.begin(config);
    await expect(RunFolder.open(files, config, resume), 'before it is told what is in it').rejects.toThrow(
      /another run/,
    );
    await first.discard();
    expect(await stateOf(files, resume)).toBe('new');
    expect([...files.claimed]).toEqual([]);
  });

  test('a refused call releases the folder; a finished run is read without a claim', async () => {
    const files = new MemoryFiles();
    const folder = await RunFolder.open(files, config, fresh);
    await folder.begin(config);
    await folder.writeResult({} as never);
    expect((await RunFolder.open(files, config, resume)).state).toBe('finished');
    await folder.release();
    await expect(RunFolder.open(files, config, fresh)).rejects.toThrow(/finished run/);
    expect([...files.claimed]).toEqual([]);
  });

  test('a lock left by a dead process is taken over with a note', async () => {
    const files = new MemoryFiles();
    files.left.add('runs/a');
    const notes: string[] = [];
    await RunFolder.open(files, config, fresh, (text) => notes.push(text));
    expect(notes).toEqual([expect.stringMatching(/^runs\/a: process 5 on here ended without releasing it/)]);
  });
});

test('an unwritable folder exits with 2 before anything else happens', async () => {
  const files = new MemoryFiles();
  files.failWith = 'EACCES';
  const failure = RunFolder.open(files, config, fresh);
  await expect(failure).rejects.toMatchObject({ exitCode: 2 });
  await expect(failure).rejects.toThrow(/runs\/a: it cannot be written to[\s\S]*EACCES[\s\S]*--out/);
});

test('a full disk exits with 1, names the file and a remedy, and leaves earlier files intact', async () => {
  const files = new MemoryFiles();
  const folder = await RunFolder.open(files, config, fresh);
  await folder.writeCheckpoint(bytes);
  files.failWith = 'ENOSPC';
  const failure = folder.writeCheckpoint(Uint8Array.of(9));
  await expect(failure).rejects.toMatchObject({ exitCode: 1 });
  await expect(failure).rejects.toThrow(
    /checkpoint.safetensors: the disk is full[\s\S]*Remedy: free some space.*--resume/,
  );
  expect(files.content.get('runs/a/checkpoint.safetensors')).toEqual(bytes);
  folder.addMetrics(metricsOf(1));
  await expect(folder.flushMetrics()).rejects.toThrow(/disk is full/);
  files.failWith = undefined;
  await folder.flushMetrics(); // nothing was lost
  expect(await folder.truncateMetrics(1)).toHaveLength(1);
});

test('scores.csv has quoted names, all digits of an f32, label and class', () => {
  const images = [
    { path: 'a,"b".png', className: 'c', isNormal: true },
    { path: 'd.png', className: 'e', isNormal: false },
  ];
  expect(scoresCsv(images, scoresOf([0.1, 2])).split('\n')).toEqual([
    'image,class,label,norm,normEnsemble,knn',
    '"a,""b"".png",c,normal,0.100000001,0.100000001,0.100000001',
    'd.png,e,outlier,2,2,2',
    '',
  ]);
});

test('scores.csv prefixes spreadsheet formulas with an apostrophe, and reading restores them', () => {
  const names = [
    '=1+1.png',
    '+ve',
    '-ve',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    "'=1",
    "''-",
    "'plain'",
    '\uff1d1',
    'a=1',
    '',
    'x;=1',
  ];
  const images = names.map((name) => ({ path: name, className: name, isNormal: false }));
  const text = scoresCsv(images, scoresOf(names.map(() => 1)));
  const fields = text
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(',')[0]);
  expect(fields).toEqual([
    ...[
      "'=1+1.png",
      "'+ve",
      "'-ve",
      "'@SUM(A1)",
      `"'\t=1"`,
      `"'\r=1"`,
      "''=1",
      "'''-",
      "'plain'",
      "'\uff1d1",
      'a=1',
      '',
    ],
    '"x;=1"',
  ]);
  const read = parseScoresCsv(text, 'scores.csv');
  expect(read.map(({ path }) => path)).toEqual(names);
  expect(read.map(({ className }) => className)).toEqual(names);
  expect(parseScoresCsv(text.replaceAll('\n', '\r\n'), 'scores.csv'), 'saved again by a spreadsheet').toEqual(read);
});

test('parseScoresCsv reads what scoresCsv wrote', () => {
  const images = [
    { path: 'a,"b"\n.png', className: '', isNormal: true },
    { path: 'd.png', className: 'e f', isNormal: false },
    { path: '"', className: '"",', isNormal: false },
  ];
  const scores = scoresOf([0.125, 2, 0.75]);
  const read = parseScoresCsv(scoresCsv(images, scores), 'scores.csv');
  expect(read.map(({ path, className, isNormal }) => ({ path, className, isNormal }))).toEqual(images);
  expect(read.map(({ scores: { norm } }) => norm)).toEqual([0.125, 2, 0.75]);
  expect(parseScoresCsv(scoresCsv([], scoresOf([])), 'scores.csv')).toEqual([]);
  const earlier = 'image,class,label,norm,normEnsemble,normOfMean,meanSquaredNorm\na.png,c,normal,1,2,3,4\n';
  expect(parseScoresCsv(earlier, 'x.csv')[0].scores).toEqual({
    ...{ norm: 1, normEnsemble: 2, normOfMean: 3, meanSquaredNorm: 4 },
  });
  expect(() => parseScoresCsv('a,b\n1,2\n', 'x.csv')).toThrow(/^x\.csv: these are not the scores of a run/);
  expect(() => parseScoresCsv(`${scoresCsv(images, scores)}torn,line\n`, 'x.csv')).toThrow(/^x\.csv/);
});

test('readCsv keeps every character of a file with misplaced quotes', () => {
  expect(readCsv('a"b,c\n"d"\n')).toEqual([['a"b', 'c'], ['d']]);
});

test('testMetrics and summarize give the fields of result.json', () => {
  const truth = [true, true, false, false];
  const metrics = testMetrics(scoresOf([4, 2, 3, 1]), truth, ['n', 'n', 'x', 'y']);
  expect(metrics.auroc).toEqual({ norm: 0.75, normEnsemble: 0.75, knn: 0.75 });
  expect(metrics.undefinedMetrics).toBeNull();
  expect(testMetrics(scoresOf([1, 2]), [false, false], ['x', 'y'])).toMatchObject({
    apOut: { norm: null, normEnsemble: null, knn: null },
    undefinedMetrics: 'no test image is normal',
  });
  expect(metrics.perOodClass.x.normEnsemble).toBe(0.5);
  expect(metrics.perOodClass.y.normEnsemble).toBe(1);
  const result = (normal: string, values: number[]) =>
    ({ ...config, normal, ...testMetrics(scoresOf(values), truth, ['n', 'n', 'x', 'y']), synthetic: false }) as never;
  const summary = summarize(
    [
      { result: result('a', [4, 2, 3, 1]), folder: 'runs/a/a' },
      { result: result('b', [4, 3, 2, 1]), folder: 'runs/a/b' },
    ],
    [],
  );
  expect(summary.auroc.norm).toBe(0.875);
  expect(summary.std.auroc.norm).toBeCloseTo(0.125 * Math.SQRT2, 12);
  expect(summary.perNormalClass.b.folder).toBe('runs/a/b');
  expect(summary).not.toHaveProperty('testSets');
});

test('the mean over classes has that of each test set with metrics for every class', () => {
  const truth = [true, true, false, false];
  const sets = [
    { name: 'near', members: [0, 1, 2] },
    { name: 'far', members: [0, 1, 3] },
    { name: 'no outliers', members: [0, 1] },
  ];
  const runOf = (folder: string, norm: number[]) => {
    const [scores, classes] = [{ norm }, ['n', 'n', 'x', 'y']];
    const testSets = testSetResults(sets, scores, truth, classes);
    return { result: { ...config, ...testMetrics(scores, truth, classes), testSets } as never, folder };
  };
  const { testSets } = summarize([runOf('a', [4, 2, 3, 1]), runOf('b', [4, 3, 1, 3.5])], []);
  expect(Object.keys(testSets!)).toEqual(['near', 'far']);
  expect([testSets!.near.auroc.norm, testSets!.far.auroc.norm]).toEqual([0.75, 0.75]);
  expect(testSets!.near.std.auroc.norm).toBeCloseTo(0.25 * Math.SQRT2, 12);
});

test('results of earlier versions have normEnsemble as the main score; without fpr95In, metrics are recomputed from scores.csv', async () => {
  const files = new MemoryFiles();
  const folder = await begun(files);
  const truth = [true, true, true, true, true, false, false, false, false];
  const images = truth.map((isNormal, i) => ({ path: `${i}.png`, className: isNormal ? 'n' : 'x', isNormal }));
  const scores = scoresOf([3, 2, 2, 5, 1, 2, 0, 1, 3]);
  const classes = images.map(({ className }) => className);
  const { fpr95In, apIn, apOut, undefinedMetrics, ...today } = testMetrics(scores, truth, classes);
  const old = { ...today, fpr95: fpr95In, auprIn: apIn, auprOut: apOut, steps: 7 };
  await folder.writeScores(images, scores);
  await folder.writeResult(old as never);
  const main = {
    mainScore: 'normEnsemble',
    mainScoreReason: 'It was the only main score when this run was made.',
  };
  expect(await folder.readResult()).toEqual({ ...today, fpr95In, apIn, apOut, undefinedMetrics, steps: 7, ...main });
  const unnamed = { ...testMetrics(scores, truth, classes), steps: 8 };
  await folder.writeResult(unnamed as never);
  expect(await folder.readResult()).toEqual({ ...unnamed, ...main });
  const marked = { ...unnamed, mainScore: 'knn', mainScoreReason: 'It was chosen with --score.' };
  await folder.writeResult(marked as never);
  expect(await folder.readResult()).toEqual(marked);
});
