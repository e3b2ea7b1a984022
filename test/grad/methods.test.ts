/** The methods' own losses, as the trainer calls them: values and gradients (docs/methods.md 1.1 and 1.3). */
import { expect, test } from 'vitest';
import type { F64Array } from '../../runtime/gradcheck/gradCheck.ts';
import type * as rt from '../../runtime/index.ts';
import { methodNamed } from '../../src/methods/table.ts';
import type { OwnScore } from '../../src/scores/score.ts';
import { scoresOf } from '../../src/scores/table.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { methodLoss } from '../helpers/methodLoss.ts';
import { f64, sliceF64 } from '../helpers/reference.ts';
import {
  alignmentF64,
  binaryCrossEntropyF64,
  crossEntropyF64,
  deepSadLossF64,
  focalF64,
  hypersphereLossF64,
  meanOverRowsF64,
  normPenaltyF64,
  ntXentF64,
  oeclLossF64,
  softBoundaryF64,
  supConF64,
  uniformityF64,
} from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const B = 3; // images of each kind
const VIEWS = 2 * B;
const temperature = 0.4;
/** Normal view 1, 2, outlier view 1, 2, as the encoder returns them. */
const features = uniformInput([2 * VIEWS, 7], { low: -2, high: 2 });

const rowsOf = (x: F64Array, start: number, end: number) => sliceF64(x, 0, start, end);
const columnsOf = (x: F64Array, start: number, end: number) => sliceF64(x, 1, start, end);
const scalar = (...terms: readonly [number, F64Array][]) =>
  f64([], [terms.reduce((sum, [weight, { data }]) => sum + weight * data[0], 0)]);

