import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

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
    pool: 'forks', // Dawn is a native addon: worker threads would share it
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
