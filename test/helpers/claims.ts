/**
 * FEATURES.md lists, for each op, optimizer and kernel, the test files that cover it. Tests record what they check; at the
 * end of each file (checkClaims.ts), the record must equal what FEATURES.md claims about the file. So claims rest on tests
 * that ran, whichever files run.
 */
import { expect, type RunnerTestCase, type RunnerTestSuite } from 'vitest';
import features from '../../FEATURES.md?raw';

/** A row of one of FEATURES.md's tables. */
export interface Claim {
  /** Op, optimizer, or kernel as `file.wgsl:entry`. */
  name: string;
  /** The other cells, by the heading of their column. */
  cells: Record<string, string>;
  /** `grad/elementwise` and the like. */
  testedIn: string[];
}

const CONV_VARIANTS = ['register', 'subgroup', 'workgroup'];
export const EVERY_CONV_VARIANT = 'every conv variant';

/** Every row whose first cell is a name in backticks. */
export function claimsOf(text: string): Claim[] {
  const claims: Claim[] = [];
  let headings: string[] = [];
  for (const line of text.split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .slice(1, line.lastIndexOf('|'))
          .split('|')
          .map((cell) => cell.trim())
      : [];
    const name = /^`(.+)`$/.exec(cells[0] ?? '')?.[1];
    if (name === undefined) {
      if (cells.length > 0 && !cells[0].startsWith('-')) headings = cells;
      continue;
    }
    const byHeading = Object.fromEntries(headings.map((heading, i) => [heading, cells[i]]));
    const testedIn = byHeading['tested in'].split(', ').filter((file) => file !== '');
    claims.push({ name, cells: byHeading, testedIn });
  }
  return claims;
}

/** What a test checks. */
interface Shown {
  name: string;
  /** Variant of conv.wgsl; `default` if there are none. */
  variant: string;
  isHalf: boolean;
}

const shown: Shown[] = [];

/** Records a check that FEATURES.md may claim. A failing check fails its test. */
export function show(name: string, { variant = 'default', isHalf = false } = {}): void {
  shown.push({ name, variant, isHalf });
}

/** The differences between a file's record and FEATURES.md. @param isWhole no test was skipped for a missing feature */
export function differences(
  file: string,
  claims: readonly Claim[],
  record: readonly Shown[],
  isWhole: boolean,
): string[] {
  return claims.flatMap(({ name, cells, testedIn }) => {
    const own = record.filter((each) => each.name === name);
    const isClaimed = testedIn.includes(file);
    if (own.length === 0) return isClaimed && isWhole ? [`${name}: no test of ${file} checks it`] : [];
    if (!isClaimed) return [`${name}: "tested in" lacks ${file}`];
    const found: string[] = [];
    const halves = own.some(({ isHalf }) => isHalf);
    if (halves && !cells.forward.includes('f16')) found.push(`${name}: "forward" lacks f16`);
    const variants = CONV_VARIANTS.filter((variant) => own.some((each) => each.variant === variant && !each.isHalf));
    const claimsVariants = cells.variants === EVERY_CONV_VARIANT;
    const areAll = variants.length === CONV_VARIANTS.length;
    if (areAll && !claimsVariants) found.push(`${name}: "variants" lacks ${EVERY_CONV_VARIANT}`);
    if (!areAll && claimsVariants && !halves && isWhole)
      found.push(`${name}: only ${variants.join(', ') || 'no'} variants`);
    return found;
  });
}

function testsOf(suite: RunnerTestSuite): RunnerTestCase[] {
  return suite.tasks.flatMap((task) => (task.type === 'suite' ? testsOf(task) : [task as RunnerTestCase]));
}

/** Whether a test ran or skipped itself: then it has a duration. Tests excluded by the command line have none. */
const isOfTheRun = ({ result }: RunnerTestCase): boolean =>
  result !== undefined && (result.state !== 'skip' || result.duration !== undefined);

/** Before each test file: files share this module. */
export function startRecord(): void {
  shown.length = 0;
}

/** After the tests of a file. @throws if FEATURES.md says anything else about it than its tests */
export function checkClaims(file: RunnerTestSuite): void {
  const tests = testsOf(file);
  if (!tests.every(isOfTheRun) || tests.some(({ result }) => result!.state === 'fail')) return; // incomplete record
  const name = /(\w+\/\w+)\.test\.ts$/.exec(file.name)![1];
  const isWhole = tests.every(({ result }) => result!.state === 'pass');
  const found = differences(name, claimsOf(features), shown, isWhole);
  expect(found, `FEATURES.md does not say what ${name} shows`).toEqual([]);
}