describeOp('methods', (suite) => {
  for (const lambda of [0, 0.1, 1]) {
    test(`oecl, lambda ${lambda}: value and gradient`, async (t) => {
      await checkGradients(suite, t, 'loss of oecl', {
        op: (f) => methodLoss('oecl', f, B, { temperature, lambda, warmup: 0 }).loss,
        reference: (f) => oeclLossF64(f, { temperature, lambda }),
        inputs: [features],
        within: tolerance.transcendental,
      });
    });
  }

  test('oecl with the squared norm as penalty: value and gradient', async (t) => {
    await checkGradients(suite, t, 'loss of oecl, l2sq', {
      op: (f) => methodLoss('oecl', f, B, { temperature, lambda: 0.25, warmup: 0, penalty: 'l2sq' }).loss,
      reference: (f) => {
        const squares = Array.from(rowsOf(f, VIEWS, 2 * VIEWS).data, (value) => value * value);
        const mean = squares.reduce((sum, value) => sum + value, 0) / VIEWS;
        return scalar([1, ntXentF64(rowsOf(f, 0, VIEWS), temperature)], [0.25, f64([], [mean])]);
      },
      inputs: [features],
      within: tolerance.transcendental,
    });
  });

  test('simclr: value and gradient', async (t) => {
    await checkGradients(suite, t, 'loss of simclr', {
      op: (f) => methodLoss('simclr', f, B, { temperature }).loss,
      reference: (f) => ntXentF64(f, temperature),
      inputs: [uniformInput([VIEWS, 7], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
  });

  test('csi: NT-Xent over all rotations plus the cross-entropy of the rotation; value and gradient', async (t) => {
    const labels = f64(
      [8 * B],
      Array.from({ length: 8 * B }, (_, row) => Math.floor(row / B) % 4),
    );
    await checkGradients(suite, t, 'loss of csi', {
      op: (rows) => methodLoss('csi', rows, B, { temperature }).loss,
      reference: (rows) =>
        scalar([1, ntXentF64(columnsOf(rows, 0, 5), temperature)], [1, crossEntropyF64(columnsOf(rows, 5, 9), labels)]),
      inputs: [uniformInput([8 * B, 9], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
  });

  test('self-oecl: two rotations against the two others, with and without the classifier; value and gradient', async (t) => {
    const n = 4 * B; // rows of each part: two views times two rotations
    const labels = f64(
      [n],
      Array.from({ length: n }, (_, row) => Math.floor(row / B) % 2),
    );
    for (const shiftWeight of [0, 0.3]) {
      const width = shiftWeight > 0 ? 7 : 5;
      const values = { temperature, lambda: 0.25, warmup: 0, shiftWeight, selfOeSource: 'same' };
      await checkGradients(suite, t, `loss of self-oecl, shift weight ${shiftWeight}`, {
        op: (rows) => methodLoss('self-oecl', rows, B, values).loss,
        reference: (rows) => {
          const f = columnsOf(rows, 0, 5);
          const loss: [number, F64Array][] = [
            [1, ntXentF64(rowsOf(f, 0, n), temperature)],
            [0.25, normPenaltyF64(rowsOf(f, n, 2 * n))],
          ];
          if (shiftWeight > 0) loss.push([shiftWeight, crossEntropyF64(rowsOf(columnsOf(rows, 5, 7), 0, n), labels)]);
          return scalar(...loss);
        },
        inputs: [uniformInput([2 * n, width], { low: -2, high: 2 })],
        within: tolerance.transcendental,
      });
    }
  });

  /** Row labels: 0 for the first half (normal), 1 for the second. */
  const halves = (rows: number) => Array.from({ length: rows }, (_, row) => Number(row >= rows / 2));

  test('supclr and supclr-oe: classes of the normal images; value and gradient', async (t) => {
    const classes = [4, 1, 4];
    const labels = [...classes, ...classes];
    await checkGradients(suite, t, 'loss of supclr', {
      op: (rows) => methodLoss('supclr', rows, B, { temperature }, classes).loss,
      reference: (rows) => supConF64(rows, labels, temperature),
      inputs: [uniformInput([VIEWS, 7], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
    await checkGradients(suite, t, 'loss of supclr-oe', {
      op: (rows) => methodLoss('supclr-oe', rows, B, { temperature, lambda: 0.25, warmup: 0 }, classes).loss,
      reference: (rows) =>
        scalar(
          [1, supConF64(rowsOf(rows, 0, VIEWS), labels, temperature)],
          [0.25, normPenaltyF64(rowsOf(rows, VIEWS, 2 * VIEWS))],
        ),
      inputs: [features],
      within: tolerance.transcendental,
    });
  });

  test('firm: normal images are positives of each other, outliers of their own views; value and gradient', async (t) => {
    await checkGradients(suite, t, 'loss of firm', {
      op: (rows) => methodLoss('firm', rows, B, { temperature }).loss,
      reference: (rows) => supConF64(rows, [0, 0, 0, 0, 0, 0, 1, 2, 3, 1, 2, 3], temperature),
      inputs: [features],
      within: tolerance.transcendental,
    });
  });

  test('align-uniform: weights that add up to 2, in both distances; value and gradient', async (t) => {
    for (const distance of ['cosine', 'euclidean'] as const) {
      await checkGradients(suite, t, `loss of align-uniform, ${distance}`, {
        op: (rows) => methodLoss('align-uniform', rows, B, { uniformityRatio: 4, distance }).loss,
        reference: (rows) => scalar([0.4, alignmentF64(rows, distance)], [1.6, uniformityF64(rows, distance)]),
        inputs: [uniformInput([VIEWS, 5], { gap: 0.05 })],
        within: tolerance.transcendental,
      });
    }
  });

  test('dsad, bce, probe and focal: normal images first; value and gradient', async (t) => {
    const labels = halves(2 * VIEWS);
    await checkGradients(suite, t, 'loss of dsad', {
      op: (rows) => methodLoss('dsad', rows, VIEWS, {}).loss,
      reference: (rows) => deepSadLossF64(rows, labels),
      inputs: [uniformInput([2 * VIEWS, 3], { gap: 0.4 })],
      within: tolerance.transcendental,
    });
    for (const [name, of] of [
      ['bce', binaryCrossEntropyF64],
      ['probe', binaryCrossEntropyF64],
      ['focal', focalF64],
    ] as const) {
      await checkGradients(suite, t, `loss of ${name}`, {
        op: (rows) => methodLoss(name, rows, VIEWS, {}).loss,
        reference: (rows) => meanOverRowsF64(columnsOf(rows, 2, 3), labels, of),
        inputs: [uniformInput([2 * VIEWS, 3], { low: -4, high: 4 })],
        within: tolerance.transcendental,
      });
    }
  });

  test('dsvdd: the mean squared distance to the center, with a soft boundary the part beyond it; value and gradient', async (t) => {
    const input = uniformInput([5, 3], { gap: 0.2 });
    for (const boundary of ['none', 'soft']) {
      // in epoch 0 the radius is 0
      await checkGradients(suite, t, `loss of dsvdd, boundary ${boundary}`, {
        op: (rows) => methodLoss('dsvdd', rows, 5, { boundary, nu: 0.1 }).loss,
        reference: (rows) => softBoundaryF64(rows, boundary === 'soft' ? 0.1 : 1, 0),
        inputs: [input],
        within: tolerance.transcendental,
      });
    }
    expect(methodNamed('dsvdd').weights!({ boundary: 'soft', nu: 0.1 } as object, 10)).toEqual({ radiusWeight: 1 });
  });

  test('panda: the mean squared distance to the center, which is the mean feature', async (t) => {
    await checkGradients(suite, t, 'loss of panda', {
      op: (rows) => methodLoss('panda', rows, 5, {}).loss,
      reference: (rows) => softBoundaryF64(rows, 1, 0),
      inputs: [uniformInput([5, 3], { gap: 0.2 })],
      within: tolerance.transcendental,
    });
    expect(Array.from(methodNamed('panda').center!([1, 0, 3, 0], 2))).toEqual([2, 0]);
  });

  test("dsvdd's center is the mean feature, away from 0", () => {
    const rows = [1, -0.05, 0.02, 0, 3, -0.01, 0.02, 0];
    expect(Array.from(methodNamed('dsvdd').center!(rows, 4))).toEqual([2, ...[-0.1, 0.1, 0.1].map(Math.fround)]);
  });

  test('gt: the mean of the three cross-entropies over 36 copies; gt-plus adds uniformity on outliers', async (t) => {
    const [images, classes] = [1, 4 + 3 + 3];
    const heads: [number, number, (copy: number) => number][] = [
      [1, 5, (copy) => Math.floor(copy / 9)],
      [5, 8, (copy) => Math.floor(copy / 3) % 3],
      [8, 11, (copy) => copy % 3],
    ];
    const copies = Array.from({ length: 36 }, (_, copy) => copy);
    const transformations = (rows: F64Array) =>
      scalar(
        ...heads.map(([start, end, label]): [number, F64Array] => [
          1 / 3,
          crossEntropyF64(rowsOf(columnsOf(rows, start, end), 0, 36), f64([36], copies.map(label))),
        ]),
      );
    const width = 1 + classes;
    await checkGradients(suite, t, 'loss of gt', {
      op: (rows) => methodLoss('gt', rows, images, { size: 32 }).loss,
      reference: transformations,
      inputs: [uniformInput([36, width], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
    const uniform = (rows: F64Array) =>
      f64(
        [],
        [
          heads.reduce((sum, [start, end]) => {
            const a = Array.from(rowsOf(columnsOf(rows, start, end), 36, 37).data);
            const mean = a.reduce((total, value) => total + value, 0) / a.length;
            return sum + (Math.log(a.reduce((total, value) => total + Math.exp(value), 0)) - mean) / 3;
          }, 0),
        ],
      );
    await checkGradients(suite, t, 'loss of gt-plus', {
      op: (rows) => methodLoss('gt-plus', rows, images, { size: 32, uniformWeight: 0.5 }).loss,
      reference: (rows) => scalar([1, transformations(rows)], [0.5, uniform(rows)]),
      inputs: [uniformInput([37, width], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
  });

  test('gt72: the cross-entropy of 72 transformations, the first of them none; value and gradient', async (t) => {
    const labels = f64(
      [72],
      Array.from({ length: 72 }, (_, copy) => copy),
    );
    await checkGradients(suite, t, 'loss of gt72', {
      op: (rows) => methodLoss('gt72', rows, 1, { size: 32 }).loss,
      reference: (rows) => crossEntropyF64(columnsOf(rows, 1, 73), labels),
      inputs: [uniformInput([72, 73], { low: -2, high: 2 })],
      within: tolerance.transcendental,
      coordinates: 24,
    });
    for (const [name, count] of [
      ['gt', 36],
      ['gt72', 72],
      ['csi', 4],
    ] as const) {
      const { shifts } = methodNamed(name).sight!({ size: 32 });
      expect(new Set(shifts!.map((shift) => JSON.stringify(shift))).size, name).toBe(count);
      expect(shifts![0], name).toMatchObject({ turns: 0 });
      expect([0, undefined], name).toContain(shifts![0].right);
      expect(methodNamed(name).batch({ size: 32 }).normal.shifts, name).toEqual(shifts);
    }
  });

  test('hsc: value and gradient, normal views first; its terms and its score', async (t) => {
    const options = {
      images: VIEWS,
      labels: Float64Array.from({ length: 2 * VIEWS }, (_, row) => Number(row >= VIEWS)),
    };
    await checkGradients(suite, t, 'loss of hsc', {
      op: (f) => methodLoss('hsc', f, options.images, {}).loss,
      reference: (f) => hypersphereLossF64(f, { shape: [2 * VIEWS], data: options.labels }),
      inputs: [features],
      within: tolerance.transcendental,
    });
    const rows = suite.context.tensor(features.values, features.shape);
    const { terms } = methodLoss('hsc', rows, options.images, {});
    const f = { shape: features.shape, data: Float64Array.from(features.values) };
    const expected = [0, VIEWS].map((start) => normPenaltyF64(sliceF64(f, 0, start, start + VIEWS)).data[0]);
    const read = [await terms.normNormal.item(), await terms.normOutlier.item()];
    expectClose(read, expected, tolerance.transcendental);
    const projection = { data: Float32Array.from([3, 4, 0, 0]), width: 2 };
    const table = { count: 2, views: 1, shifts: 1, rowsPerShift: 2, logits: {}, backbone: projection, projection };
    const score = scoresOf('hsc').find(({ name }) => name === methodNamed('hsc').mainScore) as OwnScore;
    const [far, near] = await score.open()(table);
    expect(far).toBeCloseTo(1 - Math.sqrt(26), 12);
    expect(Math.abs(near)).toBe(0);
    expect(scoresOf('oecl').map(({ name }) => name)).not.toContain('hypersphere');
  });

  test('the logged terms are those of the loss', async () => {
    const rows = suite.context.tensor(features.values, features.shape);
    const { loss, terms } = methodLoss('oecl', rows, B, { temperature, lambda: 0.25, warmup: 0 });
    const f = { shape: features.shape, data: Float64Array.from(features.values) };
    const [contrastive, penalty] = [
      ntXentF64(sliceF64(f, 0, 0, VIEWS), temperature).data[0],
      normPenaltyF64(sliceF64(f, 0, VIEWS, 2 * VIEWS)).data[0],
    ];
    const read = async (each: rt.Tensor) => [await each.item()];
    expectClose(await read(loss), [contrastive + 0.25 * penalty], tolerance.transcendental);
    expect(Object.keys(terms)).toEqual(Object.keys(methodNamed('oecl').terms));
    const expected = [contrastive, penalty, normPenaltyF64(sliceF64(f, 0, 0, VIEWS)).data[0], penalty];
    const got = await Promise.all(Object.values(terms).map((term) => term.item()));
    expectClose(got, expected, tolerance.transcendental);
  });
});
