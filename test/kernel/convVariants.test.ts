/** Every variant and patch of the convolution kernels gives the same bits, forward and for both gradients. */
import { expect, test } from 'vitest';
import { backward, CHANNELS_LAST, conv2d, KERNEL_ORDER, matmul, mul, sum, type Variants } from '../../runtime/index.ts';
import { inPage, sharedContext } from '../helpers/adapter.ts';

const values = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => (((i * 7919 + seed * 104729) % 2003) - 1001) / 997);

interface Case {
  channels: number;
  outChannels: number;
  stride: number;
  /** Of an invocation, where it is not the fixed one: `4x8`. */
  patch?: string;
}

async function bitsOf(conv: Variants['conv'], sizes: Case): Promise<Uint32Array[]> {
  const { channels, outChannels, stride, patch } = sizes;
  const context = await sharedContext({ conv });
  if (patch) context.choices.table = withPatch(`${conv} ${patch}`, sizes);
  const [side, out] = [9, Math.ceil(9 / stride)];
  const x = context.tensor(values(2 * channels * side ** 2, 1), [2, channels, side, side], { order: CHANNELS_LAST });
  const w = context.tensor(values(outChannels * channels * 9, 2), [outChannels, channels, 3, 3], {
    order: KERNEL_ORDER,
  });
  const weights = context.tensor(values(2 * outChannels * out ** 2, 3), [2, outChannels, out, out], {
    order: CHANNELS_LAST,
  });
  x.requiresGrad = true;
  w.requiresGrad = true;
  const y = conv2d(x, w, { stride, padding: 1 });
  backward(sum(mul(y, weights)));
  const results = await Promise.all([y, x.grad!, w.grad!].map((tensor) => tensor.read()));
  return results.map((result) => new Uint32Array(result.buffer));
}

/** The forward pass and, with stride 1, the input gradient: those that have a choice of patches. */
function withPatch(choice: string, { channels, outChannels, stride }: Case): Record<string, string> {
  const out = Math.ceil(9 / stride);
  return {
    [`conv 3x3/${stride} ${channels}->${outChannels} ${out}x${out}`]: choice,
    [`conv 3x3/1 ${outChannels}->${channels} 9x9`]: choice,
  };
}

const shapes: Case[] = [
  { channels: 3, outChannels: 16, stride: 2 },
  { channels: 8, outChannels: 16, stride: 1 },
  { channels: 4, outChannels: 32, stride: 1 },
];

test.for(inPage(shapes, 1))('$channels -> $outChannels channels, stride $stride', async (sizes, t) => {
  const hasSubgroups = (await sharedContext()).features.subgroups;
  const register = await bitsOf('register', sizes);
  expect(await bitsOf('workgroup', sizes)).toEqual(register);
  if (!hasSubgroups) t.skip('variant subgroup: the adapter has no feature "subgroups"');
  expect(await bitsOf('subgroup', sizes)).toEqual(register);
});

test('patches of 4x8 and 2x4, in the variant that the adapter uses', async () => {
  const { variant } = (await sharedContext()).choices.fixed;
  const sizesOfBoth = [
    { channels: 8, outChannels: 16, stride: 1 },
    { channels: 3, outChannels: 16, stride: 2 },
  ];
  for (const sizes of inPage(sizesOfBoth, 1)) {
    const fixed = await bitsOf(variant, sizes);
    for (const patch of ['4x8', '2x4']) expect(await bitsOf(variant, { ...sizes, patch })).toEqual(fixed);
  }
});

test('the table reaches the kernels: another patch gives other shader source', async () => {
  const context = await sharedContext();
  const x = context.zeros([1, 8, 9, 9], { order: CHANNELS_LAST });
  const w = context.zeros([16, 8, 3, 3], { order: KERNEL_ORDER });
  const groupsOf = async (table: Record<string, string>) => {
    const launched: number[] = [];
    const launch = context.launch.bind(context);
    context.launch = (call) => {
      launched.push(call.groups[0]);
      launch(call);
    };
    context.choices.table = table;
    conv2d(x, w, { padding: 1 });
    context.launch = launch;
    return launched;
  };
  const { variant } = context.choices.fixed;
  expect(await groupsOf({})).toEqual([9]);
  expect(await groupsOf(withPatch(`${variant} 4x8`, { channels: 8, outChannels: 16, stride: 1 }))).toEqual([6]);
  expect(await groupsOf(withPatch(`${variant} 2x4`, { channels: 8, outChannels: 16, stride: 1 }))).toEqual([15]);
  expect(await groupsOf(withPatch(`${variant} 3x3`, { channels: 8, outChannels: 16, stride: 1 }))).toEqual([9]); // no such patch
});

/** A product large enough for more columns a lane and, with four lanes, several channels in one go (260, not 257). */
test.for(inPage([260, 257], 1))('256 x %i x 256: the bits of a product of 16 of its rows', async (inner, t) => {
  const [a, b] = [values(256 * inner, 1), values(inner * 256, 2)];
  const productOf = async (rows: number, conv: Variants['conv']) => {
    const context = await sharedContext({ conv });
    if (conv === 'subgroup' && !context.features.subgroups) return null;
    const [left, right] = [context.tensor(a.slice(0, rows * inner), [rows, inner]), context.tensor(b, [inner, 256])];
    return new Uint32Array((await matmul(left, right).read()).buffer);
  };
  const register = (await productOf(256, 'register'))!;
  expect(await productOf(16, 'register')).toEqual(register.slice(0, 16 * 256));
  expect(await productOf(256, 'workgroup')).toEqual(register);
  const subgroup = await productOf(256, 'subgroup');
  if (!subgroup) t.skip('variant subgroup: the adapter has no feature "subgroups"');
  expect(subgroup).toEqual(register);
});
