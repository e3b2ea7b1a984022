/** The command line as a real process: help, invalid calls, invalid data, no adapter. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/table.ts';
import { bundle, type Ended, expectRefusal, oecl, start, tinyFolders } from '../helpers/commandLine.ts';
import { jpegFile } from '../helpers/encodedImages.ts';
import { flatImage, folderOf } from '../helpers/imageFolders.ts';

const { runs, tiny } = await tinyFolders();

describe('help', () => {
  const calls = COMMANDS.map(({ name }) => (name === 'help' ? ['help'] : [name, '--help']));

  test.each([['--help'], ['-h'], ...calls])('%s %s', async (...args) => {
    const { code, stdout, stderr } = await oecl(args.filter((arg) => arg !== undefined));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^oecl/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('--version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await oecl(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe('information about the machine', () => {
  test('--list-adapters prints one line per adapter', async () => {
    const { code, stdout } = await oecl(['--list-adapters']);
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^adapter: .+ \((hardware|software: .+)\)$/);
  });

  test('doctor prints what it found and its limits', async () => {
    const { code, stdout } = await oecl(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^oecl [\d.]+, Node [\d.]+, .+\n\nhardware .+\nlavapipe .+\nswiftshader .+\n/);
    expect(stdout).toMatch(/\nused +\S[\s\S]*\nmaxStorageBufferBindingSize [\d,]+\n/);
  });
});

describe('serve', () => {
  test('serves dist/web until Ctrl-C and then exits with 0; a port in use exits with 2', async () => {
    let url = '';
    const { child, ended } = start(['serve', '--port', '0'], {
      onLine: (line) => {
        url ||= /^The page is at (http:\/\/127\.0\.0\.1:\d+\/)$/.exec(line)?.[1] ?? '';
      },
    });
    await expect.poll(() => url, { timeout: 20_000 }).not.toBe('');
    const answer = await fetch(`${url}worker.js`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/javascript']);
    expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self'");
    const taken = await oecl(['serve', '--port', new URL(url).port]);
    expectRefusal(taken, 2, /another program uses this port/);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('an invalid call exits with 2 and leaves no files', () => {
  const cifar = (bytes: number) =>
    folderOf({ 'data_batch_1.bin': Buffer.alloc(bytes), 'test_batch.bin': Buffer.alloc(3073) });
  const wholeJpeg = jpegFile(16, 16, { components: 1, blockAt: (bx) => [bx] });
  const broken = { 'train/good/a.jpg': wholeJpeg.subarray(0, -9), 'test/good/b.bmp': flatImage(1) };

  const calls: [string, () => string[] | Promise<string[]>, RegExp][] = [
    ['an option that does not exist', () => ['--epoch', '3'], /--epoch: there is no such option[\s\S]*--epochs/],
    ['a value out of range', () => ['--batch', '1'], /--batch 1: expected a whole number from 2 to 4096/],
    ['a command that does not exist', () => ['trian'], /trian: there is no such command[\s\S]*Remedy: oecl train/],
    ['options for doctor', () => ['doctor', '--json'], /doctor --json: it takes no options/],
    ['an unknown class', () => tiny('class', { normal: 'stripse' }), /--normal stripse[\s\S]*Remedy: --normal stripes/],
    ['a missing folder', () => tiny('none', { data: '/no/such/folder' }), /looked for +\/no\/such\/folder[\s\S]*demo/],
    ['an empty folder', async () => tiny('empty', { data: await folderOf({}) }), /its images are not there/],
    ['a data set that is nowhere', () => ['--dataset', 'raabin'], /looked for +data\/raabin[\s\S]*Train\/\{Basophil/],
    [
      'a truncated JPEG',
      async () => tiny('jpeg', { data: await folderOf(broken) }),
      /a\.jpg: Premature[\s\S]*--skip-bad/,
    ],
    [
      'a CIFAR file with a broken record',
      async () => tiny('cifar', { dataset: 'cifar10', data: await cifar(4000) }),
      /data_batch_1\.bin: 4000 bytes, expected a multiple of 3073, the bytes of a record \(remainder 927\)/,
    ],
    [
      'outliers that are not there',
      () => tiny('oe', { oe: 'folder:/no/where' }),
      /\/no\/where: there is no such folder/,
    ],
    [
      'an unknown adapter',
      () => tiny('adapter', { adapter: 'voodoo' }),
      /adapter voodoo: there is none with this name or kind/,
    ],
    ['nothing to resume', () => [...tiny('nothing'), '--resume'], /--resume finds no run there/],
  ];
  test.each(calls)('%s', async (_, args, message) => {
    const cwd = await mkdtemp(join(tmpdir(), 'oecl-cwd-'));
    const before = await readdir(runs);
    expectRefusal(await oecl(await args(), { cwd }), 2, message);
    expect(await readdir(cwd)).toEqual([]);
    expect(await readdir(runs)).toEqual(before);
  });

  test('an unwritable run folder', async () => {
    const file = join(await folderOf({ 'a-file': 'not a folder' }), 'a-file');
    expectRefusal(
      await oecl(tiny('x', { out: join(file, 'run') })),
      2,
      /a-file\/run: it cannot be written to[\s\S]*--out/,
    );
  });
});

describe('no adapter', () => {
  /** Runs the bundle where neither a SwiftShader package nor a driver can be found. */
  async function lonely(args: readonly string[]): Promise<Ended> {
    const folder = await mkdtemp(join(tmpdir(), 'oecl-lonely-'));
    await mkdir(join(folder, 'node_modules'));
    for (const name of ['webgpu', '@jsquash'])
      await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
    await copyFile(bundle, join(folder, 'train.mjs'));
    return oecl(args, {
      script: join(folder, 'train.mjs'),
      env: { VK_DRIVER_FILES: '/nowhere', VK_ICD_FILENAMES: '/nowhere' },
    });
  }

  test('train exits with 1 and says how to get one, as do doctor and --list-adapters', async ({ skip }) => {
    skip(process.platform !== 'linux', 'drivers can be hidden on Linux only');
    expectRefusal(
      await lonely(tiny('lonely')),
      1,
      /no WebGPU adapter was found[\s\S]*npm install @sparticuz\/chromium/,
    );
    expect(existsSync(join(runs, 'lonely'))).toBe(false);
    expect(await lonely(['doctor'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /hardware +not found[\s\S]*What would help:[\s\S]*npm install @sparticuz\/chromium/,
      ),
    });
    expect(await lonely(['--list-adapters'])).toMatchObject({ code: 1, stdout: '' });
  });
});
