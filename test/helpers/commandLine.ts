/** The command line as users run it: the bundle in dist/, in a separate process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { tinyDataset } from './tinyRun.ts';

/** Built before all tests by .ci/buildForTests.mjs. */
export const bundle = fileURLToPath(new URL('../../dist/train.js', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  /** Without the lines that drivers and Dawn print. */
  stderr: string;
  /** Milliseconds from the last output on standard output to the end of the process. */
  lingered: number;
}

export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

export interface StartOptions {
  env?: Record<string, string | undefined>;
  cwd?: string;
  script?: string;
  /** Called with each whole line of standard output. */
  onLine?(line: string, child: ChildProcess): void;
  /** A wrapper command that starts the process; it receives the command line as its arguments. */
  through?: readonly string[];
}

const cache = mkdtempSync(join(tmpdir(), 'oecl-cli-cache-'));

/** Starts `node dist/train.js ...args`, with a separate cache, in a new folder unless `cwd` is given. */
export function start(args: readonly string[], options: StartOptions = {}): Started {
  const { env = {}, cwd = mkdtempSync(join(tmpdir(), 'oecl-cli-')), script = bundle, onLine, through = [] } = options;
  const [command, ...rest] = [...through, process.execPath, script, ...args];
  const child = spawn(command, rest, {
    cwd,
    env: { ...process.env, OECL_CACHE: cache, OECL_DATA: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, seen, last] = ['', '', 0, performance.now()];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    last = performance.now();
    for (let end = stdout.indexOf('\n', seen); end >= 0; end = stdout.indexOf('\n', seen)) {
      onLine?.(stdout.slice(seen, end), child);
      seen = end + 1;
    }
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr: withoutDrivers(stderr), lingered: performance.now() - last }),
    );
  });
  return { child, ended };
}

/** Runs it to completion. */
export const oecl = (args: readonly string[], options: StartOptions = {}): Promise<Ended> => start(args, options).ended;

function withoutDrivers(text: string): string {
  const noise = /^Warning: (max\w+ artificially reduced|vkCreateInstance)|^ +at .*\/dawn\/|^WARNING: lavapipe/;
  return text
    .split('\n')
    .filter((line) => !noise.test(line))
    .join('\n')
    .trimStart();
}

/** Options of a run on a `tinyDataset` that takes seconds; `more` replaces some or, with undefined, removes them. */
export function tinyOptions(data: string, out: string, more: Record<string, string | undefined> = {}): string[] {
  const options = {
    ...{ dataset: 'folder', data, normal: 'stripes', oe: `folder:${data}/train/disk`, out },
    ...{ arch: 'cnn32', width: '4', size: '16', epochs: '3', batch: '4', views: '2', 'checkpoint-every': '1' },
    adapter: process.env.OECL_TEST_ADAPTER,
    ...more,
  };
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}

/** Images to train on in seconds, a folder for run folders, and the options of a run that uses both. */
export async function tinyFolders() {
  const data = await tinyDataset();
  const runs = mkdtempSync(join(tmpdir(), 'oecl-runs-'));
  const tiny = (out: string, more: Record<string, string | undefined> = {}) => tinyOptions(data, join(runs, out), more);
  return { runs, tiny };
}

/** An error message fits on a screen, has a remedy and shows no stack. */
export function expectRefusal({ code, stderr }: Ended, exitCode: number, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(code).toBe(exitCode);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(400);
  expect(lines.at(-1)).toMatch(/^ {2}Remedy: \S/);
  expect(stderr).not.toMatch(/^ +at .*:\d+/m);
}
