/** What native code writes to standard error: known useless lines are hidden, everything else is shown. */
import { execFile } from 'node:child_process';
import { fstatSync, writeSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { noDriverReasons, withoutKnownMessages } from '../../runtime/platform/driverMessages.ts';
import { withStandardError } from '../../runtime/platform/standardError.ts';

const LIMITS = ['Uniform', 'Storage'].map(
  (kind) =>
    `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.\n`,
);
const NO_VULKAN =
  "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file\n" +
  '    at operator() (/home/somebody/build/third_party/dawn/src/dawn/native/vulkan/BackendVk.cpp:368)\n\n';
const NO_DRIVERS =
  'Warning: vkCreateInstance: Found no drivers!\nWarning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER\n' +
  '    at CheckVkSuccessImpl (/home/somebody/build/third_party/dawn/src/dawn/native/vulkan/VulkanError.cpp:106)\n\n';

const isLinux = process.platform === 'linux';
const hasKoffi = await import('koffi').then(
  () => true,
  () => false,
);

describe('messages', () => {
  test('known lines are removed, also between others', () => {
    expect(withoutKnownMessages(LIMITS.join('') + NO_VULKAN + NO_DRIVERS)).toBe('');
    expect(withoutKnownMessages(`one\n${LIMITS[0]}${NO_VULKAN}two\n\n${LIMITS[1]}three`)).toBe('one\ntwo\n\nthree');
  });

  test.each([
    'MESA: warning: the driver is not conformant\n',
    'Warning: maxDynamicUniformBuffersPerPipelineLayout is something else\n',
    'Warning: vkCreateInstance failed with VK_ERROR_OUT_OF_HOST_MEMORY\n',
    'ERROR: loader: a layer is missing\n\n    at home\n',
  ])('unknown lines are kept: %j', (text) => {
    expect(withoutKnownMessages(text)).toBe(text);
  });

  test('a real failure is kept except for the path of the build machine', () => {
    const failure = 'Warning: vkCreateInstance failed with VK_ERROR_INITIALIZATION_FAILED\n';
    expect(withoutKnownMessages(failure + NO_DRIVERS.split('\n').slice(2).join('\n'))).toBe(failure);
  });

  test('the reason for a missing driver is kept', () => {
    expect(noDriverReasons(LIMITS[0] + NO_VULKAN + NO_DRIVERS)).toEqual([
      "Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file",
      'vkCreateInstance: Found no drivers!',
      'vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER',
    ]);
    expect(noDriverReasons(LIMITS[0])).toEqual([]);
  });
});

describe.skipIf(!hasKoffi)(`the descriptor${hasKoffi ? '' : ' (skipped: koffi is not installed)'}`, () => {
  test('captures output, even more than a pipe holds, and restores the descriptor', async () => {
    const before = fstatSync(2).ino;
    const long = 'ä'.repeat(100_000);
    expect(await withStandardError(() => writeSync(2, long))).toEqual({ value: 200_000, text: long });
    expect(fstatSync(2).ino).toBe(before);
  });

  test('restores the descriptor after an error', async () => {
    const before = fstatSync(2).ino;
    const failing = withStandardError(() => {
      expect(fstatSync(2).ino).not.toBe(before);
      throw new RangeError('on purpose');
    });
    await expect(failing).rejects.toThrow(new RangeError('on purpose'));
    expect(fstatSync(2).ino).toBe(before);
  });
});

describe.skipIf(!hasKoffi)(`a process${hasKoffi ? '' : ' (skipped: koffi is not installed)'}`, () => {
  /** Requests two adapters from the library, then prints a line and exits with a code. */
  const PROGRAM = `
    import { platform } from ${JSON.stringify(pathToFileURL('dist/node/runtime.js').href)};
    for (const _ of [1, 2]) (await platform.requestAdapter()).release();
    console.error('its own line');
    process.exit(7);`;

  const run = (args: string[], env: Record<string, string> = {}): Promise<{ code: unknown; stderr: string }> =>
    new Promise((resolve) => {
      const options = { env: { ...process.env, OECL_DEBUG: '', ...env } };
      execFile(process.execPath, args, options, (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }));
    });
  const library = (env?: Record<string, string>) => run(['--input-type=module', '-e', PROGRAM], env);

  test('using the library loses nothing useful, and OECL_DEBUG shows everything', async () => {
    const [quiet, debug] = await Promise.all([library(), library({ OECL_DEBUG: '1' })]);
    expect(quiet).toEqual({ code: 7, stderr: 'its own line\n' });
    expect([debug.code, withoutKnownMessages(debug.stderr)]).toEqual([7, quiet.stderr]);
  });

  test('running the command line loses nothing useful', async () => {
    expect(await run(['dist/train.js', '--list-adapters'])).toEqual({ code: 0, stderr: '' });
  });

  test.skipIf(!isLinux)('shows an unknown message of the loader', async () => {
    const { code, stderr } = await library({ VK_LOADER_DEBUG: 'driver' });
    expect(code).toBe(7);
    expect(stderr).toMatch(/^DRIVER: [\s\S]*its own line\n$/);
    expect(stderr).not.toMatch(/artificially reduced/);
  });

  test.skipIf(!isLinux)('without Vulkan the error says why, without a build path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oecl-no-vulkan-'));
    await writeFile(join(folder, 'libvulkan.so.1'), 'no library');
    const call = ['dist/train.js', '--dataset', 'demo'];
    const { code, stderr } = await run(call, { LD_LIBRARY_PATH: folder, OECL_RESTARTED: '1' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: no WebGPU adapter was found\.\n {2}Vulkan says {2}Couldn't load Vulkan: /);
    expect(stderr).not.toMatch(/\.cpp|Warning/);
  });
});
