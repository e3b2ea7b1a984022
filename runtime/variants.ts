/** The variants of kernel families. All give the same bits; they differ in the features that they need. */
import type { DeviceFeatures } from './device/device.ts';

export interface Variants {
  /**
   * Convolutions and matrix products: how lanes share what they all read of an operand. By subgroup broadcast, through
   * workgroup memory, or not at all (every lane loads it).
   */
  conv: 'subgroup' | 'workgroup' | 'register';
}

export function defaultVariants(features: DeviceFeatures): Variants {
  return { conv: features.subgroups && features.subgroupMinSize >= 4 ? 'subgroup' : 'workgroup' };
}
