/** The kind of an adapter, from the information that WebGPU gives about it. */
import type { AdapterInfo } from './platform.ts';

/** The relevant fields of GPUAdapterInfo. */
export interface ReportedInfo {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
}

/** @param isFallback as the adapter reports, for software with other names */
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
