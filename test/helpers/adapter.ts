/** Contexts for tests: on the adapter chosen by vitest.config.ts, in Node or in Chrome, with NaN in new memory. */
import {
  type Context,
  type ContextOptions,
  openContext,
  type RuntimePlatform,
  type Variants,
} from '../../runtime/index.ts';
import { defaultVariants } from '../../runtime/variants.ts';

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

let shared: Promise<Context> | null = null;

/**
 * The context that the files of a worker share, so that each of their kernels is compiled once. It ends with the process or
 * page; one that failed is replaced. Tests leave nothing in it but memory.
 * @param variants used from here on, those not given as the adapter's features allow
 */
export async function sharedContext(variants: Partial<Variants> = {}): Promise<Context> {
  if (!shared || !isUsable(await shared)) shared = openTestContext();
  const context = await shared;
  const { conv } = { ...defaultVariants(context.features), ...variants };
  Object.assign(context.choices, { fixed: { variant: conv, patch: null }, table: {} });
  return context;
}

function isUsable({ device }: Context): boolean {
  try {
    device.check();
    return true;
  } catch {
    return false;
  }
}

/** The first `few` cases of a table in a page, where the WGSL is the same as in Node; all cases in Node. */
export const inPage = <T>(cases: readonly T[], few: number): readonly T[] =>
  isInBrowser ? cases.slice(0, few) : cases;
