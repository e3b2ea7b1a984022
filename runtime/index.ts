/** The public API of the tensor runtime; nothing else is imported from outside. */
export { backward, differentiable, differentiableMany } from './autograd.ts';
export { Context, type ContextOptions, openContext, type TensorOptions } from './context.ts';
export type { DeviceFeatures } from './device/device.ts';
export type { MemoryReport } from './device/memory.ts';
export type { DType } from './dtype.ts';
export * from './errors.ts';
export {
  describeGradCheck,
  type GradCheckOptions,
  type GradCheckResult,
  gradCheck,
} from './gradcheck.ts';
export type { AskedKernel, KernelTable } from './kernel/choices.ts';
export { parseKernelTable } from './kernel/choices.ts';
export type { KernelSpec } from './kernel/spec.ts';
export { groups2d, type Launch } from './launch.ts';
export { Initializer } from './nn/init.ts';
export { BatchNorm, Conv2d, Linear } from './nn/layers.ts';
export { Module, type Named } from './nn/module.ts';
export { type BatchNormOptions, type BatchNormParameters, batchNorm } from './ops/batchNorm.ts';
export { cast } from './ops/cast.ts';
export { type NtXentOptions, normPenalty, normPenaltyUnfused, ntXent, ntXentUnfused } from './ops/contrastive.ts';
export { type Conv2dOptions, conv2d } from './ops/conv2d.ts';
export {
  abs,
  add,
  div,
  exp,
  log,
  type MapOptions,
  map,
  maximum,
  mul,
  neg,
  relu,
  scale,
  sqrt,
  square,
  sub,
} from './ops/elementwise.ts';
export { linear, type MatmulOptions, matmul } from './ops/matmul.ts';
export { l2Normalize, norm } from './ops/normalize.ts';
export { avgPool2d, globalAvgPool2d, maxPool2d, type PoolOptions } from './ops/pool.ts';
export * from './ops/reduce.ts';
export * from './ops/shapeOps.ts';
export { crossEntropy, logSoftmax, softmax } from './ops/softmax.ts';
export {
  Adam,
  type AdamOptions,
  LARS,
  type LARSOptions,
  type Optimizer,
  SGD,
  type SGDOptions,
} from './optim/optimizer.ts';
export { cosineSchedule } from './optim/schedule.ts';
export type { Plan } from './plan/plan.ts';
export type { LaunchTime } from './plan/timing.ts';
export type { AdapterInfo, PlatformAdapter, RuntimePlatform } from './platform/platform.ts';
export { chromeTrace, measurePeaks, type Peaks, profileTable } from './profile.ts';
export * from './random.ts';
export * from './safetensors.ts';
export { CHANNELS_LAST, KERNEL_ORDER, type Shape } from './shape.ts';
export { Tensor } from './tensor.ts';
export { TUNED_KERNELS, type TuneOptions, type TuneOutcome, tuneKernels } from './tune/tune.ts';
export type { Variants } from './variants.ts';
