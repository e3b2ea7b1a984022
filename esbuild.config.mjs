/**
 * Builds dist/: the command line for Node, the worker that trains in a browser, and the library's entries for both. WGSL
 * becomes text; in Node, packages with binaries stay outside, and in browsers their wasm lies beside the bundle.
 */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { builtinWeights } from './.ci/builtinWeights.mjs';

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

const web = { ...common, platform: 'browser', minify: true, outdir: 'dist/web' };
await rm(web.outdir, { recursive: true, force: true }); // the shared parts' names change with their content
await build({ ...web, entryPoints: { drivenWorker: 'src/web/drivenWorker.ts' } });

/**
 * The page for laboratories: static files that work below any path. Its document and its worker share the files of methods,
 * scores and data sets, which the one lists and the other computes with, so they are built together and load each part once.
 */
await build({
  ...web,
  splitting: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryPoints: [
    { in: 'src/web/page/main.tsx', out: 'page' },
    { in: 'src/web/page/worker/worker.ts', out: 'worker' },
    { in: 'src/web/page/styles/page.css', out: 'page' },
  ],
});
// Alone in its file, as it shows when another one does not load.
await build({ ...web, entryPoints: { boot: 'src/web/page/boot.ts' } });
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

const { encodeSafetensors } = await import('./dist/node/runtime.js');
const { tensors, metadata } = await builtinWeights();
for (const folder of ['dist', 'dist/browser', 'dist/web']) {
  await writeFile(`${folder}/mobilenetv2.safetensors`, encodeSafetensors(tensors, metadata));
}

for (const codec of ['@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm', '@jsquash/png/codec/pkg/squoosh_png_bg.wasm']) {
  for (const folder of ['browser', 'web']) {
    await copyFile(createRequire(import.meta.url).resolve(codec), `dist/${folder}/${basename(codec)}`);
  }
}
