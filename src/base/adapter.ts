/** How an adapter is described, in run folders and to the reader. */
import type { AdapterInfo } from '../../runtime/index.ts';

/** What a run records of its adapter. */
export type AdapterNames = Pick<AdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'>;

/** What is shown of an adapter, by any host. */
export type AdapterDescription = AdapterNames & Pick<AdapterInfo, 'isSoftware'>;

export const namesOf = ({ vendor, architecture, device, description }: AdapterNames): AdapterNames => ({
  vendor,
  architecture,
  device,
  description,
});

export const descriptionOf = (info: AdapterDescription): AdapterDescription => ({
  ...namesOf(info),
  isSoftware: info.isSoftware,
});

/** The names in one line, each once: `llvmpipe, Mesa 25.0.7`. */
export const adapterName = (adapter: AdapterNames): string =>
  [...new Set(Object.values(namesOf(adapter)))].filter((name) => name !== '').join(', ') || 'unnamed';
