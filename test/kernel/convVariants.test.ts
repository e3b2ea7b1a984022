/** Every variant of the convolution kernels gives the same bits, forward and for both gradients. */
import { expect, test } from 'vitest';
import { backward, CHANNELS_LAST, conv2d, KERNEL_ORDER, mul, sum, type Variants } from '../../runtime/index.ts';
import { openTestContext } from '../helpers/adapter.ts';

const values = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => (((i * 7919 + seed * 104729) % 2003) - 1001) / 997);

interface Case {
  channels: number;
  outChannels: number;
  stride: number;
}

async function bitsOf(conv: Variants['conv'], { channels, outChannels, stride }: Case): Promise<Uint32Array[]> {
  const context = await openTestContext({ variants: { conv } });
  try {
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
  } finally {
    await context.close();
  }
}

test.for([
  { channels: 8, outChannels: 16, stride: 1 },
  { channels: 4, outChannels: 32, stride: 1 },
  { channels: 3, outChannels: 16, stride: 2 },
])('$channels -> $outChannels channels, stride $stride', async (shape, t) => {
  const context = await openTestContext();
  const hasSubgroups = context.features.subgroups;
  await context.close();
  const register = await bitsOf('register', shape);
  expect(await bitsOf('workgroup', shape)).toEqual(register);
  if (!hasSubgroups) t.skip('variant subgroup: the adapter has no feature "subgroups"');
  expect(await bitsOf('subgroup', shape)).toEqual(register);
});
