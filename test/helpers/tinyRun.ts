/** A training run small enough for tests: 16-pixel images of two kinds in a new folder, a network of width 4. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { type ConfigChoices, type RunConfig, resolveConfig } from '../../src/config/config.ts';
import { recipeOf } from '../../src/config/presets.ts';
import { isTrained } from '../../src/methods/table.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { TrainHooks } from '../../src/runs/hooks.ts';
import { runTraining } from '../../src/runs/run.ts';
import type { OpenMode } from '../../src/runs/runFolder.ts';
import { usesAugmentedViews } from '../../src/scores/table.ts';

/** The bytes of a 24-bit BMP file. @param colorAt red, green, blue of a pixel */
export function bmpFile(
  width: number,
  height: number,
  colorAt: (x: number, y: number) => readonly [number, number, number],
): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + rowBytes * height);
  file.write('BM', 0);
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red, green, blue] = colorAt(x, y);
      file.set([blue, green, red], 54 + (height - 1 - y) * rowBytes + x * 3);
    }
  }
  return file;
}

/** Stripes for the normal class, a disk for the other; `n` varies position and color. */
function picture(kind: 'stripes' | 'disk', n: number): Buffer {
  return bmpFile(20, 18, (x, y) => {
    const isLit = kind === 'stripes' ? (x + n) % 6 < 3 : (x - 10) ** 2 + (y - 9) ** 2 < 20 + 2 * (n % 8);
    return isLit ? [200, 60 + ((n * 17) % 90), 90] : [40, 50, 70 + ((n * 31) % 80)];
  });
}

/** A data set folder (dataset `folder`): `counts` training images of stripes and disks, and 6 test images of each. */
export async function tinyDataset(
  counts: { stripes: number; disk: number } = { stripes: 9, disk: 5 },
): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'oecl-tiny-'));
  const write = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytes);
  };
  for (const kind of ['stripes', 'disk'] as const) {
    for (let n = 0; n < counts[kind]; n++) await write(`train/${kind}/${n}.bmp`, picture(kind, n));
    for (let n = 0; n < 6; n++) await write(`test/${kind}/${n}.bmp`, picture(kind, 100 + n));
  }
  return root;
}

/** The configuration of such a run. */
export function tinyConfig(data: string, out: string, choices: ConfigChoices = {}): RunConfig {
  const { method = 'oecl' } = choices;
  const tiny: ConfigChoices = {
    preset: 'tiny',
    size: 16,
    ...(recipeOf('tiny', 'folder', method).init === undefined ? { arch: 'cnn32', width: 4 } : {}),
    ...(isTrained(method) ? { epochs: 3, batch: 4, checkpointEvery: 1 } : {}),
    ...(usesAugmentedViews(method) ? { views: 2 } : {}),
  };
  const normal = { dataset: 'folder', data, normal: 'stripes', adapter: process.env.OECL_TEST_ADAPTER } as const;
  return resolveConfig({ ...tiny, ...normal, out, ...choices }, { isSoftware: true });
}

/** Runs it on the tests' adapter. @param files replaces the disk */
export function runTiny(
  config: RunConfig,
  mode: Partial<OpenMode> = {},
  hooks: TrainHooks = {},
  files: Platform = testFiles(),
) {
  return runTraining({ runtime: nodeRuntimePlatform, files }, config, { resume: false, force: false, ...mode }, hooks);
}

/** The disk, with an empty cache. */
export function testFiles(): Platform {
  return nodePlatform({ cacheFolder: join(tmpdir(), `oecl-cache-${process.pid}`), dataFolder: null });
}
