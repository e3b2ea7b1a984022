/** The losses of the methods themselves, as the trainer calls them: values and gradients (docs/methods.md 1.1 and 1.3). */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { type Method, methodOf } from '../../src/methods/method.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { sliceF64 } from '../helpers/reference.ts';
import { normPenaltyF64, ntXentF64, oeclLossF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const B = 3; // images of each kind
const VIEWS = 2 * B;
const temperature = 0.4;
const method = (name: 'oecl' | 'simclr'): Method =>
  methodOf(resolveConfig({ method: name, temperature }, { isSoftware: true }));

/** Normal view 1, 2, outlier view 1, 2: as the encoder hands them over. */
const features = uniformInput([2 * VIEWS, 7], { low: -2, high: 2 });
const halves = (f: rt.Tensor): rt.Tensor[] => rt.split(f, [VIEWS, VIEWS], 0);

describeOp('methods', (suite) => {
  for (const lambda of [0, 0.1, 1]) {
    test(`oecl, lambda ${lambda}: value and gradient`, async (t) => {
      await checkGradients(suite, t, 'loss of oecl', {
        op: (f) => {
          const [normal, outliers] = halves(f);
          return method('oecl').loss(normal, outliers, f.context.tensor([lambda], [])).loss;
        },
        reference: (f) => oeclLossF64(f, { temperature, lambda }),
        inputs: [features],
        within: tolerance.transcendental,
      });
    });
  }

  test('simclr: value and gradient; lambda plays no part', async (t) => {
    await checkGradients(suite, t, 'loss of simclr', {
      op: (f) => method('simclr').loss(f, null, f.context.tensor([3], [])).loss,
      reference: (f) => ntXentF64(f, temperature),
      inputs: [uniformInput([VIEWS, 7], { low: -2, high: 2 })],
      within: tolerance.transcendental,
    });
  });

  test('the terms that are recorded are those of the loss', async () => {
    const { context } = suite;
    const [normal, outliers] = halves(context.tensor(features.values, features.shape));
    const lambda = context.tensor([0.25], []);
    const terms = method('oecl').loss(normal, outliers, lambda);
    const f = { shape: features.shape, data: Float64Array.from(features.values) };
    const [contrastive, penalty] = [
      ntXentF64(sliceF64(f, 0, 0, VIEWS), temperature).data[0],
      normPenaltyF64(sliceF64(f, 0, VIEWS, 2 * VIEWS)).data[0],
    ];
    const read = await Promise.all([terms.loss, terms.contrastive, terms.penalty!].map((term) => term.item()));
    expectClose(read, [contrastive + 0.25 * penalty, contrastive, penalty], tolerance.transcendental);
    expect(method('simclr').loss(normal, null, lambda).penalty).toBeNull();
  });
});
