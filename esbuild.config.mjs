/**
 * Builds dist/: the command line for Node, and the worker that trains in a browser. WGSL becomes text; in Node, packages
 * with binaries stay outside.
 */
import { build } from 'esbuild';

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  loader: { '.wgsl': 'text' },
  sourcemap: true,
  logLevel: 'warning',
};

// Native code and wasm are found through their packages at run time.
const external = ['webgpu', '@jsquash/*', '@sparticuz/chromium'];

await build({
  ...common,
  platform: 'node',
  target: 'node20',
  external,
  entryPoints: { train: 'src/cli/main.ts' },
  outdir: 'dist',
});

await build({
  ...common,
  platform: 'browser',
  minify: true,
  keepNames: true, // an error's family travels by its class's name
  entryPoints: { drivenWorker: 'src/web/drivenWorker.ts' },
  outdir: 'dist/web',
});
