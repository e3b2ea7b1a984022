/** Folders of small images for tests of the data set readers: written to a new folder, read with a separate cache. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ImageSet, LoadedDataset } from '../../src/data/imageSet.ts';
import { type DatasetRequest, loadDataset } from '../../src/data/load.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import { bmpFile } from './tinyRun.ts';

/** Writes files (path -> bytes) into a new folder and returns its path. */
export async function folderOf(files: Record<string, Uint8Array | string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'oecl-data-'));
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytes);
  }
  return root;
}

/** A flat 8x8 BMP image, which is unchanged for an input of 8 pixels; `shade` identifies it. */
export const flatImage = (shade: number): Buffer => bmpFile(8, 8, () => [shade, shade, shade]);

/** A platform with an empty cache and no folder of data sets. */
export async function platformWithCache() {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'oecl-cache-'));
  return nodePlatform({ cacheFolder, dataFolder: null });
}

/** Reads data sets at a size of 8, with a separate cache. */
export async function loaderWithCache() {
  const platform = await platformWithCache();
  const options = { inputSize: 8, seed: 0 };
  const load = (
    name: DatasetRequest['name'],
    dir: string,
    more: Partial<DatasetRequest> = {},
  ): Promise<LoadedDataset> => loadDataset(platform, { ...options, name, dir, ...more });
  return { platform, options, load };
}

/** `class path shade` of every image of a set, in order. */
export function summaryOf({ classes, labels, paths, images }: ImageSet): string[] {
  return paths.map((path, i) => `${classes[labels[i]]} ${path} ${images.pixels[images.offsets[i]]}`);
}
