/** Losses with labels or of spread, fused and unfused, against the formulas of docs/methods.md 1.2, 1.6 and 1.7. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp, type Suite } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import {
  alignmentF64,
  binaryCrossEntropyF64,
  deepSadLossF64,
  focalF64,
  meanOverRowsF64,
  normF64,
  ntXentF64,
  softBoundaryF64,
  supConF64,
  uniformityF64,
} from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { reduction, transcendental } = tolerance;

const labelsOf = (suite: Suite, labels: ArrayLike<number>) =>
  suite.context.tensor(Uint32Array.from(labels), [labels.length], { dtype: 'u32' });

/** Value and gradient of a scalar loss of a matrix. */
async function valueAndGradient(
  suite: Suite,
  values: ArrayLike<number>,
  shape: readonly number[],
  loss: (x: rt.Tensor) => rt.Tensor,
) {
  const x = suite.context.tensor(Float32Array.from(values), [...shape]);
  x.requiresGrad = true;
  const y = loss(x);
  rt.backward(y);
  return { value: await y.item(), gradient: Array.from(await x.grad!.read()) };
}

describeOp('supervised contrastive', (suite) => {
  const forms = [
    { name: 'supCon', loss: rt.supCon },
    { name: 'supConUnfused', loss: rt.supConUnfused },
  ];
  for (const { name, loss } of forms) {
    test.for([
      { kind: 'classes of several sizes, one of them single', shape: [9, 5], labels: [0, 1, 1, 7, 0, 1, 1, 3, 0] },
      { kind: 'one class alone', shape: [6, 4], labels: [4, 4, 4, 4, 4, 4] },
      {
        kind: 'more rows than a workgroup has lanes',
        shape: [67, 6],
        labels: Array.from({ length: 67 }, (_, i) => i % 5),
      },
    ])(`${name}: $kind`, async ({ shape, labels }, t) => {
      await checkGradients(suite, t, name, {
        op: (f) => loss(f, labelsOf(suite, labels), { temperature: 0.5 }),
        reference: (f) => supConF64(f, labels, 0.5),
        inputs: [uniformInput(shape, { low: -2, high: 2 })],
        within: transcendental,
      });
    });

    test(`${name}: with labels equal only within pairs of views it is NT-Xent; without equal labels it is 0`, async (t) => {
      suite.require(t);
      const { values, shape } = uniformInput([6, 5]);
      const options = { temperature: 0.2 };
      const pairs = await valueAndGradient(suite, values, shape, (f) =>
        loss(f, labelsOf(suite, [0, 1, 2, 0, 1, 2]), options),
      );
      const expected = await valueAndGradient(suite, values, shape, (f) => rt.ntXent(f, options));
      expect(ntXentF64({ shape, data: Float64Array.from(values) }, 0.2).data[0]).toBeCloseTo(pairs.value, 5);
      expectClose([pairs.value, ...pairs.gradient], [expected.value, ...expected.gradient], transcendental);
      const apart = await valueAndGradient(suite, values, shape, (f) =>
        loss(f, labelsOf(suite, [0, 1, 2, 3, 4, 5]), options),
      );
      expect([Math.abs(apart.value), ...apart.gradient.map(Math.abs)]).toEqual(new Array(31).fill(0));
    });

    test(`${name}: two rows of a class have no others: loss and gradient 0`, async (t) => {
      suite.require(t);
      const { value, gradient } = await valueAndGradient(suite, uniformInput([2, 3]).values, [2, 3], (f) =>
        loss(f, labelsOf(suite, [1, 1]), { temperature: 0.5 }),
      );
      for (const each of [value, ...gradient]) expect(Math.abs(each)).toBeLessThan(1e-6);
    });

    test(`${name}: a zero row gets no gradient; a low temperature stays finite`, async (t) => {
      suite.require(t);
      const { values, shape } = uniformInput([4, 5]);
      const withZero = Array.from(values, (value, i) => (i < 5 ? 0 : value));
      const { value, gradient } = await valueAndGradient(suite, withZero, shape, (f) =>
        loss(f, labelsOf(suite, [0, 0, 1, 1]), { temperature: 0.01 }),
      );
      const expected = supConF64({ shape, data: Float64Array.from(withZero) }, [0, 0, 1, 1], 0.01).data;
      expectClose([value], expected, transcendental);
      expect(gradient.slice(0, 5).map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
      expect(gradient.every(Number.isFinite)).toBe(true);
    });
  }

  test('refuses labels that do not fit', (t) => {
    suite.require(t);
    const f = suite.context.zeros([3, 4]);
    for (const { name, loss } of forms) {
      expect(() => loss(f, labelsOf(suite, [0, 1]), { temperature: 1 })).toThrow(`${name}: expected features [N, D]`);
      expect(() => loss(f, suite.context.zeros([3]), { temperature: 1 })).toThrow(`${name}: expected features [N, D]`);
      expect(() => loss(f, labelsOf(suite, [0, 1, 1]), { temperature: 0 })).toThrow(`${name}: temperature 0`);
    }
  });
});

describeOp('alignment and uniformity', (suite) => {
  for (const distance of ['cosine', 'euclidean'] as const) {
    for (const shape of [
      [2, 1],
      [6, 5],
      [4, 65],
    ]) {
      test(`alignment, ${distance}, of [${shape}]`, async (t) => {
        await checkGradients(suite, t, 'alignment', {
          op: (f) => rt.alignment(f, { distance }),
          reference: (f) => alignmentF64(f, distance),
          inputs: [uniformInput(shape, { gap: 0.05 })],
          within: reduction(shape[0] * shape[1]),
        });
      });
    }
    const forms = [
      {
        name: 'uniformity',
        loss: rt.uniformity,
        shapes: [
          [4, 2],
          [6, 5],
          [4, 65],
          [134, 3],
        ],
      },
      { name: 'uniformityUnfused', loss: rt.uniformityUnfused, shapes: [[6, 5]] },
    ];
    for (const { name, loss, shapes } of forms) {
      for (const shape of shapes) {
        test(`${name}, ${distance}, of [${shape}]`, async (t) => {
          await checkGradients(suite, t, name, {
            op: (f) => loss(f, { distance }),
            reference: (f) => uniformityF64(f, distance),
            inputs: [uniformInput(shape, { gap: 0.05 })],
            within: transcendental,
            coordinates: 16,
          });
        });
      }
    }
  }

  test('far apart, where every potential is 0 in f32, and all equal', async (t) => {
    suite.require(t);
    const far = [0, 0, 40, 0, 0, 40, 1, 1, 2, 60, 90, 3];
    const { value, gradient } = await valueAndGradient(suite, far, [6, 2], (f) =>
      rt.uniformity(f, { distance: 'euclidean' }),
    );
    expectClose(
      [value],
      uniformityF64({ shape: [6, 2], data: Float64Array.from(far) }, 'euclidean').data,
      transcendental,
    );
    expect(gradient.every(Number.isFinite)).toBe(true);
    const same = await valueAndGradient(suite, [1, 2, 1, 2, 1, 2, 1, 2], [4, 2], (f) =>
      rt.add(rt.uniformity(f, { distance: 'cosine' }), rt.alignment(f, { distance: 'cosine' })),
    );
    expect(same.value).toBeCloseTo(0, 6);
    for (const each of same.gradient) expect(Math.abs(each)).toBeLessThan(1e-6);
  });

  test('refuses odd rows and a single image', (t) => {
    suite.require(t);
    const { context } = suite;
    for (const [name, loss] of [
      ['uniformity', rt.uniformity],
      ['uniformityUnfused', rt.uniformityUnfused],
    ] as const) {
      expect(() => loss(context.zeros([2, 3]), { distance: 'cosine' })).toThrow(
        `${name}: expected two views of 2 or more`,
      );
    }
    expect(() => rt.alignment(context.zeros([3, 3]), { distance: 'cosine' })).toThrow('alignment: expected two views');
  });
});

describeOp('one-class and binary losses', (suite) => {
  const labels = [0, 1, 1, 0, 1];

  test('deepSadLoss', async (t) => {
    await checkGradients(suite, t, 'deepSadLoss', {
      op: (f) => rt.deepSadLoss(f, labelsOf(suite, labels)),
      reference: (f) => deepSadLossF64(f, labels),
      inputs: [uniformInput([5, 3], { gap: 0.3 })],
      within: transcendental,
    });
  });

  test('deepSadLoss: an outlier at zero has a finite loss and no gradient', async (t) => {
    suite.require(t);
    const { value, gradient } = await valueAndGradient(suite, [0, 0, 1e-4, 0], [2, 2], (f) =>
      rt.deepSadLoss(f, labelsOf(suite, [1, 1])),
    );
    expectClose([value], [1 / 1.001e-6], transcendental);
    expect(gradient.map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  for (const [name, loss, of] of [
    ['binaryCrossEntropy', rt.binaryCrossEntropy, binaryCrossEntropyF64],
    ['focalLoss', rt.focalLoss, focalF64],
  ] as const) {
    for (const shape of [[5], [5, 1]]) {
      test(`${name} of [${shape}]`, async (t) => {
        await checkGradients(suite, t, name, {
          op: (a) => loss(a, labelsOf(suite, labels)),
          reference: (a) => meanOverRowsF64(a, labels, of),
          inputs: [uniformInput(shape, { low: -5, high: 5 })],
          within: transcendental,
        });
      });
    }

    test(`${name} refuses several logits per row, and labels that do not fit`, (t) => {
      suite.require(t);
      const message = `${name}: expected logits [N] or [N, 1] and u32 labels [N].`;
      expect(() => loss(suite.context.zeros([2, 2]), labelsOf(suite, [0, 1]))).toThrow(message);
      expect(() => loss(suite.context.zeros([3]), labelsOf(suite, [0, 1]))).toThrow(message);
    });
  }

  test.for([
    { nu: 0.1, weight: 1 },
    { nu: 0.45, weight: 1 },
    { nu: 0.95, weight: 1 }, // 1 would put the radius at the kink of the nearest row
    { nu: 0.3, weight: 0 },
  ])('softBoundaryLoss, nu $nu, radius times $weight', async ({ nu, weight }, t) => {
    const input = uniformInput([7, 3], { gap: 0.2 });
    const norms = Array.from(normF64({ shape: [7, 3], data: Float64Array.from(input.values) }).data).sort(
      (a, b) => a - b,
    );
    const place = (1 - nu) * 6;
    const low = Math.floor(place);
    const quantile = norms[low] + (place - low) * (norms[Math.min(low + 1, 6)] - norms[low]);
    await checkGradients(suite, t, 'softBoundaryLoss', {
      op: (f) => rt.softBoundaryLoss(f, { nu, radiusWeight: suite.context.tensor([weight], []) }),
      reference: (f) => softBoundaryF64(f, nu, weight * quantile), // without a gradient of the radius
      inputs: [input],
      within: reduction(21),
    });
  });

  test('softBoundaryLoss refuses a nu outside of (0, 1]', (t) => {
    suite.require(t);
    const radiusWeight = suite.context.tensor([1], []);
    const f = suite.context.zeros([3, 2]);
    for (const nu of [0, 1.5]) expect(() => rt.softBoundaryLoss(f, { nu, radiusWeight })).toThrow(`nu ${nu}`);
  });
});
