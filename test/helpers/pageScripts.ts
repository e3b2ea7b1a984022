/** The scripts of the page in dist/web, told apart by when a first visit loads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FOLDER = 'dist/web';
/** Loaded by address: index.html names boot.js, which loads page.js, which starts worker.js. */
const ROOTS = ['boot.js', 'page.js', 'worker.js'];
/** For `--in chrome`, not for the page. */
const DRIVEN = 'drivenWorker.js';

export interface PageScripts {
  /** What the page loads before it is ready. */
  atStart: string[];
  /** What it loads once it is ready, so that it works without a network from then on. */
  later: string[];
}

export function pageScripts(): PageScripts {
  const atStart = new Set(ROOTS);
  for (const file of atStart) {
    for (const [, imported] of textOf(file).matchAll(/\b(?:from|import) ?"\.\/([^"]+\.js)"/g)) atStart.add(imported);
  }
  const all = readdirSync(FOLDER).filter((file) => file.endsWith('.js') && file !== DRIVEN);
  return { atStart: [...atStart].sort(), later: all.filter((file) => !atStart.has(file)).sort() };
}

/** Bytes as they are, and as a server sends them. */
export function bytesOf(files: readonly string[]): { raw: number; gzip: number } {
  const texts = files.map((file) => readFileSync(`${FOLDER}/${file}`));
  return {
    raw: texts.reduce((sum, { length }) => sum + length, 0),
    gzip: texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0),
  };
}

const textOf = (file: string): string => readFileSync(`${FOLDER}/${file}`, 'utf8');
