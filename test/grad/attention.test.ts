/** The block attention module CBAM of src/models/cbam.ts: the gradients of its input and of every parameter. */
import { test } from 'vitest';
import { Initializer } from '../../runtime/index.ts';
import { Cbam } from '../../src/models/cbam.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeConvVariants } from '../helpers/gradSuite.ts';
import { distinctInput } from '../helpers/inputs.ts';
import { cbamF64 } from '../helpers/referenceNetwork.ts';
import { tolerance } from '../helpers/tolerances.ts';

const shapes = [
  { shape: [2, 3, 5, 5] },
  { shape: [3, 17, 2, 2] }, // more channels than one hidden unit stands for
  { shape: [2, 1, 1, 1] },
];

describeConvVariants('attention', (suite) => {
  test.for(inPage(shapes, 1))('CBAM of [$shape]', async ({ shape }, t) => {
    suite.require(t);
    const init = new Initializer(suite.context, 4, 1);
    const module = new Cbam(init, shape[1], { isBiasFree: false });
    const named = module.namedParameters();
    const parameters = await Promise.all(
      named.map(async ([name, tensor]) => ({
        values: await tensor.read(),
        shape: tensor.shape,
        tensor,
        // a batch norm follows that removes any scale: with one value per image, nothing is left
        differentiate: !(shape[2] === 1 && name.endsWith('conv.weight')),
      })),
    );
    await checkGradients(suite, t, 'CBAM', {
      op: (x) => module.forward(x, true),
      reference: (x, ...values) =>
        cbamF64(Object.fromEntries(named.map(([name], i) => [`cbam.${name}`, values[i]])), 'cbam', x),
      inputs: [distinctInput(shape, 3), ...parameters],
      within: tolerance.network,
      coordinates: 12,
      skipKinks: true,
    });
    for (const [, tensor] of named) tensor.dispose();
  });
});
