/** What differs between Node and browsers for the runtime: how to get an adapter. */

/**
 * The WebGPU types that the published declarations use. TypeScript 5.9 has them only with the package @webgpu/types, which
 * conflicts with newer versions, and those have them only with the DOM library. If they are declared already, these add
 * nothing; otherwise they keep the declarations valid.
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
  /** True if it runs on the CPU. */
  isSoftware: boolean;
  kind: 'hardware' | 'lavapipe' | 'swiftshader' | 'other-software';
}

export interface PlatformAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  info: AdapterInfo;
  /** Awaits a promise from the device without keeping a core busy. */
  wait<T>(pending: Promise<T>): Promise<T>;
  /** Releases what keeps the process alive. Called once, after the device is destroyed. */
  release(): void;
}

export interface RuntimePlatform {
  /**
   * The best adapter, or the one whose name or kind is given: hardware, else lavapipe, else SwiftShader.
   * @throws AdapterError when there is none
   */
  requestAdapter(options?: { adapter?: string }): Promise<PlatformAdapter>;
}
