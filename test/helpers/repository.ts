/** The repository's own text files, read from the working tree, for tests of its documents and comments. */
import { readdirSync, readFileSync } from 'node:fs';

export interface TextFile {
  /** From the root, with `/`. */
  path: string;
  text: string;
}

const FOLDERS = ['docs', 'runtime', 'shaders', 'src', 'test', 'bench'] as const;
const TEXT = /\.(md|ts|tsx|mjs|wgsl|css|html)$/;
const NOT_OURS = /(^|\/)(node_modules|results)\//;

/** Documents of the root, and every text file below the folders above. */
export function repositoryFiles(): TextFile[] {
  const own = readdirSync('.').filter((name) => /\.(md|ts|mjs)$/.test(name));
  const below = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  return [...own, ...below]
    .filter((path) => TEXT.test(path) && !NOT_OURS.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
