/** Contexts for tests: on the adapter that vitest.config.ts made reachable, with NaN in fresh memory. */
import { type Context, type ContextOptions, openContext } from '../../runtime/index.ts';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';

/** A context of a test's own; close it when done. */
export const openTestContext = (options: ContextOptions = {}): Promise<Context> =>
  openContext(nodeRuntimePlatform, { poison: true, adapter: process.env.OECL_TEST_ADAPTER, ...options });
