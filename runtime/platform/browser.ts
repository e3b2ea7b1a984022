/** WebGPU in a browser, in a page or in a worker. */
import { AdapterError, UnknownAdapterError } from '../errors.ts';
import { describeAdapter } from './adapterInfo.ts';
import type { AdapterInfo, RuntimePlatform } from './platform.ts';

/** A browser offers one adapter: a wanted one is found only when it is this one. */
export const browserRuntimePlatform: RuntimePlatform = {
  async requestAdapter({ adapter: wanted } = {}) {
    const { gpu } = navigator;
    if (!gpu) {
      throw new AdapterError('this browser has no WebGPU.', {
        details: [self.isSecureContext ? 'navigator.gpu is missing' : 'the page is not from https or localhost'],
        remedy: 'a current Chrome, Edge, Firefox or Safari, and a page from https or localhost',
      });
    }
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) {
      throw new AdapterError('the browser found no WebGPU adapter.', {
        remedy: 'turn hardware acceleration on in the settings of the browser, or update the driver of the GPU',
      });
    }
    const info = describeAdapter(adapter.info, adapter.info.isFallbackAdapter ?? false);
    if (wanted !== undefined && !answersTo(info, wanted)) {
      throw new UnknownAdapterError(`adapter ${wanted}: the browser offers another one.`, {
        details: [`there is  ${Object.values(info).join(' ').trim()}`],
        remedy: 'a part of this name, or no name',
      });
    }
    return { gpu, adapter, info, release() {} };
  },
};

function answersTo({ kind, vendor, architecture, device, description }: AdapterInfo, wanted: string): boolean {
  return [kind, vendor, architecture, device, description].join('\n').toLowerCase().includes(wanted.toLowerCase());
}
