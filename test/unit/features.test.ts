/**
 * FEATURES.md is made from the public exports of runtime/ and the tests that exist. When it is out of date this test fails
 * with its new text: paste that.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** What an op does in the same launches, where that is more than its name says. */
const FUSED: Readonly<Record<string, string>> = {
  batchNorm: 'residual sum, ReLU',
  crossEntropy: 'log-softmax',
  ntXent: 'similarities, log-softmax',
  normPenalty: 'square, sum, root',
  SGD: 'all parameters in a launch',
  LARS: 'all parameters in a launch, after one for the ratios',
  Adam: 'all parameters in a launch, after one for the powers',
};

/** Ops that leave no tape, and why. */
const NO_BACKWARD: Readonly<Record<string, string>> = {
  map: 'no: any WGSL expression, for ops and their gradients',
  sumTo: 'no: part of the gradients of broadcasting ops',
};

/** The tests of ops on tensors that are stored as f16. */
const HALVES = 'grad/half';

/** Test files that run a thing on the device; what stands in test/unit and test/e2e does not name single ops. */
const tests = ['grad', 'oracle'].flatMap((folder) =>
  readdirSync(new URL(`test/${folder}/`, root))
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => ({ name: `${folder}/${name.replace('.test.ts', '')}`, text: read(`test/${folder}/${name}`) })),
);

/** The gradient suite gives every check the op's name; `rt.NAME` elsewhere only uses it. */
const gradientTestsOf = (name: string) =>
  tests.filter(({ text }) => text.includes('checkGradients(') && text.includes(`'${name}'`));

const usersOf = (name: string) => tests.filter(({ text }) => new RegExp(`\\brt\\.${name}\\b`).test(text));

/** Public functions or classes of the modules in a folder of runtime/, by module. */
async function exportsOf(folder: string): Promise<{ module: string; name: string }[]> {
  const modules = [...read('runtime/index.ts').matchAll(new RegExp(`from './${folder}/(\\w+)\\.ts'`, 'g'))];
  const found = modules.map(async ([, module]) => {
    const exported = Object.keys(await import(`../../runtime/${folder}/${module}.ts`));
    return exported.filter((name) => name in rt).map((name) => ({ module, name }));
  });
  return (await Promise.all(found)).flat();
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(headings), row(headings.map(() => '---')), ...rows.map(row)].join('\n');

const names = (found: typeof tests): string => found.map(({ name }) => name).join(', ');

async function features(): Promise<string> {
  const ops = (await exportsOf('ops')).map(({ module, name }) => {
    const checks = gradientTestsOf(name);
    const variants = checks.some(({ name, text }) => name !== HALVES && text.includes('describeConvVariants('))
      ? 'every conv variant'
      : '';
    const backward = checks.length > 0 ? 'yes' : (NO_BACKWARD[name] ?? 'untested');
    const types = checks.some((check) => check.name === HALVES) ? 'f32, f16' : 'f32';
    return [`\`${name}\``, module, types, backward, FUSED[name] ?? '', variants, names(checks)];
  });
  const optimizers = (await exportsOf('optim'))
    .filter(({ module }) => module === 'optimizer')
    .map(({ name }) => [`\`${name}\``, FUSED[name] ?? '', names(usersOf(name))]);
  return `# Features

What the tensor runtime can do, and which test shows it. Made by test/unit/features.test.ts, which fails when this file
is out of date. Gradients are compared with central differences of an f64 reference (\`npm run gradcheck\`); the whole
network, its losses and training with TensorFlow.js (oracle/tfjs). Every kernel but the matrix product also runs on a CPU
interpreter, with a check for races (test/kernel). The layers \`Linear\`, \`Conv2d\` and \`BatchNorm\` are their ops with
weights; grad/network and oracle/tfjs run them. f16 is how a tensor is stored, where the adapter has shader-f16: kernels
compute in f32, and sums, products, losses and every gradient are f32.

## Ops

${table(['op', 'module', 'forward', 'backward', 'fused', 'variants', 'tested in'], ops)}

Empty: nothing more than the name says; no variants; no test of its own, but those of the ops that use it.

## Optimizers

${table(['class', 'fused', 'tested in'], optimizers)}
`;
}

test('FEATURES.md is up to date', async () => {
  const text = await features();
  expect(read('FEATURES.md'), `FEATURES.md is out of date. Its text must be:\n\n${text}`).toBe(text);
});

test('every op has a gradient test, or a reason for having no gradient; the tables name what exists', async () => {
  const ops = (await exportsOf('ops')).map(({ name }) => name);
  expect(ops.length).toBeGreaterThan(30);
  expect(ops.filter((name) => gradientTestsOf(name).length === 0 && !NO_BACKWARD[name])).toEqual([]);
  expect([...Object.keys(FUSED), ...Object.keys(NO_BACKWARD)].filter((name) => !(name in rt))).toEqual([]);
  expect(Object.keys(NO_BACKWARD).filter((name) => gradientTestsOf(name).length > 0)).toEqual([]);
});

test('a fused loss stands beside its unfused composition', () => {
  for (const name of ['ntXent', 'normPenalty']) expect(rt).toHaveProperty(`${name}Unfused`);
});
