/** Makes dist/ once before all tests: it may be older than the sources, and some tests run what users run. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export default function buildBundle(): void {
  execFileSync(process.execPath, ['esbuild.config.mjs'], { cwd: fileURLToPath(new URL('../..', import.meta.url)) });
}
