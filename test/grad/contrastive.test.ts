/** NT-Xent and the norm penalty: fused, unfused, and the formulas of docs/methods.md 1.1 and 1.3. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeConvVariants, describeOp, type Suite } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { elementwiseF64, sliceF64, transposeF64 } from '../helpers/reference.ts';
import { normPenaltyF64, ntXentF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { reduction, transcendental } = tolerance;

const losses = [
  { name: 'ntXent', loss: rt.ntXent },
  { name: 'ntXentUnfused', loss: rt.ntXentUnfused },
];
const [fused, unfused] = losses;
const penalties = [
  { name: 'normPenalty', penalty: rt.normPenalty },
  { name: 'normPenaltyUnfused', penalty: rt.normPenaltyUnfused },
];

// 2B rows: odd B, around 64 rows; odd d, d around the lanes' 64, and 128 as in the paper
const shapes = [
  [6, 5],
  [4, 64],
  [66, 5], // a page stops here
  [4, 2],
  [10, 63],
  [6, 65],
  [62, 7],
  [64, 4],
  [8, 128],
  [258, 3], // above 256 rows, workgroups have more of them
  [256, 8],
];

function lossCases(suite: Suite, { name, loss }: (typeof losses)[number]): void {
  for (const temperature of [0.5, 0.1]) {
    const some = temperature === 0.5 ? inPage(shapes, 3) : inPage(shapes.slice(0, 3), 1);
    test.for(some)(`${name} of [%i, %i], temperature ${temperature}`, async (shape, t) => {
      await checkGradients(suite, t, name, {
        op: (f) => loss(f, { temperature }),
        reference: (f) => ntXentF64(f, temperature),
        inputs: [uniformInput(shape, { low: -2, high: 2 })],
        within: transcendental,
        coordinates: shape[0] > 100 ? 8 : 32, // each costs two references of N x N
      });
    });
  }

  test(`${name}: transposed features, and a diamond`, async (t) => {
    await checkGradients(suite, t, name, {
      op: (f) => rt.add(loss(rt.transpose(f), { temperature: 0.5 }), loss(rt.slice(f, 0, 1, 5), { temperature: 0.2 })),
      reference: (f) =>
        elementwiseF64((a, b) => a + b)(ntXentF64(transposeF64(f), 0.5), ntXentF64(sliceF64(f, 0, 1, 5), 0.2)),
      inputs: [uniformInput([5, 6])],
      within: transcendental,
    });
  });

  test(`${name}: one image, B = 1, has no negatives: loss and gradient 0`, async (t) => {
    suite.require(t);
    const f = suite.context.tensor(uniformInput([2, 3]).values, [2, 3]);
    f.requiresGrad = true;
    const y = loss(f, { temperature: 0.5 });
    rt.backward(y);
    expect(Math.abs(await y.item())).toBeLessThan(1e-6); // rounding of two cosines of up to 1 / temperature
    expect(Math.max(...Array.from(await f.grad!.read(), Math.abs))).toBeLessThan(1e-6);
  });

  test(`${name}: a zero row gets no gradient`, async (t) => {
    suite.require(t);
    const { values, shape } = uniformInput([4, 5]);
    const withZero = Float32Array.from(values, (v, i) => (i >= 5 && i < 10 ? 0 : v));
    const f = suite.context.tensor(withZero, shape);
    f.requiresGrad = true;
    const y = loss(f, { temperature: 0.5 });
    rt.backward(y);
    const gradient = await f.grad!.read();
    expectClose(await y.read(), ntXentF64({ shape, data: Float64Array.from(withZero) }, 0.5).data, transcendental);
    expect(Array.from(gradient.slice(5, 10), Math.abs)).toEqual([0, 0, 0, 0, 0]);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
}

describeOp('contrastive', (suite) => {
  lossCases(suite, fused);

  for (const { name, penalty } of penalties) {
    test.for([
      [1, 1],
      [2, 3],
      [5, 63],
      [3, 64],
      [2, 65],
      [67, 4],
    ])(`${name} of [%i, %i]`, async (shape, t) => {
      await checkGradients(suite, t, name, {
        op: penalty,
        reference: normPenaltyF64,
        inputs: [uniformInput(shape, { gap: 0.05 })],
        within: reduction(shape[0] * shape[1]),
        coordinates: 48,
      });
    });

    test(`${name}: transposed features, and a diamond`, async (t) => {
      await checkGradients(suite, t, name, {
        op: (f) => rt.mul(penalty(rt.transpose(f)), penalty(f)),
        reference: (f) => elementwiseF64((a, b) => a * b)(normPenaltyF64(transposeF64(f)), normPenaltyF64(f)),
        inputs: [uniformInput([3, 7])],
        within: reduction(21),
      });
    });
  }

  test('normPenalty: no gradient at the zero vector', async (t) => {
    suite.require(t);
    const f = suite.context.tensor([3, 4, 0, 0], [2, 2]);
    f.requiresGrad = true;
    rt.backward(rt.normPenalty(f));
    expectClose(await f.grad!.read(), [0.3, 0.4, 0, 0], reduction(4));
  });

  test('refuses mismatched shapes', (t) => {
    suite.require(t);
    const { context } = suite;
    for (const { name, loss } of losses) {
      expect(() => loss(context.zeros([3, 4]), { temperature: 0.5 })).toThrow(`${name}: 3 rows do not form pairs.`);
      expect(() => loss(context.zeros([4]), { temperature: 0.5 })).toThrow(`${name}: expected features [N, D].`);
      expect(() => loss(context.zeros([2, 4]), { temperature: 0 })).toThrow(
        `${name}: temperature 0, expected a positive number.`,
      );
    }
    for (const { name, penalty } of penalties)
      expect(() => penalty(context.zeros([4]))).toThrow(`${name}: expected features [N, D].`);
  });
});

// its products are matmul's
describeConvVariants('contrastive', (suite) => {
  lossCases(suite, unfused);

  test('fused and unfused agree with each other', async (t) => {
    suite.require(t);
    const { values, shape } = uniformInput([32, 33]);
    const run = async (f: (x: rt.Tensor) => rt.Tensor) => {
      const x = suite.context.tensor(values, shape);
      x.requiresGrad = true;
      const y = f(x);
      rt.backward(y);
      return [await y.read(), await x.grad!.read()];
    };
    const [one, other] = [
      await run((x) => rt.ntXent(x, { temperature: 0.5 })),
      await run((x) => rt.ntXentUnfused(x, { temperature: 0.5 })),
    ];
    expectClose(one[0], other[0], transcendental);
    expectClose(one[1], other[1], transcendental, shape);
    const [short, long] = [await run(rt.normPenalty), await run(rt.normPenaltyUnfused)];
    expectClose(short[0], long[0], reduction(32));
    expectClose(short[1], long[1], reduction(32), shape);
  });
});
