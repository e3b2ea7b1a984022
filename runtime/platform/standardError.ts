/**
 * Captures what native code writes to standard error, bypassing Node's streams, by redirecting file descriptor 2 during a
 * call. That takes dup2 from the C library, which Node does not expose, so koffi calls it. Without that package or a
 * directory for the file, and on Windows (which has other descriptors), nothing is captured.
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
 * The result of a function, and what was written to file descriptor 2 during the call.
 * @param action synchronous and short: the output of other threads is captured too
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
    const library = koffi.load(null); // the symbols already loaded in the process
    return { dup: library.func('int dup(int)'), dup2: library.func('int dup2(int, int)') } as Descriptors;
  } catch {
    return null; // an optional dependency
  }
}

/** An unlinked file, which disappears with its descriptor. A pipe would block its writer when full. */
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
