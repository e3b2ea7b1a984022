/** `npm run results`: set-up and build, then bench/results.ts with the arguments given. */
import { join } from 'node:path';
import { install, root, run } from './setup.mjs';

install();
const { build } = await import('esbuild');
run(process.execPath, [join(root, 'esbuild.config.mjs')]);
const bundle = join(root, '.cache', 'bench', 'results.mjs');
await build({
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning' },
  absWorkingDir: root,
  loader: { '.wgsl': 'text' },
  external: ['webgpu', 'koffi', '@jsquash/*', '@sparticuz/chromium'],
  entryPoints: ['bench/results.ts'],
  outfile: bundle,
});
process.exit(run(process.execPath, [bundle, ...process.argv.slice(2)]));
