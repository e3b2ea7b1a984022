/** WebGPU in a browser, in a page or a worker: the adapter that the browser offers, or its software adapter. */
import { AdapterError, UnknownAdapterError } from '../errors.ts';
import { describeAdapter } from './adapterInfo.ts';
import type { PlatformAdapter, RuntimePlatform } from './platform.ts';

export const browserRuntimePlatform: RuntimePlatform = {
  async requestAdapter({ adapter: wanted } = {}) {
    const { gpu } = navigator as { gpu?: GPU }; // missing in older browsers and on insecure pages
    if (!gpu) throw noWebGpu();
    const best = await openAdapter(gpu, false);
    const software = best?.info.isSoftware ? null : await openAdapter(gpu, true);
    const offered = [best, software].filter((each) => each !== null);
    if (offered.length === 0) throw noAdapter();
    const found = offered.find((each) => wanted === undefined || isCalled(each, wanted));
    if (found) return found;
    throw new UnknownAdapterError(`adapter ${wanted}: this browser has none with this name or kind.`, {
      details: offered.map(({ info }, i) => `${i === 0 ? 'there is' : '        '}  ${nameOf(info)} (${info.kind})`),
      remedy: 'a part of one of these names, or no name for the best',
    });
  },
};

async function openAdapter(gpu: GPU, forceFallbackAdapter: boolean): Promise<PlatformAdapter | null> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance', forceFallbackAdapter });
  if (!adapter) return null;
  const isFallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? forceFallbackAdapter;
  return { gpu, adapter, info: describeAdapter(adapter.info, isFallback), wait: (pending) => pending, release() {} };
}

const nameOf = ({ vendor, architecture, device, description }: PlatformAdapter['info']): string =>
  [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed';

const isCalled = ({ info }: PlatformAdapter, wanted: string): boolean =>
  info.kind === wanted.toLowerCase() || nameOf(info).toLowerCase().includes(wanted.toLowerCase());

function noWebGpu(): AdapterError {
  return new AdapterError('this browser offers no WebGPU.', {
    details: ['looked for   navigator.gpu'],
    remedy: 'a current Chrome, Edge, Firefox or Safari, and a page from https:// or http://localhost',
  });
}

function noAdapter(): AdapterError {
  return new AdapterError('this browser offers WebGPU, but no adapter.', {
    remedy: "hardware acceleration in the browser's settings, or a newer driver of the GPU",
  });
}
