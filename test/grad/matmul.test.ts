/** Matrix products with transposes, and the linear layer. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeConvVariants } from '../helpers/gradSuite.ts';
import { uniformInputs } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { elementwiseF64, linearF64, matmulF64, sliceF64, transposeF64 } from '../helpers/reference.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { reduction } = tolerance;

// M, K, N: one; a vec4 - 1, itself, + 1; primes; a tile's 16 rows and 32 columns (software), 64 lanes x 4, and one more
const products = [
  [15, 16, 17],
  [2, 131, 67], // a page stops here
  [3, 4, 5],
  [1, 1, 1],
  [4, 3, 4],
  [5, 5, 3],
  [7, 11, 13],
  [16, 64, 32],
  [33, 65, 17],
  [257, 3, 5],
];

describeConvVariants('matmul', (suite) => {
  test.for(inPage(products, 2))('[%i, %i] x [.., %i], with and without transposes', async ([M, K, N], t) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        await checkGradients(suite, t, 'matmul', {
          op: (a, b) => rt.matmul(a, b, { transposeA, transposeB }),
          reference: (a, b) => matmulF64(transposeA ? transposeF64(a) : a, transposeB ? transposeF64(b) : b),
          inputs: uniformInputs([transposeA ? [K, M] : [M, K], transposeB ? [N, K] : [K, N]]),
          within: reduction(Math.max(M, K, N)), // the gradients sum over M and N
          coordinates: 24,
        });
      }
    }
  });

  // from 2^24 products a lane has several runs of columns: 4 if that divides them, otherwise 2
  const large = [
    [261, 256, 256],
    [259, 256, 260],
  ];
  test.for(inPage(large, 1))('[%i, %i] x [.., %i]: every element', async ([M, K, N]) => {
    const [a, b] = uniformInputs([
      [M, K],
      [K, N],
    ]);
    const [x, y] = [a, b].map(({ values, shape }) => suite.context.tensor(values, shape));
    const [left, right] = [a, b].map(({ values, shape }) => ({ shape, data: Float64Array.from(values) }));
    const product = (await rt.matmul(x, y).read()) as Float32Array;
    expectClose(product, matmulF64(left, right).data, reduction(K), [M, N]);
  });

  test('views: a transposed and a sliced operand', async (t) => {
    await checkGradients(suite, t, 'matmul', {
      op: (a, b) => rt.matmul(rt.transpose(a), rt.slice(b, 1, 2, 7)),
      reference: (a, b) => matmulF64(transposeF64(a), sliceF64(b, 1, 2, 7)),
      inputs: uniformInputs([
        [6, 5],
        [6, 9],
      ]),
      within: reduction(9),
    });
  });

  test('diamond: a matrix times its own transpose', async (t) => {
    await checkGradients(suite, t, 'matmul', {
      op: (a) => rt.matmul(a, a, { transposeB: true }),
      reference: (a) => matmulF64(a, transposeF64(a)),
      inputs: uniformInputs([[6, 7]]),
      within: reduction(12),
    });
  });

  test.for([
    [1, 1, 1],
    [5, 7, 3],
    [16, 33, 20],
  ])('linear: %i rows, %i -> %i', async ([N, inside, outside], t) => {
    const [x, weight, bias] = uniformInputs([[N, inside], [outside, inside], [outside]]);
    const within = reduction(Math.max(N, inside, outside));
    await checkGradients(suite, t, 'linear', {
      op: rt.linear,
      reference: linearF64,
      inputs: [x, weight, bias],
      within,
    });
    await checkGradients(suite, t, 'linear', {
      op: (a, b) => rt.linear(a, b),
      reference: (a, b) => linearF64(a, b),
      inputs: [x, { ...weight, order: [1, 0] }], // the memory order of the layer
      within,
      coordinates: 64,
    });
  });

  test('linear: a reused input', async (t) => {
    await checkGradients(suite, t, 'linear', {
      op: (x, weight) => rt.add(x, rt.linear(x, weight)),
      reference: (x, weight) => elementwiseF64((a, b) => a + b)(x, linearF64(x, weight)),
      inputs: uniformInputs([
        [3, 5],
        [5, 5],
      ]),
      within: reduction(5),
    });
  });

  test('refuses mismatched shapes', (t) => {
    suite.require(t);
    const { context } = suite;
    const [a, b] = [context.zeros([2, 3]), context.zeros([2, 4])];
    expect(() => rt.matmul(a, b)).toThrow('matmul: the inner sides are 3 and 2, expected equal ones.');
    expect(() => rt.matmul(a, context.zeros([3]))).toThrow('matmul: operands of rank 2 and 1, expected two matrices.');
    expect(() => rt.linear(a, b)).toThrow('linear: the sides do not fit');
    expect(() => rt.linear(a, context.zeros([4, 3]), context.zeros([3]))).toThrow('linear: the sides do not fit');
  });
});
