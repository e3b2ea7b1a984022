/** Shared by the gradient tests: one context per variant, and one line in the reporter's table per check. */
import { beforeAll, describe, expect, type TestContext } from 'vitest';
import {
  describeGradCheck,
  type F64Array,
  type GradCheckOptions,
  gradCheck,
} from '../../runtime/gradcheck/gradCheck.ts';
import type { Context, Variants } from '../../runtime/index.ts';
import { sharedContext } from './adapter.ts';
import { show } from './claims.ts';
import { DIFFERENCES, type Tolerance } from './tolerances.ts';

/** One line of the table; `task.meta.gradChecks` carries them to the reporter. */
export interface GradMeasurement {
  op: string;
  variant: string;
  adapter: string;
  worstError: number;
  tolerance: number;
  toleranceName: string;
  checked: number;
  kinks: number;
  passed: boolean;
}

declare module 'vitest' {
  interface TaskMeta {
    gradChecks?: GradMeasurement[];
  }
}

export interface Suite {
  readonly context: Context;
  readonly variant: string;
  /** True if the tensors are stored as f16. */
  readonly isHalf: boolean;
  /** What references returned, by check and inputs, for the other variants of the suite. */
  readonly known: Map<string, F64Array>;
  /** Skips the test, with the reason, if the adapter lacks a feature that the variant needs. */
  require(test: TestContext): void;
}

/** What a suite runs on. */
interface Setup {
  variant: string;
  variants: Partial<Variants>;
  known?: Map<string, F64Array>;
  /** Tensors that are stored as f16. */
  f16?: boolean;
}

/** The missing feature that the suite needs, or undefined. */
function missingFeature({ features }: Context, { variant, f16 = false }: Setup): string | undefined {
  if (f16 && !features.f16) return 'shader-f16';
  return variant === 'subgroup' && !features.subgroups ? 'subgroups' : undefined;
}

function suiteOn(setup: Setup, cases: (suite: Suite) => void): void {
  const { variant, variants } = setup;
  let context: Context | null = null;
  beforeAll(async () => {
    context = await sharedContext();
    if (!missingFeature(context, setup)) context = await sharedContext(variants);
  });
  cases({
    variant,
    isHalf: setup.f16 === true,
    known: setup.known ?? new Map(),
    get context() {
      return context!;
    },
    require(test) {
      const feature = missingFeature(context!, setup);
      if (feature) test.skip(`variant ${variant}: the adapter has no feature "${feature}"`);
    },
  });
}

/** Cases of an op without kernel variants. */
export function describeOp(name: string, cases: (suite: Suite) => void): void {
  describe(name, () => suiteOn({ variant: 'default', variants: {} }, cases));
}

/** The same on f16 tensors, if the adapter supports them. */
export function describeHalves(name: string, cases: (suite: Suite) => void): void {
  describe(`${name} in f16`, () => suiteOn({ variant: 'default', variants: {}, f16: true }, cases));
}

/** Cases of an op that uses conv.wgsl, once per variant. */
export function describeConvVariants(name: string, cases: (suite: Suite) => void, { f16 = false } = {}): void {
  const known = new Map<string, F64Array>();
  describe.each(['subgroup', 'workgroup', 'register'] as const)(`${name}${f16 ? ' in f16' : ''}, variant %s`, (conv) =>
    suiteOn({ variant: conv, variants: { conv }, f16, known }, cases),
  );
}

export interface GradCase extends Omit<GradCheckOptions, 'tolerance' | 'gradientTolerance' | 'floor'> {
  /** Of the values. */
  within: Tolerance;
  /** Of the gradients. Default `within`. */
  gradientsWithin?: Tolerance;
}

/** Compares forward with the reference and backward with its central differences; reports the errors. */
export async function checkGradients(suite: Suite, test: TestContext, op: string, options: GradCase): Promise<void> {
  show(op, suite);
  suite.require(test);
  const { within, gradientsWithin = within, reference, ...rest } = options;
  const result = await gradCheck(suite.context, {
    ...rest,
    reference: suite.variant === 'default' ? reference : onceFor(suite.known, checkOf(test), reference),
    tolerance: within.relative,
    gradientTolerance: Math.max(gradientsWithin.relative, DIFFERENCES),
    floor: gradientsWithin.floor,
  });
  const { comparisons, checked, kinks, passed } = result;
  const worst = comparisons.reduce((a, b) => (ratio(b) > ratio(a) ? b : a));
  test.task.meta.gradChecks = [
    ...(test.task.meta.gradChecks ?? []),
    {
      op,
      variant: suite.variant,
      adapter: suite.context.info.description,
      worstError: worst.worstError,
      tolerance: worst.tolerance,
      toleranceName: worst.what === 'output' ? within.name : gradientsWithin.name,
      checked,
      kinks,
      passed,
    },
  ];
  expect(passed, describeGradCheck(result)).toBe(true);
}

/** The test, and which of its checks comes next: the same in every variant. */
const checkOf = ({ task }: TestContext): string => `${task.name} ${task.meta.gradChecks?.length ?? 0}`;

/** The reference, computed once for all variants: they are given the same inputs. */
function onceFor(known: Suite['known'], check: string, reference: GradCheckOptions['reference']): typeof reference {
  return (...inputs) => {
    const key = `${check} ${hashOf(inputs)}`;
    let output = known.get(key);
    if (!output) known.set(key, (output = reference(...inputs)));
    return output;
  };
}

/** 64 bits of all values. */
function hashOf(inputs: readonly F64Array[]): string {
  let [a, b] = [1, 2];
  for (const { data } of inputs) {
    for (const word of new Uint32Array(data.buffer, data.byteOffset, 2 * data.length)) {
      a = Math.imul(a ^ word, 0x01000193);
      b = Math.imul(b ^ word, 0x5bd1e995) ^ (b >>> 13);
    }
  }
  return `${a} ${b}`;
}

const ratio = ({ worstError, tolerance }: { worstError: number; tolerance: number }): number =>
  worstError === 0 ? 0 : worstError / tolerance;
