/** The public API of the tensor runtime; nothing else is imported from outside. */
export { backward } from './autograd/backward.ts';
export { differentiable, differentiableMany } from './autograd/tape.ts';
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
} from './gradcheck/gradCheck.ts';
export type { AskedKernel, KernelTable } from './kernel/choices.ts';
export { parseKernelTable } from './kernel/choices.ts';
export type { KernelSpec } from './kernel/spec.ts';
export { groups2d, type Launch } from './launch.ts';
export { type BatchNormOptions, type BatchNormParameters, batchNorm } from './nn/functional/batchNorm.ts';
export { binaryCrossEntropy, focalLoss } from './nn/functional/binary.ts';
export {
  type NtXentOptions,
  normPenalty,
  normPenaltyUnfused,
  ntXent,
  ntXentUnfused,
} from './nn/functional/contrastive.ts';
export { type Conv2dOptions, conv2d } from './nn/functional/conv2d.ts';
export { linear, type MatmulOptions, matmul } from './nn/functional/matmul.ts';
export { l2Normalize, norm } from './nn/functional/normalize.ts';
export {
  deepSadLoss,
  hypersphereLoss,
  type SoftBoundaryOptions,
  softBoundaryLoss,
} from './nn/functional/oneClass.ts';
export { avgPool2d, globalAvgPool2d, maxPool2d, type PoolOptions } from './nn/functional/pool.ts';
export { crossEntropy, logSoftmax, softmax } from './nn/functional/softmax.ts';
export { supCon, supConUnfused } from './nn/functional/supCon.ts';
export {
  alignment,
  type DistanceOptions,
  uniformity,
  uniformityUnfused,
} from './nn/functional/uniformity.ts';
export { type ConvolutionInit, Initializer } from './nn/init.ts';
export { BatchNorm, Conv2d, Linear } from './nn/layers.ts';
export { Module, type Named } from './nn/module.ts';
export { cast } from './ops/cast.ts';
export {
  abs,
  add,
  div,
  exp,
  leakyRelu,
  log,
  maximum,
  mul,
  neg,
  relu,
  relu6,
  scale,
  sigmoid,
  sqrt,
  square,
  sub,
} from './ops/elementwise.ts';
export { type MapOptions, map } from './ops/map.ts';
export * from './ops/reduce.ts';
export * from './ops/shapeOps.ts';
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
export { measurePeaks, type Peaks } from './profile/peaks.ts';
export { chromeTrace, profileTable } from './profile/report.ts';
export * from './random.ts';
export { decodeSafetensors } from './safetensors/decode.ts';
export { encodeSafetensors } from './safetensors/encode.ts';
export {
  floatValues,
  type SafetensorsArray,
  type SafetensorsDtype,
  type SafetensorsFile,
  type SafetensorsTensor,
} from './safetensors/format.ts';
export { CHANNELS_LAST, KERNEL_ORDER, type Shape } from './shape.ts';
export { Tensor } from './tensor.ts';
export { TUNED_KERNELS, type TuneOptions, type TuneOutcome, tuneKernels } from './tune/tune.ts';
export type { Variants } from './variants.ts';
