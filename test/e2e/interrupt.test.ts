/** Ctrl-C outside the training steps: while images are read, and while they are scored. */
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InterruptedError } from '../../src/base/errors.ts';
import { RunFolder } from '../../src/runs/runFolder.ts';
import { runTiny, testFiles, tinyConfig, tinyDataset } from '../helpers/tinyRun.ts';

test.each([
  ['images are read', 'folder train', /while folder (train|test) was read, before the first step/],
  ['the step is compiled', 'dead leaves', /while the training step was compiled, before the first step/],
])('while %s, a run stops immediately and leaves nothing', async (_, loading, message) => {
  const out = join(await mkdtemp(join(tmpdir(), 'oecl-runs-')), 'deep', 'run');
  const abort = new AbortController();
  const attempt = runTiny(
    tinyConfig(await tinyDataset(), out),
    {},
    { signal: abort.signal, onLoad: (what, done, total) => what === loading && done === total && abort.abort() },
  );
  await expect(attempt).rejects.toThrow(InterruptedError);
  await expect(attempt).rejects.toMatchObject({ exitCode: 130, message: expect.stringMatching(message) });
  expect(existsSync(join(out, '..'))).toBe(false);
});

test('while images are scored, the trained weights are kept, and --resume only scores', async () => {
  const data = await tinyDataset();
  const config = tinyConfig(data, join(await mkdtemp(join(tmpdir(), 'oecl-runs-')), 'run'), {
    oe: `folder:${data}/train/disk`,
  });
  const abort = new AbortController();
  const other = await RunFolder.open(testFiles(), config, { resume: false, force: false });
  await expect(runTiny(config), 'while another run has the folder').rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(`another run writes to it.\n  by this process, ${process.pid}, since`),
  });
  await other.discard();
  const hooks = { signal: abort.signal, onEvaluate: () => abort.abort() };
  expect(await runTiny(config, {}, hooks)).toMatchObject({ interrupted: true, results: [] });
  expect(existsSync(join(config.out, '.lock'))).toBe(false);
  expect(existsSync(join(config.out, 'result.json'))).toBe(false);
  let steps = 0;
  const { interrupted, results } = await runTiny(config, { resume: true }, { onStep: () => steps++ });
  expect([interrupted, results.length, steps]).toEqual([false, 1, 0]);
});
