/**
 * A table of the gradient checks: op, variant, adapter, worst relative error, tolerance. One line per op and variant, with
 * the check closest to its tolerance. Use: vitest run test/grad --reporter=./test/helpers/gradReporter.ts
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { GradMeasurement } from './gradSuite.ts';

interface Line extends GradMeasurement {
  checks: number;
}

const HEADINGS = ['op', 'variant', 'worst error', 'tolerance', '', 'checks', 'slopes', 'kinks'];

/** The error as a share of the tolerance; infinite for an exact check that fails. */
const share = ({ worstError, tolerance }: GradMeasurement): number => (worstError === 0 ? 0 : worstError / tolerance);

/** One line per op and variant, in order of appearance. */
export function tableOf(measurements: readonly GradMeasurement[]): Line[] {
  const lines = new Map<string, Line>();
  for (const measurement of measurements) {
    const key = `${measurement.op}|${measurement.variant}|${measurement.adapter}`;
    const line = lines.get(key);
    if (!line) {
      lines.set(key, { ...measurement, checks: 1 });
      continue;
    }
    const worse = share(measurement) > share(line) ? measurement : line;
    const { worstError, tolerance, toleranceName } = worse;
    Object.assign(line, { worstError, tolerance, toleranceName });
    line.passed &&= measurement.passed;
    line.checks++;
    line.checked += measurement.checked;
    line.kinks += measurement.kinks;
  }
  return [...lines.values()];
}

function cellsOf({
  op,
  variant,
  worstError,
  tolerance,
  toleranceName,
  checks,
  checked,
  kinks,
  passed,
}: Line): string[] {
  const verdict = passed ? '' : '  FAILED';
  return [
    op,
    variant,
    worstError.toExponential(1),
    tolerance.toExponential(1),
    toleranceName,
    `${checks}`,
    `${checked}`,
    `${kinks}${verdict}`,
  ];
}

export default class GradReporter implements Reporter {
  readonly #measurements: GradMeasurement[] = [];
  readonly #skipped = new Map<string, number>();
  readonly #failures: string[] = [];
  #passed = 0;

  onTestCaseResult(test: TestCase): void {
    this.#measurements.push(...(test.meta().gradChecks ?? []));
    const result = test.result();
    if (result.state === 'passed') this.#passed++;
    if (result.state === 'failed')
      this.#failures.push(`${test.fullName}\n    ${result.errors.map(({ message }) => message).join('\n    ')}`);
    if (result.state === 'skipped')
      this.#skipped.set(result.note ?? 'skipped', (this.#skipped.get(result.note ?? 'skipped') ?? 0) + 1);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { message: string }[]): void {
    const lines = tableOf(this.#measurements);
    const adapters = [...new Set(lines.map(({ adapter }) => adapter))];
    for (const adapter of adapters) {
      console.log(`adapter: ${adapter}`);
      print([HEADINGS, ...lines.filter((line) => line.adapter === adapter).map(cellsOf)]);
    }
    console.log(
      'Errors are relative to max(|expected|, floor x the largest of the tensor); slopes at kinks are set aside.',
    );
    for (const [reason, count] of this.#skipped) console.log(`${count} tests skipped: ${reason}`);
    const broken = modules.flatMap((module) => module.errors().map(({ message }) => `${module.moduleId}: ${message}`));
    for (const failure of [...this.#failures, ...broken, ...unhandledErrors.map(({ message }) => message)])
      console.log(`FAILED ${failure}`);
    console.log(`${this.#passed} passed, ${this.#failures.length + broken.length + unhandledErrors.length} failed`);
  }
}

/** Columns as wide as their widest cell, with numbers right-aligned. */
function print(rows: readonly string[][]): void {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isText = (column: number) => column < 2 || column === 4;
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      isText(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    console.log(cells.join('  ').trimEnd());
  }
}
