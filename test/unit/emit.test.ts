/** The emitter: how its markers transform the shader source. */
import { describe, expect, test } from 'vitest';
import { constantValue } from '../../runtime/kernel/constants.ts';
import { emit } from '../../runtime/kernel/emit.ts';

const emitted = (source: string, params: Record<string, number | string> = {}, slots: Record<string, string> = {}) =>
  emit({ file: 'test.wgsl', source, entry: 'main', params, slots })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'));

describe('constant expressions', () => {
  const text = 'const A: u32 = 6u;\nconst B: u32 = A * 2u + 1u;\n';
  test.each([
    ['7u', 7],
    ['A / 4u', 1],
    ['A % 4u * 3u', 6],
    ['(1u + 2u) * A - 3u', 15],
    ['B', 13],
  ])('%s is %d', (expression, value) => expect(constantValue(text, expression)).toBe(value));

  test('a name that is no constant is refused, and the error names it', () => {
    expect(() => constantValue(text, 'A + C')).toThrow('"C" in "A + C" is not a constant');
  });
});

test('a parameter is replaced; a parameter that the file does not mark is refused', () => {
  const source = 'const N: u32 = 4u; // @param\nalias T = f32; // @param\n';
  expect(emitted(source, { N: 8, T: 'vec4<f32>' })).toEqual([
    'const N: u32 = 8u; // @param',
    'alias T = vec4<f32>; // @param',
  ]);
  expect(() => emitted(source, { M: 8 })).toThrow('test.wgsl has no line "const M');
});

test('a slot is filled; a slot that the file does not have is refused', () => {
  const source = '// @slot body\nx = 1;\n// @end\n';
  expect(emitted(source, {}, { body: 'x = 2;' })).toEqual(['x = 2;']);
  expect(() => emitted(source, {}, { other: '' })).toThrow('test.wgsl has no slot "other"');
});

test('loops are unrolled, also nested, with each copy in its own scope', () => {
  const source = `
    const N: u32 = 2u;
    for (var i = 0u; i < N; i++) { // @unroll
      for (var j = 0u; j < N * 1u; j++) { // @unroll
        let at = i + j;
      }
    }`;
  const text = emitted(source).join(' ');
  expect(text.match(/let at = \d\w \+ \d\w/g)).toEqual([
    'let at = 0u + 0u',
    'let at = 0u + 1u',
    'let at = 1u + 0u',
    'let at = 1u + 1u',
  ]);
  expect(text.match(/\{/g)).toHaveLength(6);
  expect(text).not.toContain('for (');
});

test('a loop whose bound is no constant cannot be unrolled', () => {
  expect(() => emitted('for (var i = 0u; i < n; i++) { // @unroll\n f(i);\n}')).toThrow('"n" in "n" is not a constant');
});

test('directives are placed before everything else', () => {
  expect(emitted('const A: u32 = 1u;\nenable subgroups;\n')[0]).toBe('enable subgroups;');
});
