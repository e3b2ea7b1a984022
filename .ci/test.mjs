/**
 * `npm test`: set-up, lint, types, build, all tests. Ends with one line, `N passed, N failed`, lint and the like included.
 * `npm test -- --quick` leaves out what takes longest; further arguments go to Vitest.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, install, run, TSC } from './setup.mjs';

install();

const given = process.argv.slice(2);
const isQuick = given.includes('--quick');
const vitestArguments = given.filter((argument) => argument !== '--quick');
if (isQuick) vitestArguments.push('--project=node', '--exclude=test/e2e/**');
const LEFT_OUT =
  'quick: left out are test/e2e (whole runs, the command line, the page, the library in other programs), and kernels and ' +
  'gradients in Chrome; npm test runs them too';

let passed = 0;
let failed = 0;

function check(name, action) {
  const began = performance.now();
  process.stdout.write(`\n== ${name}\n`);
  const code = action();
  if (code === 0) passed++;
  else failed++;
  process.stdout.write(
    `== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
  );
}

check('lint', () => run('npx', ['biome', 'check', '--error-on-warnings', '.']));
check('types', () => run(process.execPath, [TSC, '--noEmit']));
check('build', () => build({ always: true }));

const folder = mkdtempSync(join(tmpdir(), 'oecl-test-'));
const report = join(folder, 'report.json');
process.stdout.write(`\n== tests\n${isQuick ? `${LEFT_OUT}\n` : ''}`);
const code = run('npx', [
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...vitestArguments,
]);
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  passed += numPassedTests;
  // a file that does not even load has failed, though no test in it has
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  failed += numFailedTests + broken;
  if (code !== 0 && numFailedTests + broken + numFailedTestSuites === 0) failed++;
} catch {
  failed++;
}
rmSync(folder, { recursive: true, force: true });
if (isQuick) process.stdout.write(`\n${LEFT_OUT}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
