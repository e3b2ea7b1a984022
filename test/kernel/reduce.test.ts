/** Sums and rows: reduce.wgsl, slices_sum.wgsl, rows.wgsl on the CPU, against plain loops. */
import { expect, test } from 'vitest';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu, runOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

const draw = (shape: number[], options = {}) => Float32Array.from(uniformInput(shape, options).values);

const sumWhere = (length: number, f: (i: number) => number): number =>
  Array.from({ length }, (_, i) => f(i)).reduce((a, b) => a + b, 0);

/** A reduction, and a grid of all its workgroups as groups2d() folds it. */
interface Folded {
  keep: number;
  rows: number;
  cols: number;
  rowsPerSlice: number;
  groups: [number, number, number];
}

test.each([
  { keep: 1, rows: 1, cols: 1, rowsPerSlice: 1, groups: [1, 1, 1] },
  { keep: 2, rows: 5, cols: 70, rowsPerSlice: 3, groups: [8, 1, 1] },
  { keep: 2, rows: 5, cols: 70, rowsPerSlice: 3, groups: [3, 3, 1] }, // folded, with one workgroup to spare
  { keep: 1, rows: 8, cols: 64, rowsPerSlice: 4, groups: [2, 1, 1] },
  { keep: 1, rows: 7, cols: 65, rowsPerSlice: 8, groups: [1, 2, 1] },
] satisfies Folded[])('reduce_columns: $keep x $rows x $cols in slices of $rowsPerSlice, grid $groups', (each) => {
  const { keep, rows, cols, rowsPerSlice, groups } = each;
  const slices = Math.ceil(rows / rowsPerSlice);
  const x = draw([keep, rows, cols]);
  const y = Array.from({ length: keep * slices * cols }, (_, i) => {
    const [k, slice, col] = [Math.floor(i / (slices * cols)), Math.floor(i / cols) % slices, i % cols];
    const first = slice * rowsPerSlice;
    return 0.5 * sumWhere(Math.min(rowsPerSlice, rows - first), (r) => x[(k * rows + first + r) * cols + col]);
  });
  expectOnCpu(
    {
      kernel: { file: 'reduce.wgsl', entry: 'reduce_columns' },
      bindings: { x, y: new Float32Array(y.length) },
      uniforms: { keep, rows, cols, slices, rowsPerSlice, scale: 0.5 },
      groups,
    },
    { y },
    tolerance.reduction(rowsPerSlice),
  );
});

test.each([
  { keep: 1, rows: 1, cols: 1, rowsPerSlice: 1, groups: [1, 1, 1] },
  { keep: 3, rows: 63, cols: 1, rowsPerSlice: 64, groups: [2, 2, 1] }, // folded, with one workgroup to spare
  { keep: 2, rows: 150, cols: 1, rowsPerSlice: 100, groups: [4, 1, 1] },
] satisfies Folded[])('reduce_rows: $keep x $rows in slices of $rowsPerSlice, grid $groups', (each) => {
  const { keep, rows, rowsPerSlice, groups } = each;
  const slices = Math.ceil(rows / rowsPerSlice);
  const x = draw([keep, rows]);
  const y = Array.from({ length: keep * slices }, (_, i) => {
    const [k, first] = [Math.floor(i / slices), (i % slices) * rowsPerSlice];
    return 2 * sumWhere(Math.min(rowsPerSlice, rows - first), (r) => x[k * rows + first + r]);
  });
  expectOnCpu(
    {
      kernel: { file: 'reduce.wgsl', entry: 'reduce_rows' },
      bindings: { x, y: new Float32Array(y.length) },
      uniforms: { keep, rows, cols: 1, slices, rowsPerSlice, scale: 2 },
      groups,
    },
    { y },
    tolerance.reduction(rowsPerSlice),
  );
});

test.each([
  { slices: 1, count: 3 },
  { slices: 3, count: 70 },
  { slices: 3, count: 264 }, // in quads; one workgroup, whose lanes go on
])('slices_sum: $slices slices of $count', ({ slices, count }) => {
  const width = count % 4 === 0 ? 4 : 1;
  const x = draw([slices, count]);
  const y = Array.from({ length: count }, (_, i) => sumWhere(slices, (slice) => x[slice * count + i]));
  expectOnCpu(
    {
      kernel: { file: 'slices_sum.wgsl', entry: 'slices_sum', params: { T: width === 4 ? 'vec4<f32>' : 'f32' } },
      bindings: { x, y: new Float32Array(count) },
      uniforms: { count: count / width, slices },
      groups: [1, 1, 1],
    },
    { y },
    tolerance.reduction(slices),
  );
});

const rowKernels = [
  ['row_norm', (row: number[]) => Math.sqrt(row.reduce((sum, a) => sum + a * a, 0))],
  ['row_max', (row: number[]) => Math.max(...row)],
  [
    'log_sum_exp',
    (row: number[]) => Math.max(...row) + Math.log(row.reduce((sum, a) => sum + Math.exp(a - Math.max(...row)), 0)),
  ],
] as const;

test.each(
  rowKernels.flatMap(([entry, f]) =>
    [
      [1, 1],
      [3, 5],
      [2, 130],
    ].map(([rows, cols]) => ({ entry, f, rows, cols })),
  ),
)('$entry: $rows x $cols, one workgroup too many', ({ entry, f, rows, cols }) => {
  const x = draw([rows, cols], { low: -90, high: 90 }); // e^90 is no f32
  const y = Array.from({ length: rows }, (_, row) => f([...x.subarray(row * cols, (row + 1) * cols)]));
  expectOnCpu(
    {
      kernel: { file: 'rows.wgsl', entry },
      bindings: { x, y: new Float32Array(rows) },
      uniforms: { rows, cols },
      groups: [rows + 1, 1, 1],
    },
    { y },
    tolerance.reduction(cols),
  );
});

test('row_max of negative rows is negative', () => {
  const { values } = runOnCpu({
    kernel: { file: 'rows.wgsl', entry: 'row_max' },
    bindings: { x: Float32Array.of(-3, -2, -5), y: new Float32Array(1) },
    uniforms: { rows: 1, cols: 3 },
    groups: [1, 1, 1],
  });
  expect(values.y[0]).toBe(-2);
});
