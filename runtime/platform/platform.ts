/** The one thing that differs between Node and a browser for the runtime: where an adapter comes from. */

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
