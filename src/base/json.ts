/** JSON files that a run or the page keeps. */
import { DataError } from './errors.ts';

/**
 * The object in a JSON file.
 * @param path as errors name it
 * @throws DataError with the remedy when the file is damaged: cut off, empty, or not an object
 */
export function parseObject<T extends object>(text: string, path: string, remedy: string): T {
  let value: unknown;
  let cause: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    cause = error;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  throw new DataError(`${path}: the file is damaged: it holds no JSON object.`, { remedy, cause });
}
