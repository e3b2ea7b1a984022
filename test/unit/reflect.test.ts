/** Bindings and layouts that no file of shaders/ has; test/kernel/shaders.test.ts compares those with a parser of WGSL. */
import { expect, test } from 'vitest';
import { OeclError } from '../../runtime/index.ts';
import { packUniforms, reflect } from '../../runtime/kernel/reflect.ts';

const HEAD = '@compute @workgroup_size(64, 1, 1) fn main()';

/** The layout of a struct with these fields: offset and bytes by name. */
function layoutOf(fields: string) {
  const text = `alias V = vec4<f32>; const N: u32 = 2u; struct S { ${fields} }
    @group(0) @binding(0) var<uniform> s: S; ${HEAD} { _ = s; }`;
  const { bytes, fields: found } = reflect('a.wgsl', text, 'main').uniform!;
  return {
    bytes,
    ...Object.fromEntries(Array.from(found, ([name, { offset, bytes: size }]) => [name, [offset, size]])),
  };
}

// offsets by hand from the alignments of WGSL, section 14.4.1
test.each([
  ['a: u32', { bytes: 16, a: [0, 4] }],
  ['a: f32, b: vec3<f32>, c: f32', { bytes: 32, a: [0, 4], b: [16, 12], c: [28, 4] }],
  ['a: vec2i, b: vec2<u32>, c: i32, d: vec2f,', { bytes: 32, a: [0, 8], b: [8, 8], c: [16, 4], d: [24, 8] }],
  ['a: u32, b: array<vec4<u32>, N + 1>, c: V', { bytes: 80, a: [0, 4], b: [16, 48], c: [64, 16] }],
  ['a: array<vec3f, 2>, b: f32', { bytes: 48, a: [0, 32], b: [32, 4] }],
])('%s', (fields, layout) => {
  expect(layoutOf(fields)).toEqual(layout);
});

test('numbers are written as their type says', () => {
  const text = `struct S { a: f32, b: vec2<i32>, c: u32 } @group(0) @binding(0) var<uniform> s: S; ${HEAD} { _ = s; }`;
  const view = new DataView(packUniforms('a', reflect('a.wgsl', text, 'main').uniform!, { a: 0.5, b: [-1, 2], c: 7 }));
  const [a, b0, b1, c] = [
    view.getFloat32(0, true),
    view.getInt32(8, true),
    view.getInt32(12, true),
    view.getUint32(16, true),
  ];
  expect([a, b0, b1, c]).toEqual([0.5, -1, 2, 7]);
});

test('only what the entry point uses is bound, through functions too, whatever order attributes have', () => {
  const text = `
    const FIRST: u32 = 2u;
    @binding(FIRST + 1) @group(0) var<storage, read_write> out: array<f32>;
    @group(0) @binding(1)
    var<storage> x: array<f32>; // var<storage> inComment: array<f32>;
    /* @group(0) @binding(9) var<storage> gone: array<f32>; */
    @group(0) @binding(5) var<storage, read> other: array<f32>;
    var<workgroup> shared: array<f32, 64>;
    fn inner(i: u32) -> f32 { return x[i]; }
    fn unused() { _ = other[0]; }
    ${HEAD} { if (true) { shared[0] = inner(0u); } out[0] = shared[0]; /* gone */ }`;
  expect(reflect('a.wgsl', text, 'main')).toEqual({
    storage: [
      { name: 'x', binding: 1, access: 'read' },
      { name: 'out', binding: 3, access: 'read_write' },
    ],
    uniform: null,
  });
});

test.each([
  ['@group(1) @binding(0) var<storage> x: array<f32>;', '"x" is in group 1'],
  ['@group(0) var<storage> x: array<f32>;', '"x" has no @binding'],
  ['@group(0) @binding(0) var<uniform> x: vec4<f32>;', 'the type "vec4<f32>", expected a struct'],
  ['struct S { a: u32, m: mat2x2<f32> } @group(0) @binding(0) var<uniform> x: S;', 'the layout of "m: mat2x2<f32>"'],
  ['struct S { @align(16) a: u32 } @group(0) @binding(0) var<uniform> x: S;', 'the layout of "@align(16) a: u32"'],
  ['struct S { a: array<u32, 4> } @group(0) @binding(0) var<uniform> x: S;', 'the layout of "a: array<u32, 4>"'],
  [
    'struct S { a: u32 } @group(0) @binding(0) var<uniform> x: S; @group(0) @binding(1) var<uniform> y: S;',
    '"main" has two uniform structs',
  ],
])('%s is refused', (declarations, words) => {
  const find = () => reflect('a.wgsl', `${declarations} ${HEAD} { _ = x; _ = y; }`, 'main');
  expect(find).toThrow(OeclError);
  expect(find).toThrow(words);
});

test('a missing entry point is named', () => {
  expect(() => reflect('a.wgsl', `${HEAD} {}`, 'other')).toThrow('a.wgsl has no entry point "other"');
});
