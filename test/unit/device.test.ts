/** What a device tells of its failures, with a GPU that is made up. */
import { describe, expect, test } from 'vitest';
import { Device } from '../../runtime/device/device.ts';
import { DeviceLostError, KernelError, LimitError } from '../../runtime/errors.ts';
import type { PlatformAdapter } from '../../runtime/platform/platform.ts';

class GPUOutOfMemoryError extends Error {}
class GPUValidationError extends Error {}

function fakeDevice() {
  let lose: (info: { reason: string; message: string }) => void = () => {};
  const gpu = Object.assign(new EventTarget(), {
    lost: new Promise((resolve) => {
      lose = resolve;
    }),
    features: new Set(),
    limits: {},
    destroy: () => lose({ reason: 'destroyed', message: '' }),
  });
  const found = { info: { description: 'made up' }, adapter: {}, release() {} } as unknown as PlatformAdapter;
  const device = new Device(found, gpu as unknown as GPUDevice);
  const report = (error: Error) => gpu.dispatchEvent(Object.assign(new Event('uncapturederror'), { error }));
  return { device, gpu, lose, report };
}

describe('a device', () => {
  test('that is lost, or destroyed by others, is a failure', async () => {
    for (const reason of ['unknown', 'destroyed']) {
      const { device, lose } = fakeDevice();
      lose({ reason, message: 'why' });
      await expect(device.lost).rejects.toThrow(DeviceLostError);
      expect(() => device.check()).toThrow(`the device was lost (${reason}): why`);
    }
  });

  test('that is closed is none, and what uses it is told so', async () => {
    const { device, gpu } = fakeDevice();
    device.close();
    await gpu.lost;
    expect(() => device.check()).toThrow('the context is closed.');
    expect(() => device.gpu).toThrow('the context is closed.');
    expect(await Promise.race([device.lost, Promise.resolve('open')])).toBe('open');
  });

  test('whose loss is told after a call has failed of it: the loss is the reason', async () => {
    const { device, lose } = fakeDevice();
    const reason = device.reasonOf(new Error('mapAsync'));
    lose({ reason: 'unknown', message: '' });
    expect(await reason).toBeInstanceOf(DeviceLostError);
    const other = new Error('mapAsync');
    expect(await fakeDevice().device.reasonOf(other)).toBe(other);
  });

  test('out of memory: what to do; any other error: to be reported', () => {
    const [full, wrong] = [fakeDevice(), fakeDevice()];
    full.report(new GPUOutOfMemoryError('too much'));
    expect(() => full.device.check()).toThrow(LimitError);
    expect(() => full.device.check()).toThrow(/no memory left: too much[\s\S]*--batch/);
    wrong.report(new GPUValidationError('wrong'));
    expect(() => wrong.device.check()).toThrow(KernelError);
  });
});
