/** Contexts for tests: on the adapter chosen by vitest.config.ts, in Node or in Chrome, with NaN in new memory. */
import { type Context, type ContextOptions, openContext, type RuntimePlatform } from '../../runtime/index.ts';

/** Whether this test runs in a page; the only difference that test code may depend on. */
export const isInBrowser = typeof document !== 'undefined';

// imported on demand: neither module loads in the other environment
const platform: RuntimePlatform = isInBrowser
  ? (await import('../../runtime/platform/browser.ts')).browserRuntimePlatform
  : (await import('../../runtime/platform/node.ts')).nodeRuntimePlatform;
const adapter = isInBrowser ? undefined : process.env.OECL_TEST_ADAPTER;

/** A new context; the test closes it. */
export const openTestContext = (options: ContextOptions = {}): Promise<Context> =>
  openContext(platform, { poison: true, adapter, ...options });

/** The first `few` cases of a table in a page, where the WGSL is the same as in Node; all cases in Node. */
export const inPage = <T>(cases: readonly T[], few: number): readonly T[] =>
  isInBrowser ? cases.slice(0, few) : cases;
