/** Convolutions: kernel sides, strides on odd sizes, paddings, bias, channel counts around the vector width. */
import { expect, type TestContext, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeConvVariants, describeOp, type Suite } from '../helpers/gradSuite.ts';
import { uniformInputs } from '../helpers/inputs.ts';
import { conv2dF64, elementwiseF64, permuteF64 } from '../helpers/reference.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { reduction } = tolerance;

interface Case {
  label: string;
  x: number[];
  w: number[];
  stride?: number | [number, number];
  padding?: number | [number, number] | [number, number, number, number];
  groups?: number;
}

const cases: Case[] = [
  // in Node and in a page
  { label: '3x3, primes', x: [2, 3, 7, 5], w: [5, 3, 3, 3], padding: 1 },
  { label: '3x3 stride 2, odd side', x: [2, 4, 7, 7], w: [8, 4, 3, 3], stride: 2, padding: 1 },
  { label: '9x2, cut into pieces of at most 7 x 7 taps', x: [1, 3, 10, 4], w: [2, 3, 9, 2], padding: [2, 1] },
  { label: 'weight gradient in several slices', x: [3, 2, 19, 19], w: [4, 2, 3, 3], padding: 1 },
  {
    label: 'stride 2, padding below and on the right',
    x: [2, 3, 6, 8],
    w: [4, 3, 3, 3],
    stride: 2,
    padding: [0, 1, 0, 1],
  },
  // only in Node
  { label: '7x7 stride 2, the ImageNet stem', x: [1, 3, 15, 13], w: [4, 3, 7, 7], stride: 2, padding: 3 },
  { label: 'one of everything', x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { label: '3x3 without padding, kernel as large as the image', x: [2, 4, 3, 3], w: [3, 4, 3, 3] },
  { label: '3x3 stride 2, even side: its last row is left out', x: [1, 8, 6, 8], w: [4, 8, 3, 3], stride: 2 },
  { label: '1x1', x: [2, 5, 4, 3], w: [6, 5, 1, 1] },
  { label: '1x1 stride 2, odd side', x: [2, 8, 5, 5], w: [16, 8, 1, 1], stride: 2 },
  { label: '1x1 stride 2, even side', x: [1, 4, 6, 6], w: [4, 4, 1, 1], stride: 2 },
  { label: '3x3, 15 -> 17 channels: a tile - 1 and + 1', x: [1, 15, 4, 5], w: [17, 15, 3, 3], padding: 1 },
  { label: '3x3, 16 -> 16 channels: a tile', x: [2, 16, 4, 8], w: [16, 16, 3, 3], padding: 1 },
  { label: '2x3, strides 3 x 1, paddings 0 x 2', x: [2, 3, 8, 5], w: [4, 3, 2, 3], stride: [3, 1], padding: [0, 2] },
  { label: 'padding wider than the kernel', x: [1, 2, 3, 3], w: [2, 2, 2, 2], padding: 3 },
  { label: 'weight gradient in half patches, slices across images', x: [3, 4, 18, 5], w: [32, 4, 3, 3], padding: 1 },
];

const grouped: Case[] = [
  { label: 'depthwise 3x3 in quads', x: [2, 8, 5, 7], w: [8, 1, 3, 3], padding: 1, groups: 8 },
  {
    label: 'depthwise 3x3, stride 2',
    x: [2, 12, 6, 6],
    w: [12, 1, 3, 3],
    stride: 2,
    padding: [0, 1, 0, 1],
    groups: 12,
  },
  {
    label: 'depthwise of 5 channels, stride 2 x 3',
    x: [1, 5, 9, 8],
    w: [5, 1, 3, 2],
    stride: [2, 3],
    padding: 1,
    groups: 5,
  },
  { label: 'two output channels per input channel', x: [2, 4, 4, 5], w: [8, 1, 3, 3], padding: 1, groups: 4 },
  { label: 'two groups of 3 to 2', x: [2, 6, 5, 4], w: [4, 3, 2, 3], padding: [1, 0], groups: 2 },
  { label: 'weight gradient in slices', x: [3, 4, 11, 3], w: [4, 1, 3, 3], padding: 1, groups: 4 },
  { label: 'one pixel', x: [1, 3, 1, 1], w: [3, 1, 1, 1], groups: 3 },
];

describeOp('conv2d in groups', (suite) => {
  test.for(inPage(grouped, 2))('$label', (each, t) => check(suite, t, each));

  test('bias', async (t) => {
    const [x, w, bias] = uniformInputs([[2, 4, 5, 6], [4, 1, 3, 3], [4]]);
    await checkGradients(suite, t, 'conv2d', {
      op: (a, b, c) => rt.conv2d(a, b, { bias: c, padding: 1, groups: 4 }),
      reference: (a, b, c) => conv2dF64(a, b, { bias: c, padding: 1, groups: 4 }),
      inputs: [x, w, bias],
      within: reduction(60),
      coordinates: 40,
    });
  });

  test('wrong groups are refused', () => {
    const [x, w] = [suite.context.zeros([1, 6, 4, 4]), suite.context.zeros([6, 1, 3, 3])];
    expect(() => rt.conv2d(x, w, { groups: 4 })).toThrow(/4 groups, expected a divisor of 6 and 6/);
    expect(() => rt.conv2d(x, w, { groups: 3 })).toThrow(/2 channels in each of 3 groups, the weight expects 1/);
    expect(() => rt.conv2d(x, w, { groups: 6, padding: [1, 2, 3] as never })).toThrow(/four as \[top, bottom/);
  });
});

/** Values and gradients of a case. */
async function check(suite: Suite, t: TestContext, { label: _, x, w, ...options }: Case): Promise<void> {
  const [input, weight] = uniformInputs([x, w]);
  const pixels = x[0] * x[2] * x[3];
  await checkGradients(suite, t, 'conv2d', {
    op: (a, b) => rt.conv2d(a, b, options),
    reference: (a, b) => conv2dF64(a, b, options),
    inputs: [input, weight],
    within: reduction(w[1] * w[2] * w[3]),
    gradientsWithin: reduction(Math.max(pixels, w[0] * w[2] * w[3])), // dWeight sums over pixels, dInput over OC KH KW
    coordinates: 40,
  });
}

describeConvVariants('conv2d', (suite) => {
  test.for(inPage(cases, 5))('$label', (each, t) => check(suite, t, each));

  test('bias, and the memory orders of the layers', async (t) => {
    const [x, w, bias] = uniformInputs([[2, 4, 5, 6], [8, 4, 3, 3], [8]]);
    await checkGradients(suite, t, 'conv2d', {
      op: (a, b, c) => rt.conv2d(a, b, { bias: c, padding: 1 }),
      reference: (a, b, c) => conv2dF64(a, b, { bias: c, padding: 1 }),
      inputs: [{ ...x, order: rt.CHANNELS_LAST }, { ...w, order: rt.KERNEL_ORDER }, bias],
      within: reduction(60),
      coordinates: 40,
    });
  });

  // views of the sizes of the first case share its kernels
  test('views: a permuted image', async (t) => {
    await checkGradients(suite, t, 'conv2d', {
      op: (a, b) => rt.conv2d(rt.permute(a, [3, 0, 2, 1]), b, { padding: 1 }),
      reference: (a, b) => conv2dF64(permuteF64(a, [3, 0, 2, 1]), b, { padding: 1 }),
      inputs: uniformInputs([
        [3, 5, 7, 2],
        [5, 3, 3, 3],
      ]),
      within: reduction(70),
      coordinates: 40,
    });
  });

  test('views: an expanded image and a sliced weight', async (t) => {
    await checkGradients(suite, t, 'conv2d', {
      op: (a, b) => rt.conv2d(rt.expand(a, [2, 3, 7, 5]), rt.slice(b, 0, 1, 6), { padding: 1 }),
      reference: (a, b) => {
        const x = elementwiseF64((p, q) => p + q)(a, { shape: [2, 3, 7, 5], data: new Float64Array(210) });
        return conv2dF64(x, { shape: [5, 3, 3, 3], data: b.data.slice(27, 162) }, { padding: 1 });
      },
      inputs: uniformInputs([
        [2, 1, 7, 5],
        [7, 3, 3, 3],
      ]),
      within: reduction(70),
      coordinates: 40,
    });
  });

  test('diamond: the same weight twice, with the image added, as in a residual block', async (t) => {
    await checkGradients(suite, t, 'conv2d', {
      op: (a, w) => rt.add(a, rt.conv2d(rt.conv2d(a, w, { padding: 1 }), w, { padding: 1 })),
      reference: (a, w) =>
        elementwiseF64((p, q) => p + q)(a, conv2dF64(conv2dF64(a, w, { padding: 1 }), w, { padding: 1 })),
      inputs: uniformInputs([
        [2, 4, 4, 4],
        [4, 4, 3, 3],
      ]),
      within: reduction(36 * 2),
      coordinates: 40,
    });
  });

  test('refuses mismatched shapes', (t) => {
    suite.require(t);
    const { context } = suite;
    const x = context.zeros([2, 16, 8, 8]);
    expect(() => rt.conv2d(x, context.zeros([4, 8, 3, 3]))).toThrow(
      'conv2d: the input has 16 channels, the weight expects 8.',
    );
    expect(() => rt.conv2d(x, context.zeros([4, 16, 9, 3]))).toThrow(
      'the kernel 9 x 3 is larger than the padded input 8 x 8.',
    );
    expect(() => rt.conv2d(x, context.zeros([4, 16]))).toThrow(
      'expected an input [N, C, H, W] and a weight [OC, IC, KH, KW].',
    );
    expect(() => rt.conv2d(x, context.zeros([4, 16, 3, 3]), { stride: 0 })).toThrow('conv2d: stride [0, 0]');
    expect(() => rt.conv2d(x, context.zeros([4, 16, 3, 3]), { bias: context.zeros([5]) })).toThrow(
      'the bias is [5], expected [4].',
    );
    expect(() => context.zeros([0, 16, 8, 8])).toThrow('an empty tensor, [0, 16, 8, 8]');
  });
});
