/** An open scorer retains no memory of finished calls: a server may run for months. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { packImages } from '../../src/data/imageSet.ts';
import { evaluate } from '../../src/runs/evaluate.ts';
import { networkOf } from '../../src/runs/network.ts';
import { openTestContext } from '../helpers/adapter.ts';

test('a call releases its memory, whether it scored, was interrupted or failed', async () => {
  const context = await openTestContext();
  try {
    const config = resolveConfig({ arch: 'resnet10', width: 4, size: 16, views: 2 }, { isSoftware: true });
    const encoder = networkOf(context, config);
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

/** Opens, uses and closes contexts. Returns weak references to their devices, each of which holds threads and files. */
async function closedDevices(count: number): Promise<WeakRef<object>[]> {
  const devices: WeakRef<object>[] = [];
  for (let i = 0; i < count; i++) {
    const context = await openTestContext();
    await context.tensor([1], [1]).read();
    devices.push(new WeakRef(context.device));
    await context.close();
  }
  return devices;
}

test('a closed context is released with its device: programs may open one per call', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const devices = await closedDevices(5);
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  const alive = devices.filter((device) => device.deref() !== undefined);
  expect(alive.length).toBeLessThanOrEqual(1); // the last may still be in a register
});
