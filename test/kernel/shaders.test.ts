/**
 * Every file of shaders/, found by reading the folder: it parses as it stands, also for the GPU's compiler, keeps to what
 * the CPU interpreter reads rightly, and each of its entry points is run by a test of this folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Context } from '../../runtime/index.ts';
import { emit } from '../../runtime/kernel/emit.ts';
import { reflect } from '../../runtime/kernel/reflect.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { shaderFiles, shaderText } from '../helpers/interpreter.ts';

/** Files that no test of this folder runs, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'conv.wgsl': 'the interpreter takes a subgroup for one lane; test/grad runs every variant on the GPU',
  'conv_weight.wgsl': 'the interpreter takes a subgroup for one lane; test/grad runs every variant on the GPU',
};

const entriesOf = (file: string): string[] => new WgslReflect(shaderText(file)).entry.compute.map(({ name }) => name);

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

test('the folder is found', () => {
  expect(shaderFiles().length).toBeGreaterThan(10);
  expect(Object.keys(NOT_RUN).filter((file) => !shaderFiles().includes(file))).toEqual([]);
});

describe.each(shaderFiles())('%s', (file) => {
  const text = shaderText(file);

  test('parses, and its bindings are what the runtime can bind', () => {
    for (const entry of entriesOf(file)) expect(reflect(file, text, entry).storage.length).toBeGreaterThan(0);
    expect(entriesOf(file).length > 0 || file === 'random.wgsl').toBe(true); // random.wgsl is put into other files
  });

  test("the GPU's compiler accepts it, loops unrolled as the emitter does", async (t) => {
    const needs = /^enable (.*);/m.exec(text)?.[1].split(', ') ?? [];
    const features = context.device.gpu.features as ReadonlySet<string>;
    const missing = needs.find((feature) => !features.has(feature === 'f16' ? 'shader-f16' : feature));
    if (missing) t.skip(`the adapter has no feature "${missing}"`);
    const code = emit({ file, source: text, entry: '' });
    const { messages } = await context.device.gpu.createShaderModule({ code }).getCompilationInfo();
    expect(messages.map(({ message }) => message)).toEqual([]);
  });

  test('begins with what it is, and says workgroup sizes in three numbers', () => {
    expect(text).toMatch(/^(enable [^\n]+;\n)?\/\/ \S/);
    const sizes = text.match(/@workgroup_size\([^)]*\)/g) ?? [];
    expect(sizes.length).toBe(entriesOf(file).length);
    expect(sizes.filter((size) => size.split(',').length !== 3)).toEqual([]);
  });

  test('a function with a barrier has no early return', () => {
    const functions = text.split(/^(?=@compute|fn )/m).filter((part) => part.includes('Barrier()'));
    expect(functions.filter((part) => /\breturn\s*;/.test(part))).toEqual([]);
  });

  test('every entry point is run by a test of this folder', (t) => {
    if (NOT_RUN[file]) t.skip(NOT_RUN[file]);
    const here = new URL('./', import.meta.url);
    const tests = readdirSync(here).map((name) => readFileSync(new URL(name, here), 'utf8'));
    const unrun = entriesOf(file).filter((entry) => !tests.some((source) => source.includes(`'${entry}'`)));
    expect(unrun).toEqual([]);
  });
});
