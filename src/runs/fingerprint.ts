/**
 * The fingerprint of a run's data: the content of its training, outlier-exposure and test images. Stored in checkpoints, so
 * that resuming with different images is never silent.
 */

import { ChangedDataError } from '../base/errors.ts';
import { identityAt } from '../data/identity.ts';
import type { ImageSet } from '../data/imageSet.ts';
import type { Split } from '../protocols/protocol.ts';
import type { Prepared } from './prepare.ts';

/** The identity of an image's content, its class, and its name. Only the name may change. */
type ImageRecord = readonly [identity: string, className: string, path: string];

const PARTS = { training: 'training images', outliers: 'outlier-exposure images', test: 'test images' } as const;
type PartName = keyof typeof PARTS;

export type Fingerprint = Readonly<Record<PartName, readonly ImageRecord[]>>;

/** How a part differs, as image paths. An image with the same name but different content counts as changed. */
export interface PartChange {
  part: PartName;
  changed: string[];
  missing: string[];
  added: string[];
}

/** Maximum number of images that a change lists by name. */
const NAMED = 3;

/** The images used by a run with this split. */
export function fingerprintOf(
  { dataset, outliers }: Pick<Prepared, 'dataset' | 'outliers'>,
  split: Split,
): Fingerprint {
  const { train, test } = dataset;
  return {
    training: recordsOf(train, split.trainIndices),
    outliers: outliers ? recordsOf(outliers, outliers.paths.keys()) : [],
    test: recordsOf(test, split.testIndices),
  };
}

function recordsOf({ images, classes, labels, paths }: ImageSet, indices: Iterable<number>): ImageRecord[] {
  return Array.from(indices, (index) => [identityAt(images, index), classes[labels[index]], paths[index]]);
}

/** The parts that differ, counting copies; empty when only names or the order of the images differ. */
export function changesBetween(before: Fingerprint, now: Fingerprint): PartChange[] {
  return (Object.keys(PARTS) as PartName[]).flatMap((part) => {
    const missing = pathsWithout(before[part], now[part]);
    const added = pathsWithout(now[part], before[part]);
    if (missing.length + added.length === 0) return [];
    const isAdded = new Set(added);
    const changed = new Set(missing.filter((path) => isAdded.has(path)));
    const others = (paths: string[]) => paths.filter((path) => !changed.has(path));
    return [{ part, changed: [...changed], missing: others(missing), added: others(added) }];
  });
}

/** Paths of the images in one list that are missing from the other. */
function pathsWithout(records: readonly ImageRecord[], others: readonly ImageRecord[]): string[] {
  const keyOf = ([identity, className]: ImageRecord) => `${identity} ${className}`;
  const left = new Map<string, number>();
  for (const record of others) left.set(keyOf(record), (left.get(keyOf(record)) ?? 0) + 1);
  return records.flatMap((record) => {
    const count = left.get(keyOf(record)) ?? 0;
    left.set(keyOf(record), count - 1);
    return count > 0 ? [] : [record[2]];
  });
}

/** `training images: 1 changed (a.png), 2 missing (b.png, c.png), 1 new (d.png)`, one line per part that differs. */
export function changeLines(changes: readonly PartChange[]): string[] {
  return changes.map(({ part, changed, missing, added }) => {
    const counts = [
      ['changed', changed],
      ['missing', missing],
      ['new', added],
    ] as const;
    const words = counts.flatMap(([word, paths]) =>
      paths.length > 0 ? [`${paths.length} ${word} (${named(paths)})`] : [],
    );
    return `${PARTS[part]}: ${words.join(', ')}`;
  });
}

const named = (paths: readonly string[]): string =>
  [...paths.slice(0, NAMED), ...(paths.length > NAMED ? [`${paths.length - NAMED} more`] : [])].join(', ');

/**
 * What has changed since `before`.
 * @param folder the run folder, for the error message
 * @throws ChangedDataError on any change, unless changes are accepted
 */
export function checkedChanges(
  before: Fingerprint,
  now: Fingerprint,
  { folder, isAccepted }: { folder: string; isAccepted: boolean },
): PartChange[] {
  const changes = changesBetween(before, now);
  if (changes.length === 0 || isAccepted) return changes;
  throw new ChangedDataError(`${folder}: the images are not those that this run began with.`, {
    details: changeLines(changes),
    remedy:
      'the images as they were, --accept-changed-data to continue with these (the result records it), or a new run in another folder',
  });
}

export const encodeFingerprint = (fingerprint: Fingerprint): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(fingerprint));

export const decodeFingerprint = (bytes: Uint8Array): Fingerprint => JSON.parse(new TextDecoder().decode(bytes));
