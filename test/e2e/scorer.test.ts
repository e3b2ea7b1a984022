/** An open scorer keeps nothing of the calls that it has answered: a server may run for months. */
import { expect, test } from 'vitest';
import { packImages } from '../../src/data/imageSet.ts';
import { Encoder } from '../../src/models/resnet.ts';
import { resolveConfig } from '../../src/train/config.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { openTestContext } from '../helpers/adapter.ts';

test('memory after a call is that of before: scored, interrupted, or failed', async () => {
  const context = await openTestContext();
  try {
    const config = resolveConfig({ arch: 'resnet10', width: 4, size: 16, views: 2 }, { isSoftware: true });
    const encoder = new Encoder(context, config);
    const images = Array.from({ length: 3 }, (_, i) => ({
      ...{ width: 16, height: 16, pixels: new Uint8Array(16 * 16 * 3).fill(60 * i) },
    }));
    const set = {
      ...{ name: 'images', synthetic: false, classes: ['image'], paths: ['a', 'b', 'c'] },
      ...{ images: await packImages(images), labels: new Int32Array(3) },
    };
    const call = (hooks = {}) => evaluate(context, encoder, set, [0, 1, 2], config, hooks);
    const first = await call();
    const before = context.memory();
    expect(await call()).toEqual(first);
    expect(await call({ signal: AbortSignal.abort() })).toBeNull();
    const fail = () => {
      throw new Error('of the caller');
    };
    await expect(call({ onEvaluate: fail })).rejects.toThrow('of the caller');
    expect(context.memory()).toEqual(before);
  } finally {
    await context.close();
  }
});
