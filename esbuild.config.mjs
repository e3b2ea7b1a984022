/**
 * Builds dist/: the command line for Node, the worker that trains in a browser, and the library's entries for both. WGSL
 * becomes text; in Node, packages with binaries stay outside, and in browsers their wasm lies beside the bundle.
 */
import { copyFile, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { build } from 'esbuild';

/**
 * The codecs' code assigns to import.meta.url where there is none, and looks for its wasm beside itself. Neither is of use
 * here, where the platform compiles the wasm, and both fail when a program that uses the package is bundled: webpack puts a
 * constant in place of import.meta.url, and no bundler finds the file (test: bundlers).
 */
const codecs = {
  name: 'codecs',
  setup({ onLoad }) {
    onLoad({ filter: /@jsquash[\\/]\w+[\\/]codec[\\/].*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source
        .replace(/import\.meta\.url ?= ?(?=['"])/g, '')
        .replaceAll('import.meta.url', "'https://localhost/'");
      return { contents, loader: 'js' };
    });
  },
};

/**
 * The page's document lists methods, scores and data sets, and computes nothing: its worker does. What their files import
 * to compute (kernels, readers, codecs, drawings) stays out of its script.
 */
const facts = {
  name: 'facts',
  setup({ onResolve, onLoad }) {
    const rooms = /[\\/]src[\\/](augment|data|methods|models|scores)[\\/]/;
    const computing =
      /\/runtime\/index\.ts$|\/(codecs|generated)\/|^\.\.?\/(files|imageFiles|imageSet|litter|features|state|covariance)\.ts$|^nanotar$/;
    onResolve({ filter: computing }, ({ path, importer }) =>
      rooms.test(importer) ? { path, namespace: 'facts' } : undefined,
    );
    // classes of networks are declared, but never made
    const contents = 'module.exports = { Module: class {} };';
    onLoad({ filter: /./, namespace: 'facts' }, () => ({ contents, loader: 'js' }));
  },
};

const common = {
  plugins: [codecs],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  loader: { '.wgsl': 'text' },
  sourcemap: true,
  logLevel: 'warning',
};

// Native code is found through its package at run time.
const external = ['webgpu', 'koffi', '@sparticuz/chromium'];

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
  entryPoints: { drivenWorker: 'src/web/drivenWorker.ts' },
  outdir: 'dist/web',
});

// The page's worker, and beside it what it loads only when it is needed (zip.js).
await build({
  ...common,
  platform: 'browser',
  minify: true,
  splitting: true,
  chunkNames: '[name]',
  entryPoints: { worker: 'src/web/page/worker/worker.ts' },
  outdir: 'dist/web',
});

// The page for laboratories: static files that work below any path.
await build({
  ...common,
  plugins: [codecs, facts],
  platform: 'browser',
  minify: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryPoints: [
    { in: 'src/web/page/boot.ts', out: 'boot' },
    { in: 'src/web/page/main.tsx', out: 'page' },
    { in: 'src/web/page/styles/page.css', out: 'page' },
  ],
  outdir: 'dist/web',
});
await copyFile('src/web/page/index.html', 'dist/web/index.html');

// Both entries of a folder share their code, so that a tensor of the one is a tensor of the other.
for (const platform of ['node', 'browser']) {
  const outdir = `dist/${platform}`;
  await rm(outdir, { recursive: true, force: true }); // the shared parts' names change with their content
  await build({
    ...common,
    platform,
    ...(platform === 'node' ? { target: 'node20', external } : {}),
    splitting: true,
    entryPoints: { index: `src/library/${platform}.ts`, runtime: `runtime/${platform}.ts` },
    outdir,
  });
}

for (const codec of ['@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm', '@jsquash/png/codec/pkg/squoosh_png_bg.wasm']) {
  for (const folder of ['browser', 'web']) {
    await copyFile(createRequire(import.meta.url).resolve(codec), `dist/${folder}/${basename(codec)}`);
  }
}
