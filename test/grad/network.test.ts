/**
 * The whole OECL loss of a small ResNet: gradients of every parameter tensor and of the images, at random elements of each,
 * against central differences of the reference network. Elements within a step of a kink (where a ReLU changes side) have no
 * slope to compare with: they are skipped and counted, and must be at most a tenth of all.
 */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeConvVariants } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import type { ParametersF64 } from '../helpers/referenceNetwork.ts';
import { resnet10F64 } from '../helpers/referenceNetwork.ts';
import { oeclLossF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const PLACES = 2; // per tensor; each takes four forward passes of the reference
const networks = [
  { width: 4, size: 8, normal: 2, features: 8 },
  { width: 3, size: 9, normal: 3, features: 5 },
];
const loss = { temperature: 0.5, lambda: 0.7 };

describeConvVariants('network', (suite) => {
  test.for(inPage(networks, 1))(
    'OECL loss of ResNet-10: $width wide, $size px, $normal normal and as many OE images',
    async (options, t) => {
      suite.require(t);
      const { context } = suite;
      const { width, size, features } = options;
      const encoder = new Encoder(context, { arch: 'resnet10', seed: 1, width, size, network: { features } });
      const named = encoder.namedParameters();
      named.forEach(([name, tensor], i) => {
        // batch norm starts with weights 1 and biases 0, where many gradients are equal or 0
        if (/bn\d|shortcut\.1|head\.1/.test(name)) {
          const [low, high] = name.endsWith('weight') ? [0.6, 1.4] : [-0.2, 0.2];
          tensor.write(uniformInput(tensor.shape, { seed: 50 + i, low, high }).values);
        }
      });
      const parameters = await Promise.all(
        named.map(async ([name, tensor]) => ({
          values: await tensor.read(),
          shape: tensor.shape,
          tensor,
          // the batch norm that follows removes any constant: the gradient is 0, and its rounding error has no scale
          differentiate: name !== 'head.0.bias',
        })),
      );
      const views = 2 * options.normal;
      const images = uniformInput([2 * views, 3, options.size, options.size], { seed: 9 });
      await checkGradients(suite, t, 'OECL of ResNet-10', {
        op: (x) => {
          const f = encoder.forward(x, true);
          const penalty = rt.normPenalty(rt.slice(f, 0, views, 2 * views));
          return rt.add(
            rt.ntXent(rt.slice(f, 0, 0, views), { temperature: loss.temperature }),
            rt.scale(penalty, loss.lambda),
          );
        },
        reference: (x, ...values) => {
          const byName: ParametersF64 = Object.fromEntries(named.map(([name], i) => [name, values[i]]));
          return oeclLossF64(resnet10F64(byName, x), loss);
        },
        inputs: [images, ...parameters],
        within: tolerance.network,
        coordinates: PLACES,
        skipKinks: true,
      });
      const [{ checked, kinks }] = t.task.meta.gradChecks!;
      expect(kinks).toBeLessThanOrEqual((checked + kinks) / 10);
      for (const [, tensor] of named) tensor.dispose();
    },
  );
});
