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
  crossEntropyF64,
  hypersphereLossF64,
  normPenaltyF64,
  ntXentF64,
  oeclLossF64,
} from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const B = 3; // images of each kind
const VIEWS = 2 * B;
const temperature = 0.4;
/** Normal view 1, 2, outlier view 1, 2, as the encoder returns them. */
const features = uniformInput([2 * VIEWS, 7], { low: -2, high: 2 });

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

  test('simclr: value and gradient', async (t) => {
    await checkGradients(suite, t, 'loss of simclr', {
      op: (f) => methodLoss('simclr', f, B, { temperature }).loss,
      reference: (f) => ntXentF64(f, temperature),
      inputs: [uniformInput([VIEWS, 7], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
  });

  const rowsOf = (x: F64Array, start: number, end: number) => sliceF64(x, 0, start, end);
  const columnsOf = (x: F64Array, start: number, end: number) => sliceF64(x, 1, start, end);
  const scalar = (...terms: readonly [number, F64Array][]) =>
    f64([], [terms.reduce((sum, [weight, { data }]) => sum + weight * data[0], 0)]);

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
