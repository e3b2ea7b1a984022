/**
 * What every script of package.json needs first: packages installed, dist/ built. Only Node's own modules are used, as
 * nothing else is there on a fresh clone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The compiler, by its path: the older one of the tests has commands of the same names. */
export const TSC = 'node_modules/typescript/bin/tsc';

/** Runs a command in the repository, its output on ours. Returns its exit code. */
export function run(command, args, env = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  if (signal) process.stderr.write(`${command}: ended by ${signal}\n`);
  return status ?? 1;
}

/** Installs a folder's packages when they are missing, or older than its lock file. */
export function install(folder = '.') {
  const at = join(root, folder);
  const installed = join(at, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(at, 'package-lock.json')).mtimeMs) return;
  process.stderr.write(`installing packages (npm ci${folder === '.' ? '' : ` in ${folder}`})\n`);
  const code = run('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) process.exit(code);
}

const SOURCES = ['src', 'runtime', 'shaders', 'esbuild.config.mjs', 'package.json'];

function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Builds dist/ when a source is newer; `always` also makes the library's declarations, which no script here needs. */
export function build({ always = false } = {}) {
  const built = join(root, 'dist', 'train.js');
  const isFresh =
    existsSync(built) && statSync(built).mtimeMs >= Math.max(...SOURCES.map((path) => newest(join(root, path))));
  if (isFresh && !always) return 0;
  const code = run(process.execPath, ['esbuild.config.mjs']);
  if (code !== 0) rmSync(built, { force: true }); // or half of a build would pass for all of it
  return code || (always ? run(process.execPath, [TSC, '-p', 'tsconfig.types.json']) : 0);
}
