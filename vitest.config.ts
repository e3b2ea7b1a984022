import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { adapterEnvironment } from './runtime/platform/node.ts';

// Set before the test processes start, which inherit it: where Vulkan finds SwiftShader, when it is the only adapter.
// OECL_TEST_ADAPTER=swiftshader or lavapipe asks for one.
const environment = await adapterEnvironment(process.env.OECL_TEST_ADAPTER);
if (environment === null)
  throw new Error('no WebGPU adapter: npm test installs what is missing; dist/train.js doctor explains');
Object.assign(process.env, environment);

export default defineConfig({
  plugins: [
    {
      // The same text that esbuild's loader hands to the bundles.
      name: 'wgsl-as-text',
      load(id) {
        return id.endsWith('.wgsl') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : null;
      },
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/helpers/buildBundle.ts',
    pool: 'forks', // Dawn is a native addon: worker threads would share it
    maxWorkers: 2, // a software adapter uses every core by itself
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
