/** cast.wgsl on the CPU, against plain loops. */
import { test } from 'vitest';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

test('to_floats: bytes [2, 3] of a view that begins at byte 1, transposed', () => {
  const bytes = Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 9);
  expectOnCpu(
    {
      kernel: { file: 'cast.wgsl', entry: 'to_floats', params: { PER_WORD: 4 } },
      bindings: { integers: new Uint32Array(bytes.buffer), floats_out: new Float32Array(8).fill(7) },
      uniforms: { count: 6, size: 6, rank: 2, shape: [3, 2], strides: [1, 3], offset: 1 },
      groups: [1, 1, 1],
    },
    { floats_out: [1, 4, 2, 5, 3, 6, 7, 7] },
    tolerance.exact,
  );
});

test('to_integers: six values in two words, what is left of the second is 0', () => {
  const bytes = Uint8Array.of(0, 0, 1, 255, 255, 0, 0, 0);
  expectOnCpu(
    {
      kernel: { file: 'cast.wgsl', entry: 'to_integers', params: { PER_WORD: 4 } },
      bindings: {
        floats: Float32Array.of(-1, 0.9, 1.9, 255.5, 300, Number.NaN),
        integers_out: new Uint32Array(3).fill(7),
      },
      uniforms: { count: 2, size: 6, rank: 0, shape: [], strides: [], offset: 0 },
      groups: [1, 1, 1],
    },
    { integers_out: [...new Uint32Array(bytes.buffer), 7] },
    tolerance.exact,
  );
});
