/** A process that stops without a result never exits like a success. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { expectRefusal, start } from '../helpers/commandLine.ts';

test('a run whose SwiftShader process is killed exits with 1', async ({ skip }) => {
  skip(process.platform !== 'linux', 'child processes are found in /proc');
  const env = { VK_DRIVER_FILES: undefined, LD_LIBRARY_PATH: undefined };
  const { child, ended } = start(['--dataset', 'demo', '--adapter', 'swiftshader'], { env });
  const path = `/proc/${child.pid}/task/${child.pid}/children`;
  let grandchild = '';
  while (grandchild === '' && child.exitCode === null) {
    grandchild = (await readFile(path, 'utf8').catch(() => '')).trim();
    await new Promise((done) => setTimeout(done, 20));
  }
  process.kill(Number(grandchild), 'SIGKILL');
  expectRefusal(await ended, 1, /the process that was started for SwiftShader failed: it was ended by SIGKILL/);
});

test.each([
  ['waits for a promise that never settles', 'await new Promise(() => {});', 1, 'lost'],
  ['exits without a result', 'process.exit(0);', 1, 'lost'],
  ['fails with an uncaught error', "throw new Error('oh');", 1, ''],
  ['reports that it is done', 'end.after(0);', 0, ''],
  ['reports that it is done, but is kept alive', 'setInterval(() => {}, 1000); end.after(0);', 0, ''],
  ['ends with the exit code of another', 'end.now(7);', 7, ''],
  ['ends with the success of another', 'end.now(0);', 0, ''],
])('a process that %s has the expected exit code', async (_, body, code, stdout) => {
  const contents = `import { expectEnd } from './src/platform/process.ts';
    const end = expectEnd(() => console.log('lost'));
    ${body}`;
  const folder = await mkdtemp(join(tmpdir(), 'oecl-end-'));
  const outfile = join(folder, 'end.mjs');
  buildSync({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const ended = spawnSync(process.execPath, [outfile], { encoding: 'utf8', timeout: 20_000 });
  expect([ended.status, ended.stdout.trim()]).toEqual([code, stdout]);
});
