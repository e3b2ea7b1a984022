/** Finds a Chrome or Chromium, and starts it without a window. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { OeclError, UsageError } from '../base/errors.ts';

const PACKAGE = '@sparticuz/chromium';
const LINUX_NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];
const OTHER_PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
  'C:/Program Files (x86)/Google/Chrome/Application/chrome.exe',
  'C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe',
];

/** WebGPU on software adapters too; no downloads for a new profile; no throttling of background pages. */
const FLAGS = [
  '--headless=new',
  '--enable-unsafe-webgpu',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/** Value of CHROME_PATH that selects the Chromium of the npm package, even if another one is installed. */
const PACKAGED = 'packaged';

export interface ChromeBinary {
  path: string;
  environment: Record<string, string>;
  /** Where the path comes from. */
  from: 'CHROME_PATH' | 'installed' | 'npm package';
}

/**
 * CHROME_PATH, else an installed browser, else the npm package.
 * @throws OeclError when there is none; UsageError when CHROME_PATH is not a Chrome
 */
export async function findChrome(env: NodeJS.ProcessEnv = process.env): Promise<ChromeBinary> {
  if (env.CHROME_PATH === PACKAGED) {
    const packaged = await packagedChrome(env);
    if (packaged) return packaged;
    throw new UsageError(`CHROME_PATH: ${PACKAGED}, but the npm package ${PACKAGE} has no Chromium for this machine.`, {
      remedy: `(Linux, x64) npm install ${PACKAGE}, or the path of the program chrome or chromium`,
    });
  }
  if (env.CHROME_PATH) {
    if (existsSync(env.CHROME_PATH)) return { path: env.CHROME_PATH, environment: {}, from: 'CHROME_PATH' };
    throw new UsageError(`CHROME_PATH: ${env.CHROME_PATH} does not exist.`, {
      remedy: `the path of the program chrome or chromium, ${PACKAGED} for that of ${PACKAGE}, or no CHROME_PATH`,
    });
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = [...folders.flatMap((folder) => LINUX_NAMES.map((name) => join(folder, name))), ...OTHER_PLACES];
  const installed = places.find((place) => existsSync(place));
  if (installed) return { path: installed, environment: {}, from: 'installed' };
  const packaged = await packagedChrome(env);
  if (packaged) return packaged;
  throw new OeclError('--in chrome: no Chrome or Chromium was found.', {
    details: [`looked for  $CHROME_PATH, ${LINUX_NAMES.join(', ')}, the npm package ${PACKAGE}`],
    remedy: `install Chrome, or set CHROME_PATH, or (Linux) npm install ${PACKAGE}`,
  });
}

/** The package unpacks itself, with the libraries that a bare system lacks next to it. Null when it is not installed. */
async function packagedChrome(env: NodeJS.ProcessEnv): Promise<ChromeBinary | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  try {
    const { default: chromium, inflate } = await import('@sparticuz/chromium');
    const bin = join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..', 'bin');
    const libraries = join(await inflate(join(bin, 'al2023.tar.br')), 'lib');
    const search = [libraries, env.LD_LIBRARY_PATH].filter(Boolean).join(':');
    const path = await chromium.executablePath(bin);
    return { path, environment: { LD_LIBRARY_PATH: search }, from: 'npm package' };
  } catch {
    return null;
  }
}

export interface RunningChrome {
  /** Resolves, with what it wrote last on standard error, when it ends. */
  ended: Promise<string>;
  close(): Promise<void>;
}

/** Opens a page in a separate Chrome with a temporary profile. @param more additional flags */
export async function startChrome(binary: ChromeBinary, url: string, more: readonly string[]): Promise<RunningChrome> {
  const profile = await mkdtemp(join(tmpdir(), 'oecl-chrome-'));
  const isRoot = process.getuid?.() === 0; // Chrome's sandbox refuses to run as root
  const flags = [...FLAGS, ...more, ...(isRoot ? ['--no-sandbox'] : []), `--user-data-dir=${profile}`];
  const child = spawn(binary.path, [...flags, url], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...binary.environment },
    detached: process.platform !== 'win32', // Ctrl-C in the terminal is for us alone: the training still has to write a checkpoint
  });
  let tail = '';
  child.stderr.on('data', (text: Buffer) => (tail = `${tail}${text}`.slice(-2000)));
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', () => resolve(tail));
  });
  const stop = () => kill(child);
  process.on('exit', stop);
  return {
    ended,
    async close() {
      process.removeListener('exit', stop);
      stop();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 }).catch(() => {}); // the system clears what is left
    },
  };
}

/** With all the processes that it started. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill();
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has already ended
  }
}
