/** Resuming a run after its images changed is refused with the changes, or continues on request and is recorded. */
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { RunStart } from '../../src/runs/hooks.ts';
import type { StepMetrics } from '../../src/train/stepMetrics.ts';
import { bmpFile, runTiny, tinyConfig, tinyDataset } from '../helpers/tinyRun.ts';

let data: string;
let out: string;
beforeEach(async () => {
  data = await tinyDataset();
  await cp(join(data, 'train', 'disk'), join(data, 'outliers'), { recursive: true });
  out = join(await mkdtemp(join(tmpdir(), 'oecl-changed-')), 'run');
});

const image = bmpFile(20, 18, (x, y) => [x * 12, y * 14, 30]);
const resume = { resume: true };
const accept = { resume: true, acceptChangedData: true };
const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

test('each changed training, outlier and test image is named; once accepted, the run finishes and records it', async () => {
  const config = tinyConfig(data, out, { oe: `folder:${data}/outliers` });
  const abort = new AbortController();
  const part = await runTiny(config, {}, { signal: abort.signal, onStep: () => abort.abort() });
  expect(part.interrupted).toBe(true);
  const checkpoint = await readFile(join(out, 'checkpoint.safetensors'));

  const normal = join(data, 'train/stripes');
  await writeFile(join(normal, '3.bmp'), image); // changed
  for (const name of ['0', '1', '2']) await rm(join(normal, `${name}.bmp`)); // 9 images become 6, still one batch
  await rename(join(normal, '8.bmp'), join(normal, 'renamed.bmp')); // does not count as a change
  await rm(join(data, 'outliers/0.bmp'));
  await writeFile(join(data, 'test/disk/more.bmp'), image);
  const changes = [
    'training images: 1 changed (train/stripes/3.bmp), 3 missing (train/stripes/0.bmp, train/stripes/1.bmp, train/stripes/2.bmp)',
    'outlier-exposure images: 1 missing (0.bmp)',
    'test images: 1 new (test/disk/more.bmp)',
  ];
  await expect(runTiny(config, resume)).rejects.toMatchObject({
    name: 'ChangedDataError',
    exitCode: 2,
    details: changes,
    remedy: expect.stringContaining('--accept-changed-data'),
  });
  expect(await readFile(join(out, 'checkpoint.safetensors'))).toEqual(checkpoint);

  const starts: RunStart[] = [];
  const steps: StepMetrics[] = [];
  const again = new AbortController();
  const hooks = { onStart: (start: RunStart) => starts.push(start), onStep: (line: StepMetrics) => steps.push(line) };
  const onStep = (line: StepMetrics) => {
    steps.push(line);
    again.abort();
  };
  expect((await runTiny(config, accept, { ...hooks, onStep, signal: again.signal })).interrupted).toBe(true);
  const { results } = await runTiny(config, resume, hooks); // the images now match the checkpoint
  const [{ doneSteps }] = starts;
  const firstEpoch = Math.floor(doneSteps / 2);
  // the current epoch restarts, now with one step
  expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
    Array.from({ length: 3 - firstEpoch }, (_, i) => [doneSteps + 1 + i, firstEpoch + i]),
  );
  expect(results[0]).toMatchObject({ trainImages: 6, steps: doneSteps + 3 - firstEpoch, oeImages: 4 });
  expect(results[0].changedData).toEqual([`resumed after step ${doneSteps} with other ${changes.join('; ')}`]);
  expect((await readJson(join(out, 'result.json'))).changedData).toEqual(results[0].changedData);
  expect(await readFile(join(out, 'report.html'), 'utf8')).toContain(`resumed after step ${doneSteps} with other`);
});

test('with --normal all, a class finished before the change is also refused, or named in the summary', async () => {
  const config = tinyConfig(data, out, { normal: 'all', epochs: 1 });
  const abort = new AbortController();
  const onStart = ({ run }: RunStart) => run === 2 && abort.abort();
  expect(await runTiny(config, {}, { signal: abort.signal, onStart })).toMatchObject({ interrupted: true });
  await rm(join(data, 'train/disk/0.bmp'));
  await expect(runTiny(config, resume)).rejects.toMatchObject({
    message: expect.stringMatching(/run\/disk: the images are not those[\s\S]*1 missing \(train\/disk\/0\.bmp\)/),
  });
  const { summary, results } = await runTiny(config, accept);
  expect(summary!.changedData).toEqual([
    `${out}/disk: finished before these changes: training images: 1 missing (train/disk/0.bmp)`,
  ]);
  expect((await readJson(join(out, 'result.json'))).changedData).toEqual(summary!.changedData);
  expect(results.map(({ normal, changedData }) => [normal, changedData])).toEqual([
    ['disk', undefined],
    ['stripes', undefined], // its own images are unchanged
  ]);
});
