/** A program that uses the package, in a new folder with the package installed. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Creates the folder. The package is this repository, with the entry points in dist/. */
export async function programFolder(): Promise<string> {
  const program = await mkdtemp(join(tmpdir(), 'oecl-program-'));
  await mkdir(join(program, 'node_modules'));
  await symlink(resolve('.'), join(program, 'node_modules', 'oecl'));
  return program;
}

/** Options of a run that takes seconds. */
export const tiny = () => ({
  ...{ dataset: 'folder', normal: 'stripes', preset: 'tiny', arch: 'cnn32', checkpointEvery: 1 },
  ...{ width: 4, size: 16, epochs: 3, batch: 4, views: 2, adapter: process.env.OECL_TEST_ADAPTER },
});

/** The JSON in the last line that a program prints in Node. */
export async function inNode(program: string, source: string): Promise<unknown> {
  const file = join(program, `program${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, source);
  return JSON.parse((await printedBy(program, file)).at(-1)!);
}

/** The lines that a program prints in Node, with a separate cache. */
export async function printedBy(program: string, file: string): Promise<string[]> {
  const env = { ...process.env, OECL_CACHE: join(program, 'cache') };
  const { stdout } = await run(process.execPath, [file], { cwd: program, env });
  return stdout.trimEnd().split('\n');
}

/** Files below a folder, relative to it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}
