/** Reading files and folders, with our own error messages. Nothing is left out silently: see litter.ts, and `problem`. */
import { DataError, InterruptedError } from '../base/errors.ts';
import type { FolderEntry, Platform } from '../platform/platform.ts';
import { isLitter, isLitterImage } from './litter.ts';
import type { ReaderContext } from './request.ts';

/** Deeper than any real data set. */
const MAX_DEPTH = 24;

/** Where files are looked up. Paths are relative to `dir`; '' is `dir` itself. */
export type FileTree = Pick<ReaderContext, 'platform' | 'dir' | 'watch' | 'passedOver'>;

/** The bytes of a file. @throws DataError that names it when it cannot be read. */
export async function readFile(platform: Pick<Platform, 'readFile'>, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await platform.readFile(path);
  } catch (cause) {
    throw new DataError(`${path}: it cannot be read: ${failureOf(cause)}.`, {
      remedy: 'the permission to read it, or another copy of it',
      cause,
    });
  }
}

/** The result of a read; an interrupt does not wait for a slow disk. @param what the subject of a clause */
export function reading<T>({ watch }: Pick<ReaderContext, 'watch'>, what: string, work: Promise<T>): Promise<T> {
  return watch ? watch.during(work, `${what} was read`) : work;
}

/**
 * Folders and files directly in a folder, without litter and without links back to a folder above; null when there is no
 * such folder.
 * @throws DataError when it cannot be listed
 */
export async function listFolder(tree: FileTree, folder: string): Promise<Pick<FolderEntry, 'name' | 'kind'>[] | null> {
  const entries = await entriesOf(tree, folder);
  if (!entries) return null;
  const kept: Pick<FolderEntry, 'name' | 'kind'>[] = [];
  let hidden = 0;
  for (const { name, kind, isLink } of entries) {
    const path = joined(folder, name);
    if (isLitter(name)) {
      if (kind === 'folder') tree.passedOver?.setImages(path, false, await litterBelow(tree, path));
      else if (isLitterImage(name)) hidden++;
    } else if (isLink && kind === 'folder' && (await leadsBack(tree, path))) tree.passedOver?.addLoop(path);
    else kept.push({ name, kind: kind === 'broken' ? meantBy(name) : kind });
  }
  tree.passedOver?.setImages(folder, true, hidden);
  return kept;
}

/** A file below a folder; with `problem`, an entry that cannot be read and may contain images. */
export interface FoundFile {
  path: string;
  problem?: string;
}

/** All files below a folder, in the order of their names. [] when `folder` is '' and there is no such folder. */
export async function listFilesBelow(tree: FileTree, folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) {
      throw new DataError(`${tree.dir}/${path}: more than ${MAX_DEPTH} folders in each other.`, {
        remedy: 'put the images into fewer folders, and look for links that lead to each other',
      });
    }
    for (const entry of await listOrProblem(tree, path)) {
      if ('problem' in entry) found.push({ path, problem: entry.problem });
      else if (entry.kind === 'file') found.push({ path: joined(path, entry.name) });
      else await visit(joined(path, entry.name), depth + 1);
    }
  };
  await visit(folder, 0);
  return found;
}

async function listOrProblem(
  tree: FileTree,
  path: string,
): Promise<(Pick<FolderEntry, 'name' | 'kind'> | { problem: string })[]> {
  try {
    const entries = await listFolder(tree, path);
    if (entries || path === '') return entries ?? [];
    return [{ problem: 'the folder cannot be listed: a link that leads nowhere, or it was removed' }];
  } catch (error) {
    if (!(error instanceof DataError) || path === '') throw error;
    return [{ problem: `the folder cannot be listed: ${failureOf(error.cause)}` }];
  }
}

async function entriesOf(tree: FileTree, folder: string): Promise<FolderEntry[] | null> {
  const path = joined(tree.dir, folder);
  await tree.watch?.look(`${path} was listed`);
  try {
    return await reading(tree, path, tree.platform.listFolder(path));
  } catch (cause) {
    if (cause instanceof InterruptedError) throw cause;
    throw new DataError(`${path}: the folder cannot be listed: ${failureOf(cause)}.`, {
      remedy: 'the permission to read it and the folders above it',
      cause,
    });
  }
}

/** Image files in a litter folder, for a note: what cannot be listed there is ignored, and links are not followed. */
async function litterBelow(tree: FileTree, folder: string, depth = 0): Promise<number> {
  let count = 0;
  const entries = await entriesOf(tree, folder).catch((error) => {
    if (error instanceof InterruptedError) throw error;
    return null;
  });
  for (const { name, kind, isLink } of entries ?? []) {
    if (kind !== 'folder') count += isLitterImage(name) ? 1 : 0;
    else if (!isLink && depth < MAX_DEPTH) count += await litterBelow(tree, joined(folder, name), depth + 1);
  }
  return count;
}

/** Whether a link leads to a folder that contains it: following it would never end. */
async function leadsBack({ platform, dir }: FileTree, link: string): Promise<boolean> {
  const target = await platform.realPath(joined(dir, link));
  const names = link.split('/');
  for (let above = 0; above < names.length; above++) {
    const real = await platform.realPath(joined(dir, names.slice(0, above).join('/')));
    if (`${real}/`.startsWith(target.endsWith('/') ? target : `${target}/`)) return true;
  }
  return false;
}

/** The kind of a broken link's target, for the error: a name without an extension is taken for a folder. */
const meantBy = (name: string): 'file' | 'folder' => (/\.[a-z0-9]{1,5}$/i.test(name) ? 'file' : 'folder');

const joined = (folder: string, name: string): string => (folder && name ? `${folder}/${name}` : folder || name);

/** Whether an error comes from the file system, by its code; otherwise the content is at fault. */
export const isRefusal = (error: unknown): boolean => /^E(?!RR_)[A-Z]+$/.test((error as { code?: string })?.code ?? '');

/** What went wrong with a file, in words. */
export function failureOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const known: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'it is a folder',
    ELOOP: 'links that lead to each other',
    ENAMETOOLONG: 'its name is too long',
    EIO: 'the disk cannot be read there',
    ESTALE: 'the network disk no longer has it',
    ENXIO: 'it is not a regular file', // a socket, which cannot be opened at all
    EMFILE: 'too many files are open',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
  };
  return known[code ?? ''] ?? message ?? String(error);
}
