/** A whole network with activations stored as f16, compared with the same network in f32. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import type { Precision } from '../../src/models/backbone.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { describeHalves } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose, expectSameBits } from '../helpers/matchers.ts';
import { tolerance } from '../helpers/tolerances.ts';

/**
 * Largest norm of the difference of the gradients in f16 and f32, relative to the norm of the gradient. Rounding moves about
 * a thousandth of all values across the zero of their ReLU, each of which adds or drops a whole term: sqrt(1e-3) = 3 % per
 * such layer, while other layers agree to 0.5 %. The worst observed is 0.066.
 */
const GRADIENT_DISTANCE = 0.15;

const lengthOf = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describeHalves('network', (suite) => {
  async function run(precision: Precision, size: number, width: number) {
    const { context } = suite;
    const encoder = new Encoder(context, {
      arch: 'resnet10',
      width,
      size,
      network: { features: 8 },
      seed: 1,
      precision,
    });
    const shape = [6, 3, size, size];
    const x = context.tensor(uniformInput(shape, { seed: 3 }).values, shape, { order: rt.CHANNELS_LAST });
    const weights = context.tensor(uniformInput([6, 8], { seed: 4 }).values, [6, 8]);
    const y = context.scope(() => {
      const f = encoder.forward(x, true);
      rt.backward(rt.sum(rt.mul(f, weights)));
      return f.detach();
    });
    const named = encoder.namedParameters();
    const read = async (tensor: rt.Tensor) => (await tensor.read()) as Float32Array;
    return {
      y: await read(y),
      types: new Set([...named, ...encoder.namedBuffers()].map(([, tensor]) => tensor.dtype)),
      gradients: await Promise.all(named.map(([, tensor]) => read(tensor.grad!))),
    };
  }

  test.for([
    { size: 16, width: 4 },
    { size: 9, width: 3 }, // odd sides, channels not a multiple of 4
    { size: 66, width: 4 }, // the ImageNet stem
  ])('$size px, $width wide: features and gradients of f32; the same bits in every run', async ({ size, width }, t) => {
    suite.require(t);
    const [f32, f16, again] = [
      await run('f32', size, width),
      await run('f16', size, width),
      await run('f16', size, width),
    ];
    expect([...f16.types]).toEqual(['f32']);
    expectClose(f16.y, f32.y, tolerance.halfNetwork);
    expect(f16.y).not.toEqual(f32.y);
    expectSameBits(again.y, f16.y);
    for (const [i, values] of f16.gradients.entries()) expectSameBits(again.gradients[i], values);
    const [found, expected] = [f16, f32].map(({ gradients }) => gradients.flatMap((values) => Array.from(values)));
    const distance = lengthOf(found.map((value, i) => value - expected[i])) / lengthOf(expected);
    expect(distance).toBeLessThan(GRADIENT_DISTANCE);
  });
});
