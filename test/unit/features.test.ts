/**
 * FEATURES.md has a row for every public op and optimizer of runtime/. What a row says about tests is checked by those tests
 * themselves, after they ran (test/helpers/claims.ts).
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { type Claim, claimsOf, differences, EVERY_CONV_VARIANT } from '../helpers/claims.ts';

const root = new URL('../..', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** What an op fuses into the same launches beyond what its name says. */
const FUSED: Readonly<Record<string, string>> = {
  batchNorm: 'residual sum, ReLU',
  binaryCrossEntropy: 'sigmoid, logarithm',
  crossEntropy: 'log-softmax',
  deepSadLoss: 'distance',
  focalLoss: 'sigmoid, logarithm, weight',
  hypersphereLoss: 'distance, logarithm',
  ntXent: 'similarities, log-softmax',
  normPenalty: 'square, sum, root',
  supCon: 'similarities, log-softmax',
  uniformity: 'distances, exponentials, logarithm',
  SGD: 'all parameters in a launch',
  LARS: 'all parameters in a launch, after one for the ratios',
  Adam: 'all parameters in a launch, after one for the powers',
};

/** Ops that record nothing on the tape, and why. */
const NO_BACKWARD: Readonly<Record<string, string>> = {
  map: 'no: any WGSL expression, for ops and their gradients',
  sumTo: 'no: part of the gradients of broadcasting ops',
};

/** Public functions and classes of the modules in a folder of runtime/, by module. */
async function exportsOf(folder: string): Promise<{ module: string; name: string }[]> {
  const modules = [...read('runtime/index.ts').matchAll(new RegExp(`from './${folder}/(\\w+)\\.ts'`, 'g'))];
  const found = modules.map(async ([, module]) => {
    const exported = Object.keys(
      await import(/* @vite-ignore */ new URL(`runtime/${folder}/${module}.ts`, root).pathname),
    );
    return exported.filter((name) => name in rt).map((name) => ({ module, name }));
  });
  return (await Promise.all(found)).flat();
}

const publicOps = async () => [...(await exportsOf('nn/functional')), ...(await exportsOf('ops'))];

const claims = claimsOf(read('FEATURES.md'));
const claimOf = (name: string): Claim => {
  const claim = claims.find((each) => each.name === name);
  expect(claim, `FEATURES.md has no row for ${name}`).toBeDefined();
  return claim!;
};

test('every public op has a row, in the order of the exports, with its module and what it fuses', async () => {
  const ops = await publicOps();
  expect(ops.length).toBeGreaterThan(30);
  const rows = ops.map(({ name }) => claimOf(name));
  expect(claims.filter(({ name }) => ops.some((op) => op.name === name))).toEqual(rows);
  ops.forEach(({ module, name }, i) => {
    expect(rows[i].cells, name).toMatchObject({ module, fused: FUSED[name] ?? '' });
  });
});

test('every op has a gradient test, or a reason for having no gradient', async () => {
  for (const { name } of await publicOps()) {
    const { cells, testedIn } = claimOf(name);
    const isShown = testedIn.some((file) => file.startsWith('grad/'));
    expect([cells.backward, isShown], name).toEqual(NO_BACKWARD[name] ? [NO_BACKWARD[name], false] : ['yes', true]);
    const hasHalfTest = testedIn.includes('grad/half');
    expect(cells.forward, name).toBe(hasHalfTest ? 'f32, f16' : 'f32');
    expect(['', EVERY_CONV_VARIANT], name).toContain(cells.variants);
  }
});

test('every optimizer has a row with a test', async () => {
  const optimizers = (await exportsOf('optim')).filter(({ module }) => module === 'optimizer');
  for (const { name } of optimizers) {
    expect(claimOf(name).testedIn, name).toEqual(['oracle/optimizers']);
    expect(claimOf(name).cells.fused, name).toBe(FUSED[name]);
  }
});

test('rows and reasons name existing ops; the named files run the check at their end', async () => {
  const known = (name: string) => name in rt || name.includes('.wgsl:');
  expect(
    [...claims.map(({ name }) => name), ...Object.keys(FUSED), ...Object.keys(NO_BACKWARD)].filter(
      (name) => !known(name),
    ),
  ).toEqual([]);
  const files = new Set(claims.flatMap(({ testedIn }) => testedIn));
  for (const file of files) {
    // helpers that import claims.ts: importing them registers the check
    expect(read(`test/${file}.test.ts`), file).toMatch(/helpers\/(gradSuite|interpreter|claims)\.ts'/);
  }
});

test('a claim without a check and a check without a claim are detected', () => {
  const text = [
    '| op | forward | variants | tested in |',
    '| --- | --- | --- | --- |',
    '| `add` | f32 |  | grad/a |',
    '| `conv` | f32 | every conv variant | grad/a, grad/b |',
  ].join('\n');
  const rows = claimsOf(text);
  const add = { name: 'add', variant: 'default', isHalf: false };
  const convs = ['register', 'subgroup', 'workgroup'].map((variant) => ({ name: 'conv', variant, isHalf: false }));
  expect(differences('grad/a', rows, [add, ...convs], true)).toEqual([]);
  expect(differences('grad/a', rows, convs, true)).toEqual(['add: no test of grad/a checks it']);
  expect(differences('grad/a', rows, convs, false)).toEqual([]); // a test was skipped because a feature is missing
  expect(differences('grad/b', rows, [add, ...convs], true)).toEqual(['add: "tested in" lacks grad/b']);
  expect(differences('grad/a', rows, [add, convs[0]], true)).toEqual(['conv: only register variants']);
  expect(differences('grad/a', rows, [{ ...add, isHalf: true }, ...convs], true)).toEqual(['add: "forward" lacks f16']);
});

test('a fused loss is listed with its unfused composition', () => {
  for (const name of ['ntXent', 'normPenalty', 'supCon', 'uniformity']) expect(rt).toHaveProperty(`${name}Unfused`);
});
