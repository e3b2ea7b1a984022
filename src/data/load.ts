/** Data sets and outlier sources by name: where they are looked for, and what is said when they are not there. */
import { DataError, UsageError } from '../base/errors.ts';
import { nearestName } from '../base/suggest.ts';
import { DATASET_NAMES, type DatasetName, parseSource } from '../config/presets.ts';
import type { Platform } from '../platform/platform.ts';
import { loadCifar10 } from './datasets/cifar10.ts';
import { loadDemo } from './datasets/demo.ts';
import { loadAllImages, loadFolder } from './datasets/folder.ts';
import { loadRaabin } from './datasets/raabin.ts';
import { loadDeadLeaves } from './generated/deadLeaves.ts';
import type { ImageSet, LoadedDataset, SkippedFile } from './imageSet.ts';
import { type LoadOptions, type ReaderContext, readAt } from './request.ts';

export interface DatasetRequest extends LoadOptions {
  name: DatasetName;
  /** Folder or file as the user named it; null looks in $OECL_DATA/NAME and data/NAME. */
  dir: string | null;
}

export interface LoadedOutliers {
  set: ImageSet;
  skipped: SkippedFile[];
}

export interface OutlierRequest extends LoadOptions {
  /** `dead-leaves`, `folder:DIR`, or `NAME` or `NAME:DIR` of a data set, whose training images are taken. */
  source: string;
}

interface Reader {
  /** Null when nothing of the data set is there. */
  read(context: ReaderContext): Promise<LoadedDataset | null>;
  /** The official layout, and where it comes from, for who has not got it. */
  layout: readonly string[];
  origin: string;
}

const READERS: Record<Exclude<DatasetName, 'demo'>, Reader> = {
  raabin: {
    read: loadRaabin,
    layout: ['Train/{Basophil,Eosinophil,Lymphocyte,Monocyte,Neutrophil}/*.jpg', 'TestA/{the same}/*.jpg'],
    origin: 'Raabin-WBC, "double-labelled cropped cells": raabindata.com; Kouzehkanan et al., Scientific Reports 2022',
  },
  cifar10: {
    read: loadCifar10,
    layout: [
      'data_batch_1.bin ... data_batch_5.bin, test_batch.bin, batches.meta.txt',
      'or cifar-10-binary.tar.gz with them in it',
    ],
    origin: 'CIFAR-10, "binary version": www.cs.toronto.edu/~kriz/cifar.html',
  },
  folder: {
    read: (context) => loadFolder(context, false),
    layout: ['train/CLASS/*.jpg (or .png, .bmp)', 'test/CLASS/*.jpg, outliers included'],
    origin: 'your own images',
  },
};

/**
 * A data set, decoded and packed. `demo` needs no files.
 * @param option that asked for it, as errors name it
 * @throws DataError when it is not there, or not as its layout says
 */
export async function loadDataset(
  platform: Platform,
  { name, dir, ...options }: DatasetRequest,
  option: '--dataset' | '--oe' = '--dataset',
): Promise<LoadedDataset> {
  if (name === 'demo') return loadDemo(options);
  const places =
    dir !== null ? [dir] : [...(platform.dataFolder ? [`${platform.dataFolder}/${name}`] : []), `data/${name}`];
  for (const place of places) {
    const loaded = await readAt(platform, place, options, READERS[name].read);
    if (loaded) return loaded;
  }
  throw await missing(platform, name, places, option);
}

/**
 * Outlier-exposure images.
 * @throws UsageError for a source that does not exist, DataError when its images are not there
 */
export async function loadOutliers(
  platform: Platform,
  { source, ...options }: OutlierRequest,
): Promise<LoadedOutliers> {
  const { name, dir } = parseSource(source);
  if (name === 'dead-leaves' && dir === null) return { set: await loadDeadLeaves(options), skipped: [] };
  if (name === 'folder' && dir) {
    return readAt(platform, dir, options, (context) => loadAllImages(context, `outliers ${dir}`));
  }
  const dataset = DATASET_NAMES.find((known) => known === name);
  if (dataset && dataset !== 'folder') {
    const { train, skipped } = await loadDataset(platform, { ...options, name: dataset, dir: dir || null }, '--oe');
    return { set: train, skipped };
  }
  throw unknownSource(source, name);
}

async function missing(
  platform: Platform,
  name: Exclude<DatasetName, 'demo'>,
  places: readonly string[],
  option: '--dataset' | '--oe',
): Promise<DataError> {
  const { layout, origin } = READERS[name];
  const found = async (place: string): Promise<string> => {
    if (await platform.listFolder(place)) return ': there is such a folder, with none of this in it';
    return (await platform.exists(place)) ? ': it is a file, and no folder; unpack it if it is an archive' : '';
  };
  const lookedFor = await Promise.all(places.map(async (place) => `looked for   ${place}${await found(place)}`));
  return new DataError(`${option} ${name}: its images are not there.`, {
    details: [
      ...lookedFor,
      ...layout.map((line, i) => `${i === 0 ? 'expected     ' : '             '}${line}`),
      `it is        ${origin}`,
    ],
    remedy:
      option === '--oe'
        ? `--oe ${name}:DIR with the folder that holds it; --oe dead-leaves needs nothing`
        : '--data with the folder that holds it; --dataset demo needs nothing',
  });
}

function unknownSource(source: string, name: string): UsageError {
  const known = [
    'dead-leaves',
    'folder:DIR',
    ...DATASET_NAMES.filter((each) => each !== 'folder').map((each) => `${each}[:DIR]`),
  ];
  const guess = nearestName(name, ['dead-leaves', ...DATASET_NAMES]);
  return new UsageError(`--oe ${source}: there is no such source of outlier images.`, {
    details: [`known        ${known.join(', ')}`],
    remedy:
      guess === undefined || guess === name ? '--oe dead-leaves, or folder:DIR with your own images' : `--oe ${guess}`,
  });
}
