/**
 * Every file of shaders/, found by reading the folder: it parses as it stands, also for the GPU's compiler, keeps to what
 * the CPU interpreter reads rightly, and FEATURES.md says which test runs each of its entry points.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ResourceType, type StructInfo, type TypeInfo, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Context } from '../../runtime/index.ts';
import { emit } from '../../runtime/kernel/emit.ts';
import { type KernelInterface, reflect, type UniformField } from '../../runtime/kernel/reflect.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { claimsOf } from '../helpers/claims.ts';
import { shaderFiles, shaderText } from '../helpers/interpreter.ts';

const entriesOf = (file: string): string[] => new WgslReflect(shaderText(file)).entry.compute.map(({ name }) => name);

/** What wgsl_reflect reads, as the runtime describes it. */
function parsed(text: string, entry: string): KernelInterface {
  const { resources } = new WgslReflect(text).entry.compute.find(({ name }) => name === entry)!;
  const storage = resources.filter(({ resourceType }) => resourceType !== ResourceType.Uniform);
  const uniform = resources.find(({ resourceType }) => resourceType === ResourceType.Uniform);
  return {
    storage: storage
      .map(
        ({ name, binding, access }) => ({ name, binding, access: access === 'read' ? access : 'read_write' }) as const,
      )
      .sort((a, b) => a.binding - b.binding),
    uniform: uniform
      ? {
          binding: uniform.binding,
          bytes: Math.ceil(uniform.size / 16) * 16,
          fields: new Map(
            (uniform.type as StructInfo).members.map(({ name, offset, size, type }) => [
              name,
              { offset, bytes: size, type: scalarOf(type), count: size / 4 },
            ]),
          ),
        }
      : null,
  };
}

/** The scalar type of a scalar, a vector or an array of vectors. */
function scalarOf(type: TypeInfo & { format?: TypeInfo | null }): UniformField['type'] {
  return type.format ? scalarOf(type.format) : (type.name as UniformField['type']);
}

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

test('the folder is found', () => {
  expect(shaderFiles().length).toBeGreaterThan(10);
});

describe.each(shaderFiles())('%s', (file) => {
  const text = shaderText(file);

  test('parses, and its bindings are what the runtime can bind', () => {
    for (const entry of entriesOf(file)) expect(reflect(file, text, entry).storage.length).toBeGreaterThan(0);
    expect(entriesOf(file).length > 0 || file === 'random.wgsl').toBe(true); // random.wgsl is put into other files
  });

  test('the bindings and the layout of uniforms are those that a parser of WGSL finds', () => {
    for (const entry of entriesOf(file)) expect(reflect(file, text, entry)).toEqual(parsed(text, entry));
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

  test('FEATURES.md names a test for each entry point, which then checks at its end that it ran it', () => {
    const claims = claimsOf(readFileSync('FEATURES.md', 'utf8')).filter(({ name }) => name.startsWith(`${file}:`));
    expect(claims.map(({ name }) => name)).toEqual(entriesOf(file).map((entry) => `${file}:${entry}`));
    const untested = claims.filter(({ testedIn, cells }) => testedIn.length === 0 && cells['not run'] === '');
    expect(untested).toEqual([]);
  });
});
