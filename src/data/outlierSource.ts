/** Where outlier-exposure images come from, as --oe says it: `dead-leaves`, or `NAME[:DIR]` of a data set. */
import { findName } from '../base/names.ts';
import { DATASET_NAMES } from './datasets/table.ts';

/** Generated, and of no data set (generated/deadLeaves.ts). */
export const DEAD_LEAVES = 'dead-leaves';

export const SOURCE_NAMES: readonly string[] = [DEAD_LEAVES, ...DATASET_NAMES];

export interface OutlierSource {
  /** As it is spelled in our tables; as it was typed when it is in none. */
  name: string;
  dir: string | null;
}

/** @throws UsageError when the name is ambiguous */
export function parseSource(text: string): OutlierSource {
  const colon = text.indexOf(':');
  const typed = colon < 0 ? text : text.slice(0, colon);
  const name = findName('--oe', typed, SOURCE_NAMES) ?? typed;
  return { name, dir: colon < 0 ? null : text.slice(colon + 1) };
}

export const sourceText = ({ name, dir }: OutlierSource): string => (dir === null ? name : `${name}:${dir}`);
