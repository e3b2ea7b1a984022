/** What kind of adapter a WebGPU implementation offers, from what it says of it. */
import type { AdapterInfo } from './platform.ts';

/** The parts of GPUAdapterInfo that tell. */
export interface ReportedInfo {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
}

/** @param isFallback the adapter's own word, for software that has another name */
export function describeAdapter(
  { vendor, architecture, device, description }: ReportedInfo,
  isFallback: boolean,
): AdapterInfo {
  const text = `${vendor} ${architecture} ${device} ${description}`.toLowerCase();
  const kind = text.includes('swiftshader')
    ? 'swiftshader'
    : text.includes('llvmpipe') || text.includes('lavapipe')
      ? 'lavapipe'
      : isFallback || text.includes('software') || text.includes('basic render')
        ? 'other-software'
        : 'hardware';
  return { vendor, architecture, device, description, isSoftware: kind !== 'hardware', kind };
}
