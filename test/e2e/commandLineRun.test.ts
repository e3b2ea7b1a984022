/** Training from the command line as a real process: output, exit, limits, interrupts. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTestContext } from '../helpers/adapter.ts';
import { type Ended, expectRefusal, oecl, tinyFolders } from '../helpers/commandLine.ts';
import { tinyDataset } from '../helpers/tinyRun.ts';

const { runs, tiny } = await tinyFolders();
const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

describe('a run', () => {
  test('--json prints one object per line and reports a lowered batch and skipped files; the process exits promptly', async () => {
    const folder = await tinyDataset();
    await writeFile(join(folder, 'train/stripes/bad.jpg'), 'no image');
    const args = [...tiny('json', { data: folder, batch: '64' }), '--json', '--skip-bad'];
    const { code, stdout, stderr, lingered } = await oecl(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(lingered).toBeLessThan(5000);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.every((event) => typeof event.event === 'string' && !Array.isArray(event))).toBe(true);
    const kinds = events.map(({ event }) => event);
    expect([kinds[0], kinds[1], kinds.at(-2), kinds.at(-1)]).toEqual(['adapter', 'config', 'result', 'end']);
    expect(events.filter(({ event }) => event === 'step').map(({ step }) => step)).toEqual([1, 2, 3]);
    const notes = events.filter(({ event }) => event === 'note').map(({ text }) => text);
    expect(notes).toContainEqual(expect.stringMatching(/1 of 15 files cannot be read.*bad\.jpg/));
    expect(notes).toContainEqual(expect.stringContaining('batch 64 lowered to 9'));
    const result = await readJson(join(runs, 'json', 'result.json'));
    expect(events.at(-2)).toMatchObject(result);
    const report = await readFile(join(runs, 'json', 'report.html'), 'utf8');
    expect(report).toContain('1 file could not be read');
    expect(report).toMatch(/train\/stripes\/bad\.jpg: it is not a JPEG, PNG or BMP file/);
  });

  test('text output starts with the adapter and ends with the metrics; a finished run is not replaced without --force', async () => {
    const { code, stdout } = await oecl(tiny('text'));
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^adapter: /);
    expect(stdout).toMatch(/\n {2}normEnsemble +[01]\.\d{3} [\s\S]*The main score is normEnsemble/);
    expect(lines.at(-1)).toContain('report.html');
    const before = await readFile(join(runs, 'text', 'result.json'));
    expectRefusal(await oecl(tiny('text')), 2, /it holds a finished run[\s\S]*Remedy: --force to replace it/);
    const misspelt = [...tiny('text', { normal: 'stripse' }), '--force'];
    expectRefusal(await oecl(misspelt), 2, /stripse/);
    expect(await readFile(join(runs, 'text', 'result.json')), '--force with a wrong call costs nothing').toEqual(
      before,
    );
  });

  test('the README demo needs no files, is labeled synthetic throughout, and separates its cells', async () => {
    // 84 steps of the preset; the bound is the documented one; five runs of 112 steps, seeds 0 to 2, ended above 0.94
    const out = join(runs, 'demo');
    const { code, stdout, stderr } = await oecl(['--dataset', 'demo', '--preset', 'tiny', '--out', out]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\nSynthetic data\. Test: 40 images of Eosinophil, 160/)]);
    expect(stderr).toContain('(synthetic images)');
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('Synthetic images');
    const { auroc, testImages, synthetic } = await readJson(join(out, 'result.json'));
    expect([testImages, synthetic]).toEqual([{ in: 40, out: 160 }, true]);
    expect(auroc.normEnsemble).toBeGreaterThan(0.85);
  }, 400_000);

  test('a tensor over the binding limit exits with 1, its size and the batch that would fit', async ({ skip }) => {
    const context = await openTestContext();
    const limit = Math.min(context.limits.maxStorageBufferBindingSize, context.limits.maxBufferSize);
    await context.close();
    skip(limit > 2 ** 30, 'this adapter allows more than 1 GiB in one binding');
    const many = await tinyDataset({ stripes: 72, disk: 1 });
    const wide = {
      arch: 'resnet10',
      size: '256',
      width: '128',
      batch: '72',
      data: many,
      method: 'simclr',
      oe: undefined,
    };
    const ended = await oecl(tiny('wide', wide));
    expectRefusal(
      ended,
      1,
      /a tensor \[144, \d+, 128, 128\] f32 needs \d+ MiB in one binding, this adapter allows \d+ MiB\.\n.*maxStorage[\s\S]*Remedy: --batch \d+ or less \(now 72; an image gives 2 views\)/,
    );
    const fitting = Number(/--batch (\d+) or less/.exec(ended.stderr)![1]);
    expect(fitting).toBe(Math.floor((72 * limit) / (144 * 128 * 128 * 128 * 4)));
    expect(existsSync(join(runs, 'wide'))).toBe(false);
  });

  test('a disk too small for a checkpoint exits with 1, the file and a remedy; files written earlier are intact', async ({
    skip,
  }) => {
    skip(spawnSync('unshare', ['-rm', 'true']).status !== 0, 'this system lets nobody mount a small disk');
    // a disk that lives as long as this process: config.json fits on it, a checkpoint does not
    const disk = join(runs, 'disk');
    await mkdir(disk);
    const mounted = 'mount -t tmpfs -o size=64k none "$0" && { "$@"; code=$?; ls "$0/run" > "$0.list"; exit $code; }';
    const through = ['unshare', '-rm', 'sh', '-c', mounted, disk];
    const ended = await oecl(tiny('', { out: join(disk, 'run') }), { through });
    expectRefusal(
      ended,
      1,
      /checkpoint\.safetensors: the disk is full[\s\S]*files written earlier are intact[\s\S]*--resume/,
    );
    expect(await readFile(`${disk}.list`, 'utf8')).toBe('config.json\nmetrics.jsonl\n');
  });
});

describe('interrupted', () => {
  const long = (out: string, more = {}) => tiny(out, { epochs: '30', 'checkpoint-every': '1000', ...more });

  /** Starts a run that reports in JSON and applies an action at its first step. */
  function atFirstStep(out: string, action: (child: ChildProcess) => void): Promise<Ended> {
    let isDone = false;
    return oecl([...long(out), '--json'], {
      onLine(line, child) {
        if (isDone || JSON.parse(line).event !== 'step') return;
        isDone = true;
        action(child);
      },
    });
  }
  const interrupt = (out: string, signal: NodeJS.Signals = 'SIGINT') => atFirstStep(out, (child) => child.kill(signal));

  test('Ctrl-C exits with 130 and a checkpoint; --resume ends in the weights of an uninterrupted, optimized run', async () => {
    const { code, stdout, stderr } = await interrupt('parts');
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted: stopping at the next safe point/);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ event: 'end', interrupted: true });
    const left = ['checkpoint.safetensors', 'config.json', 'metrics.jsonl'];
    expect((await readdir(join(runs, 'parts'))).sort()).toEqual(left);
    expectRefusal(await oecl(long('parts')), 2, /it holds an interrupted run[\s\S]*--resume to continue/);

    const rest = await oecl([...long('parts'), '--resume', '--json']);
    expect(rest.code).toBe(0);
    const events = rest.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.find(({ event }) => event === 'start').doneSteps).toBeGreaterThan(0);
    // compiled as for users: on lavapipe optimized and, where the processor has vectors of 8 lanes, with subgroups of 8
    const asForUsers = { GALLIVM_PERF: undefined, LP_NATIVE_VECTOR_WIDTH: undefined };
    expect(await oecl(long('whole'), { env: asForUsers })).toMatchObject({ code: 0 });
    const [parts, whole] = await Promise.all(
      ['parts', 'whole'].map((name) => readJson(join(runs, name, 'result.json'))),
    );
    expect(parts.weightsSha256).toBe(whole.weightsSha256);

    const again = await oecl([...long('parts'), '--resume']);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('this run is finished');
  });

  test('while images are generated, before the first step, exits with 130 promptly and leaves nothing', async () => {
    const demo = { dataset: 'demo', data: undefined, normal: undefined, oe: 'dead-leaves', size: '224' };
    const { code, stderr } = await oecl([...long('early', demo), '--json'], {
      onLine: (line, child) => void (JSON.parse(line).event === 'config' && child.kill('SIGTERM')),
    });
    expect(stderr).toMatch(/interrupted while demo train was drawn, before the first step/);
    expect(code).toBe(130);
    expect(existsSync(join(runs, 'early'))).toBe(false);
  });

  test('a closed output pipe acts like Ctrl-C', async () => {
    const { code, stderr } = await atFirstStep('pipe', (child) => child.stdout!.destroy());
    expect(code).toBe(130);
    expect(stderr).not.toMatch(/EPIPE|^ +at /m);
    expect(existsSync(join(runs, 'pipe', 'checkpoint.safetensors'))).toBe(true);
  });

  test('a closed terminal exits with 130 and a checkpoint; one of another architecture exits with 2 and is kept', async () => {
    expect(await interrupt('narrow', 'SIGHUP')).toMatchObject({ code: 130 });
    expect(existsSync(join(runs, 'narrow', 'checkpoint.safetensors'))).toBe(true);
    expectRefusal(
      await oecl([...long('narrow', { width: '8' }), '--resume']),
      2,
      /--resume: the stored run has other values[\s\S]*--width 4, not 8/,
    );
    const config = await readJson(join(runs, 'narrow', 'config.json'));
    await writeFile(join(runs, 'narrow', 'config.json'), JSON.stringify({ ...config, width: 8 }));
    const checkpoint = join(runs, 'narrow', 'checkpoint.safetensors');
    const before = await readFile(checkpoint);
    expectRefusal(
      await oecl(['--out', join(runs, 'narrow'), '--resume']),
      2,
      /checkpoint\.safetensors: it was written by .* another architecture[\s\S]*the arch, width and size/,
    );
    expect(await readFile(checkpoint)).toEqual(before);
  });
});
