/** The one thing that differs between Node and a browser for the runtime: where an adapter comes from. */

/**
 * The types of WebGPU that the published declarations name. TypeScript 5.9 knows them only with the package @webgpu/types,
 * which newer versions do not get along with, and all of them only with the library DOM. Where they are declared, these add
 * nothing; elsewhere they keep the declarations valid.
 */
declare global {
  interface GPU {}
  interface GPUAdapter {}
  interface GPUDevice {}
  interface GPUSupportedLimits {}
  interface GPUBuffer {}
  interface GPUBindGroup {}
  interface GPUBindGroupLayout {}
  interface GPUComputePipeline {}
}

export interface AdapterInfo {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** True when the work runs on the CPU. */
  isSoftware: boolean;
  kind: 'hardware' | 'lavapipe' | 'swiftshader' | 'other-software';
}

export interface PlatformAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  info: AdapterInfo;
  /** Awaits a promise of the device's: the same outcome, with no core kept busy by the waiting. */
  wait<T>(pending: Promise<T>): Promise<T>;
  /** Drops what keeps the process alive. Called once, after the device is destroyed. */
  release(): void;
}

export interface RuntimePlatform {
  /**
   * The best adapter, or the one whose name or kind is given: hardware, else lavapipe, else SwiftShader.
   * @throws AdapterError when there is none
   */
  requestAdapter(options?: { adapter?: string }): Promise<PlatformAdapter>;
}
