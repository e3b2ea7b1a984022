/** Scoring in passes: as many images at once as the adapter allows, with the same scores for every pass size. */
import { expect, test } from 'vitest';
import { LimitError, openContext, reshape, type Tensor } from '../../runtime/index.ts';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { packImages } from '../../src/data/imageSet.ts';
import type { Encoder } from '../../src/models/encoder.ts';
import { evaluate } from '../../src/runs/evaluate.ts';

const VIEWS = 3;
const SIDE = 8;

/** An encoder whose features are the pixels of a view, on an adapter that takes a limited number of views at once. */
const encoderOf = (mostViews: number, passes: number[]) =>
  ({
    outputs(views: Tensor) {
      passes.push(views.shape[0]);
      const projection = () => reshape(views, [views.shape[0], 3 * SIDE * SIDE]);
      if (views.shape[0] <= mostViews)
        return { backbone: projection(), projection: projection(), logits: {}, maps: [] };
      throw new LimitError('too many views.', { bytes: { needed: views.shape[0], allowed: mostViews } });
    },
  }) as unknown as Encoder;

test('a pass that is too large for the adapter is halved; a single image that is too large is an error', async () => {
  const images = await packImages(
    Array.from({ length: 5 }, (_, n) => ({
      width: SIDE,
      height: SIDE,
      pixels: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (n + 3)) % 256),
    })),
  );
  const set = { name: 't', synthetic: false, classes: ['a'], images, labels: new Int32Array(5), paths: [...'abcde'] };
  const config = resolveConfig({ size: SIDE, views: VIEWS - 1 }, { isSoftware: true });
  const context = await openContext(nodeRuntimePlatform, { adapter: process.env.OECL_TEST_ADAPTER });
  const scored = async (mostViews: number) => {
    const passes: number[] = [];
    return { passes, scores: await evaluate(context, encoderOf(mostViews, passes), set, [0, 1, 2, 3, 4], config) };
  };
  try {
    const whole = await scored(100);
    const halved = await scored(2 * VIEWS);
    expect([whole.passes, halved.passes]).toEqual([[15], [15, 9, 6]]);
    expect(halved.scores).toEqual(whole.scores);
    await expect(scored(VIEWS - 1)).rejects.toThrow(LimitError);
  } finally {
    await context.close();
  }
});
