/** A kernel's key: two specs share a pipeline if and only if they emit the same source for the same entry point. */
import { expect, test } from 'vitest';
import { emit } from '../../runtime/kernel/emit.ts';
import { type KernelSpec, kernelKey } from '../../runtime/kernel/spec.ts';

const source = `const WIDTH: u32 = 4u; // @param
// @slot body
// @end
`;
const spec: KernelSpec = { file: 'a.wgsl', source, entry: 'main' };

test.each<[string, Partial<KernelSpec>]>([
  ['another parameter', { params: { WIDTH: 8 } }],
  ['another slot', { slots: { body: '// filled' } }],
  ['another included file', { include: ['// helpers'] }],
])('%s: different source, different key', (_, change) => {
  const other = { ...spec, ...change };
  expect(emit(other)).not.toBe(emit(spec));
  expect(kernelKey(other)).not.toBe(kernelKey(spec));
});

test('equal specs have equal keys; another entry point has a different key', () => {
  expect(kernelKey({ ...spec, params: {} })).toBe(kernelKey(spec));
  expect(kernelKey({ ...spec, entry: 'other' })).not.toBe(kernelKey(spec));
});
