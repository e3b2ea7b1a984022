/** transpose.wgsl on the CPU; and that copies into another memory order keep every element where it belongs. */
import { beforeAll, expect, test } from 'vitest';
import type { Context } from '../../runtime/index.ts';
import { copyOf } from '../../runtime/ops/layout.ts';
import { sharedContext } from '../helpers/adapter.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
beforeAll(async () => {
  context = await sharedContext();
});

test.each([
  { batch: 1, rows: 4, cols: 4 },
  { batch: 2, rows: 8, cols: 36 }, // one column of blocks beyond the lanes'
  { batch: 1, rows: 36, cols: 132 }, // and one beyond a workgroup's, both ways
])('transpose_blocks: $batch x $rows x $cols', ({ batch, rows, cols }) => {
  const x = Float32Array.from({ length: batch * rows * cols }, (_, i) => i);
  expectOnCpu(
    {
      kernel: { file: 'transpose.wgsl', entry: 'transpose_blocks' },
      bindings: { x, y: new Float32Array(x.length) },
      uniforms: { rowQuads: rows / 4, colQuads: cols / 4 },
      groups: [Math.ceil(cols / 128), Math.ceil(rows / 32), batch],
    },
    {
      y: Array.from(x, (_, at) => {
        const [b, c, r] = [Math.floor(at / (rows * cols)), Math.floor(at / rows) % cols, at % rows];
        return (b * rows + r) * cols + c;
      }),
    },
    tolerance.exact,
  );
});

test.each([
  { shape: [8, 12], from: [0, 1], to: [1, 0], kernel: 'transpose.wgsl:transpose_blocks' },
  { shape: [16, 8, 3, 3], from: [2, 3, 1, 0], to: [2, 3, 0, 1], kernel: 'transpose.wgsl:transpose_blocks' },
  { shape: [2, 4, 6, 6], from: [0, 1, 2, 3], to: [0, 2, 3, 1], kernel: 'transpose.wgsl:transpose_blocks' },
  { shape: [8, 1, 12], from: [0, 1, 2], to: [2, 0, 1], kernel: 'transpose.wgsl:transpose_blocks' },
  { shape: [4, 4, 4], from: [0, 1, 2], to: [2, 1, 0], kernel: 'elementwise.wgsl:strided' }, // no two runs
  { shape: [8, 6], from: [0, 1], to: [1, 0], kernel: 'elementwise.wgsl:strided' }, // not a multiple of 4
])('$shape, memory order $from to $to', async ({ shape, from, to, kernel }) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, (_, i) => i);
  const x = context.tensor(values, shape, { order: from });
  const plan = await context.record(() => copyOf(x, to));
  expect(plan.labels).toEqual([kernel]);
  plan.run();
  expect(await plan.outputs.read()).toEqual(values);
});
