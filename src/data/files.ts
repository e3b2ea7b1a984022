/** Reading files and folders with errors in our words. */
import { DataError } from '../errors.ts';
import type { FolderEntry, Platform } from '../platform/platform.ts';

/** Deeper than any real data set: a link to a folder above itself would never end. */
const MAX_DEPTH = 24;

/** The bytes of a file. @throws DataError that names it when it cannot be read. */
export async function readFile(platform: Platform, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await platform.readFile(path);
  } catch (cause) {
    throw new DataError(`${path}: it cannot be read: ${failureOf(cause)}.`, { cause });
  }
}

/** Folders and files directly in a folder, hidden ones and archive litter left out; null when there is no such folder. */
export async function listFolder(platform: Platform, path: string): Promise<FolderEntry[] | null> {
  try {
    const entries = await platform.listFolder(path);
    return entries?.filter(({ name }) => !name.startsWith('.') && name !== '__MACOSX') ?? null;
  } catch (cause) {
    throw new DataError(`${path}: the folder cannot be listed: ${failureOf(cause)}.`, { cause });
  }
}

/** Paths of all files below a folder, relative to it, in the order of their names. [] when there is no such folder. */
export async function listFilesBelow(platform: Platform, folder: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (inner: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) {
      throw new DataError(`${folder}/${inner}: more than ${MAX_DEPTH} folders in each other.`, {
        remedy: 'look for a link that leads back to a folder above it',
      });
    }
    for (const { name, kind } of (await listFolder(platform, inner ? `${folder}/${inner}` : folder)) ?? []) {
      const path = inner ? `${inner}/${name}` : name;
      if (kind === 'file') found.push(path);
      else await visit(path, depth + 1);
    }
  };
  await visit('', 0);
  return found;
}

/** What went wrong with a file, in words. */
export function failureOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const known: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'it is a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
  };
  return known[code ?? ''] ?? message ?? String(error);
}
