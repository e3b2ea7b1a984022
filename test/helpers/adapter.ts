/** Contexts for tests: on the adapter chosen by vitest.config.ts, in Node or in Chrome, with NaN in new memory. */
import { type Context, type ContextOptions, openContext, type RuntimePlatform } from '../../runtime/index.ts';

/** Whether this test runs in a page: all that its code may differ in. */
export const isInBrowser = typeof document !== 'undefined';

// imported where it is needed: neither loads in the other's world
const platform: RuntimePlatform = isInBrowser
  ? (await import('../../runtime/platform/browser.ts')).browserRuntimePlatform
  : (await import('../../runtime/platform/node.ts')).nodeRuntimePlatform;
const adapter = isInBrowser ? undefined : process.env.OECL_TEST_ADAPTER;

/** A new context; the test closes it. */
export const openTestContext = (options: ContextOptions = {}): Promise<Context> =>
  openContext(platform, { poison: true, adapter, ...options });

/** A table's first `few` cases in a page, where kernels are the same WGSL as in Node; all of them in Node. */
export const inPage = <T>(cases: readonly T[], few: number): readonly T[] =>
  isInBrowser ? cases.slice(0, few) : cases;
