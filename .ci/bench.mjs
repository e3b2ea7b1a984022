/**
 * `npm run bench`: set-up, bundles, then the bench itself (bench/main.ts) with the arguments given. The peers' packages,
 * which nothing else needs, are installed here at the first run that measures them.
 */
import { join } from 'node:path';
import { install, root, run } from './setup.mjs';

const args = process.argv.slice(2);
const wantsPeers = !args.some(
  (argument, i) => argument === '--peers=none' || (args[i - 1] === '--peers' && argument === 'none'),
);
const isHelp = args.includes('--help');

install();
if (wantsPeers && !isHelp) install('bench/peers');

const { build } = await import('esbuild');
const common = { bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning' };
const folder = join(root, '.cache', 'bench');
await build({
  ...common,
  absWorkingDir: root,
  loader: { '.wgsl': 'text' },
  external: ['webgpu', 'koffi', '@jsquash/*', '@sparticuz/chromium'],
  entryPoints: ['bench/main.ts', 'bench/coldStart.ts'],
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  sourcemap: true,
});

const peers = join(root, 'bench', 'peers', 'node_modules', '.bench'); // where the peers' packages are found from
if (wantsPeers && !isHelp)
  await build({
    ...common,
    absWorkingDir: root,
    // TensorFlow.js' sources import without file extensions, which Node by itself does not follow
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    external: ['webgpu', 'koffi', 'node-fetch'],
    entryPoints: ['bench/peers/jax.mjs', 'bench/peers/tfjs.mjs'],
    outdir: peers,
    outExtension: { '.js': '.mjs' },
  });

process.exit(
  run(process.execPath, ['--enable-source-maps', join(folder, 'main.mjs'), ...args], { OECL_BENCH_PEERS: peers }),
);
