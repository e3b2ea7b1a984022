import { readFileSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { adapterEnvironment } from './runtime/platform/node.ts';
import { findChrome } from './src/chrome/chromeBinary.ts';
import { launchOptions } from './test/helpers/launchOptions.ts';

// Set before the test processes start, which inherit it: where Vulkan finds SwiftShader, when it is the only adapter.
// OECL_TEST_ADAPTER=swiftshader or lavapipe asks for one.
const environment = await adapterEnvironment(process.env.OECL_TEST_ADAPTER);
if (environment === null)
  throw new Error('no WebGPU adapter: npm test installs what is missing; dist/train.js doctor explains');
Object.assign(process.env, environment);
// Nearly all of the time of a test is compilation: lavapipe's without optimizations, and with vectors of 4 lanes instead of 8,
// as on SwiftShader, half of the code. test/e2e/commandLineRun.test.ts compares the weights of a run with both settings and of
// one with neither; `npm run demo` and `npm run bench` run as for users.
process.env.GALLIVM_PERF ??= 'nopt';
process.env.LP_NATIVE_VECTOR_WIDTH ??= '128';

const plugins = [
  {
    // The same text that esbuild's loader hands to the bundles.
    name: 'wgsl-as-text',
    load(id: string) {
      return id.endsWith('.wgsl') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : null;
    },
  },
];
const common = {
  // the files of a worker share its process or page, so that each module is loaded once and each kernel compiled once
  isolate: false,
  setupFiles: ['test/helpers/checkClaims.ts'],
  ...{ testTimeout: 120_000, hookTimeout: 120_000 },
};

const inNode = {
  plugins,
  test: {
    name: 'node',
    include: ['test/**/*.test.ts'],
    pool: 'forks' as const, // Dawn is a native addon: worker threads would share it
    ...common,
  },
};

/**
 * Gradients and kernels again, in a page: what runs on the device. The CPU interpreter computes there what it does in Node,
 * and tables of shapes are shorter (`inPage` of test/helpers/adapter.ts), as the kernels are the same.
 */
async function inChrome() {
  const chrome = await findChrome().catch(({ message }: Error) => {
    process.stderr.write(`the tests of kernels and gradients in Chrome are skipped: ${message}\n`);
    return null;
  });
  if (!chrome) return [];
  const test = {
    name: 'chrome',
    include: ['test/grad/**/*.test.ts', 'test/kernel/{convVariants,memory,profile,step,transpose,tuner}.test.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      fileParallelism: false,
      provider: playwright({ launchOptions: launchOptions(chrome) }),
      instances: [{ browser: 'chromium' as const }],
    },
    ...common,
  };
  return [{ plugins, test }];
}

export default defineConfig({
  test: {
    globalSetup: ['.ci/buildForTests.mjs', 'test/helpers/announce.ts'],
    maxWorkers: 2, // a software adapter uses every core by itself
    projects: [inNode, ...(await inChrome())],
  },
});
