/** How device failures are reported, tested with a fake GPU. */
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
  test('that is lost, or destroyed by other code, fails', async () => {
    for (const reason of ['unknown', 'destroyed']) {
      const { device, lose } = fakeDevice();
      lose({ reason, message: 'why' });
      await expect(device.lost).rejects.toThrow(DeviceLostError);
      expect(() => device.check()).toThrow(`the device was lost (${reason}): why`);
    }
  });

  test('that is closed does not fail, and later uses are told that it is closed', async () => {
    const { device, gpu } = fakeDevice();
    device.close();
    await gpu.lost;
    expect(() => device.check()).toThrow('the context is closed.');
    expect(() => device.gpu).toThrow('the context is closed.');
    expect(await Promise.race([device.lost, Promise.resolve('open')])).toBe('open');
  });

  test('whose loss is reported after a call failed because of it names the loss as the reason', async () => {
    const { device, lose } = fakeDevice();
    const reason = device.reasonOf(new Error('mapAsync'));
    lose({ reason: 'unknown', message: '' });
    expect(await reason).toBeInstanceOf(DeviceLostError);
    const other = new Error('mapAsync');
    expect(await fakeDevice().device.reasonOf(other)).toBe(other);
  });

  test('suggests a remedy when out of memory, and asks to report any other error', () => {
    const [full, wrong] = [fakeDevice(), fakeDevice()];
    full.report(new GPUOutOfMemoryError('too much'));
    expect(() => full.device.check()).toThrow(LimitError);
    expect(() => full.device.check()).toThrow(/no memory left: too much[\s\S]*--batch/);
    wrong.report(new GPUValidationError('wrong'));
    expect(() => wrong.device.check()).toThrow(KernelError);
  });
});
