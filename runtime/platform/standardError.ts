/**
 * Standard error of native code, which writes to file descriptor 2 past Node's streams. It can only be read by leading the
 * descriptor elsewhere for the time of a call; dup2, which does that in one step, is the C library's, and Node has no such
 * function: koffi calls it. Where that package or a place for the file is missing (Windows has another kind of
 * descriptor), nothing is caught.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Descriptors {
  dup(descriptor: number): number;
  dup2(from: number, to: number): number;
}

/**
 * What a function returns, and what was written to file descriptor 2 meanwhile.
 * @param action synchronous, short: other threads write to the same place
 */
export async function withStandardError<T>(action: () => T): Promise<{ value: T; text: string }> {
  const calls = await descriptorCalls();
  const file = calls && openScratch();
  const original = file === null ? -1 : calls!.dup(2);
  if (calls === null || file === null || original < 0) return { value: action(), text: '' };
  try {
    calls.dup2(file, 2);
    try {
      const value = action();
      return { value, text: contentOf(file) };
    } finally {
      calls.dup2(original, 2);
    }
  } finally {
    closeSync(original);
    closeSync(file);
  }
}

async function descriptorCalls(): Promise<Descriptors | null> {
  if (process.platform === 'win32') return null;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null); // what the process has loaded already
    return { dup: library.func('int dup(int)'), dup2: library.func('int dup2(int, int)') } as Descriptors;
  } catch {
    return null; // an optional dependency
  }
}

/** A file without a name, which is gone with its descriptor. A pipe would stop a writer whom nobody reads. */
function openScratch(): number | null {
  const path = join(tmpdir(), `oecl-${randomUUID()}`);
  try {
    const file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return file;
  } catch {
    return null;
  }
}

function contentOf(file: number): string {
  const bytes = Buffer.alloc(fstatSync(file).size);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
}
