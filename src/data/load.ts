/** Data sets and outlier sources by name: where they are looked for, and what is said when they are not there. */
import { DataError, UsageError } from '../base/errors.ts';
import { nearestName } from '../base/suggest.ts';
import type { Platform } from '../platform/platform.ts';
import type { DatasetFiles, DatasetSpec } from './dataset.ts';
import { loadAllImages } from './datasets/folder.ts';
import { DATASETS, type DatasetName, datasetNamed } from './datasets/table.ts';
import { loadDeadLeaves } from './generated/deadLeaves.ts';
import type { ImageSet, LoadedDataset, SkippedFile } from './imageSet.ts';
import { DEAD_LEAVES, parseSource, SOURCE_NAMES } from './outlierSource.ts';
import { type LoadOptions, readAt } from './request.ts';

export interface DatasetRequest extends LoadOptions {
  name: DatasetName;
  /** Folder or file as the user named it; null looks in $OECL_DATA/NAME and data/NAME. */
  dir: string | null;
}

export interface LoadedOutliers {
  set: ImageSet;
  skipped: SkippedFile[];
  /** Whether they have classes, as those of a data set: classes that are tested must not be among them. */
  haveClasses: boolean;
}

export interface OutlierRequest extends LoadOptions {
  /** `dead-leaves`, `folder:DIR`, or `NAME` or `NAME:DIR` of a data set, whose training images are taken. */
  source: string;
}

/**
 * A data set, decoded and packed.
 * @param option that asked for it, as errors name it
 * @throws DataError when it is not there, or not as its layout says
 */
export async function loadDataset(
  platform: Platform,
  { name, dir, ...options }: DatasetRequest,
  option: '--dataset' | '--oe' = '--dataset',
): Promise<LoadedDataset> {
  const { source } = datasetNamed(name);
  if ('draw' in source) return source.draw(options);
  const places =
    dir !== null ? [dir] : [...(platform.dataFolder ? [`${platform.dataFolder}/${name}`] : []), `data/${name}`];
  for (const place of places) {
    const loaded = await readAt(platform, place, options, source.read);
    if (loaded) return loaded;
  }
  throw await missing(platform, name, source, places, option);
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
  if (name === DEAD_LEAVES && dir === null) {
    return { set: await loadDeadLeaves(options), skipped: [], haveClasses: false };
  }
  const dataset = DATASETS.find((known) => known.name === name);
  if (!dataset || (isAnyFolder(dataset) && !dir)) throw unknownSource(source, name);
  if (isAnyFolder(dataset)) {
    const loaded = await readAt(platform, dir!, options, (context) => loadAllImages(context, `outliers ${dir}`));
    return { ...loaded, haveClasses: false };
  }
  const { train, skipped } = await loadDataset(platform, { ...options, name: dataset.name, dir: dir || null }, '--oe');
  return { set: train, skipped, haveClasses: true };
}

const isAnyFolder = ({ source }: DatasetSpec): boolean => 'isAnyFolder' in source && source.isAnyFolder === true;

async function missing(
  platform: Platform,
  name: string,
  { layout, origin }: DatasetFiles,
  places: readonly string[],
  option: '--dataset' | '--oe',
): Promise<DataError> {
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
  const folders = DATASETS.filter(isAnyFolder).map((each) => `${each.name}:DIR`);
  const datasets = DATASETS.filter((each) => !isAnyFolder(each)).map((each) => `${each.name}[:DIR]`);
  const known = [DEAD_LEAVES, ...folders, ...datasets];
  const guess = nearestName(name, SOURCE_NAMES);
  return new UsageError(`--oe ${source}: there is no such source of outlier images.`, {
    details: [`known        ${known.join(', ')}`],
    remedy:
      guess === undefined || guess === name ? '--oe dead-leaves, or folder:DIR with your own images' : `--oe ${guess}`,
  });
}
