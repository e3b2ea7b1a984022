/** Which implementation of a kernel family a context uses. All give the same numbers; they differ in what they need. */
import type { DeviceFeatures } from './device/device.ts';

export interface Variants {
  /**
   * Convolutions and matrix products: how what all lanes need of an operand reaches them. By subgroup broadcast, through
   * workgroup memory, or by a load of every lane.
   */
  conv: 'subgroup' | 'workgroup' | 'register';
}

export function defaultVariants(features: DeviceFeatures): Variants {
  return { conv: features.subgroups && features.subgroupMinSize >= 4 ? 'subgroup' : 'workgroup' };
}
