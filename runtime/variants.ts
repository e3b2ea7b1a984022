/** Which implementation of a kernel family a context uses. All give the same numbers; they differ in what they need. */
import type { DeviceFeatures } from './device/device.ts';

export interface Variants {
  /** Matrix products and convolutions: operand shared by subgroup broadcast, or loaded by every lane. */
  gemm: 'subgroup' | 'register';
}

export function defaultVariants(features: DeviceFeatures): Variants {
  return { gemm: features.subgroups && features.subgroupMinSize >= 4 ? 'subgroup' : 'register' };
}
