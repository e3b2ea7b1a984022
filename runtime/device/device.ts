/**
 * The GPU device with its adapter. Nothing is global, several can be open at once, and close() drops every reference so
 * that the process can exit. Device loss and uncaptured errors reject one promise, `lost`.
 */
import { AdapterError, DeviceLostError, KernelError, LimitError, type OeclError, UsageError } from '../errors.ts';
import type { AdapterInfo, PlatformAdapter, RuntimePlatform } from '../platform/platform.ts';

export interface DeviceFeatures {
  subgroups: boolean;
  /** Lanes of a subgroup, 4 to 128; both 0 without subgroups. */
  subgroupMinSize: number;
  subgroupMaxSize: number;
  f16: boolean;
  timestampQuery: boolean;
}

const WANTED_FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Milliseconds. */
const LOSS_TOLD_WITHIN = 500;

export class Device {
  readonly info: AdapterInfo;
  readonly features: DeviceFeatures;
  readonly limits: GPUSupportedLimits;
  /** Rejects when the device is lost or reports an uncaptured error; never resolves. */
  readonly lost: Promise<never>;
  readonly #gpu: GPUDevice;
  readonly #wait: PlatformAdapter['wait'];
  /** Pending operations that still need the native device: close() waits for them. */
  readonly #pending = new Set<Promise<unknown>>();
  #release: (() => void) | null;
  #failure: OeclError | null = null;
  #reject: (error: OeclError) => void = () => {};
  readonly #onError = (event: Event) => this.fail(uncaptured((event as GPUUncapturedErrorEvent).error));

  constructor(found: PlatformAdapter, gpu: GPUDevice) {
    this.info = found.info;
    this.#gpu = gpu;
    this.#wait = found.wait;
    this.limits = gpu.limits;
    this.#release = () => found.release();
    this.features = readFeatures(found.adapter, gpu);
    this.lost = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.lost.catch(() => {}); // no unhandled rejection if nobody awaits it
    gpu.addEventListener('uncapturederror', this.#onError);
    void gpu.lost.then(({ reason, message }) => {
      if (this.#release === null) return; // closed on purpose
      const { vendor, architecture, description } = this.info;
      this.fail(
        new DeviceLostError(
          `the device was lost (${reason}): ${message.replace(/\.$/, '') || 'the driver gave no reason'}.`,
          {
            details: [`adapter ${[vendor, architecture, description].filter(Boolean).join(', ') || 'unnamed'}`],
            remedy:
              'start again with --resume; if it happens again, a smaller --batch, or another adapter (--list-adapters)',
          },
        ),
      );
    });
  }

  /** @throws UsageError after close(): calls on a destroyed device can crash the process */
  get gpu(): GPUDevice {
    if (this.isClosed) throw closed();
    return this.#gpu;
  }

  get isClosed(): boolean {
    return this.#release === null;
  }

  /** Awaits a promise from `gpu` in the platform's way (PlatformAdapter.wait). */
  wait<T>(promise: Promise<T>): Promise<T> {
    return this.during(this.#wait(promise));
  }

  /** Returns the promise; close() waits until it has settled. */
  during<T>(promise: Promise<T>): Promise<T> {
    this.#pending.add(promise);
    const done = () => void this.#pending.delete(promise);
    promise.then(done, done);
    return promise;
  }

  /** Resolves when no pending operation needs the device any more. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending]);
  }

  /** Makes `lost` reject and every later check() throw. The first failure counts. */
  fail(error: OeclError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#reject(error);
  }

  /** @throws the failure that was reported, if any. */
  check(): void {
    if (this.#failure) throw this.#failure;
    void this.gpu;
  }

  /**
   * Why a call failed: the device's failure if there is one, otherwise the error itself. Calls on a lost device fail shortly
   * before the loss is reported.
   */
  async reasonOf(error: unknown): Promise<unknown> {
    const patience = new Promise<void>((resolve) => setTimeout(resolve, LOSS_TOLD_WITHIN));
    await Promise.race([this.#gpu.lost, patience]);
    return this.#failure ?? error;
  }

  /** Resolves when all submitted work is done. @throws DeviceLostError, KernelError */
  async idle(): Promise<void> {
    this.check();
    await Promise.race([this.wait(this.gpu.queue.onSubmittedWorkDone()), this.lost]);
    this.check();
  }

  /** Destroys the device and drops the adapter, so that a Node process can exit. Safe to call twice. */
  close(): void {
    const release = this.#release;
    this.#release = null;
    if (!release) return;
    this.#gpu.destroy();
    // Dawn in Node keeps its listeners, and so whatever they refer to: the device with its threads, for as long as the process
    this.#gpu.removeEventListener('uncapturederror', this.#onError);
    release();
  }
}

/** For any use after Context.close(). */
export function closed(): UsageError {
  return new UsageError('the context is closed.', { remedy: 'close it after its last use' });
}

/** An uncaptured error as one of our classes. */
function uncaptured(error: GPUError): OeclError {
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return new LimitError(`the device has no memory left: ${error.message}`, {
      remedy: 'a smaller --batch, --size or --width, or fewer programs and tabs that use the GPU',
    });
  }
  return new KernelError(`the GPU rejected a call: ${error.message}`, {
    remedy: 'please report this, with the command that led here',
  });
}

/** Opens a device with the adapter's full limits and those of our features that it supports. @throws AdapterError */
export async function openDevice(platform: RuntimePlatform, options: { adapter?: string } = {}): Promise<Device> {
  if (typeof platform?.requestAdapter !== 'function') {
    throw new AdapterError(`openContext: got ${platform === null ? 'null' : typeof platform}, expected a platform.`, {
      remedy: "the one of the entry: import { openContext, platform } from 'oecl/runtime'",
    });
  }
  if (options.adapter !== undefined && typeof options.adapter !== 'string') {
    throw new AdapterError(`openContext: adapter: got ${String(options.adapter)}, expected a name or a kind.`, {
      remedy: 'hardware, lavapipe, swiftshader or a part of a name; no adapter for the best',
    });
  }
  const found = await platform.requestAdapter(options);
  const { adapter } = found;
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const gpu = await adapter.requestDevice({ requiredLimits, requiredFeatures: requiredFeatures as GPUFeatureName[] });
  return new Device(found, gpu);
}

function readFeatures(adapter: GPUAdapter, gpu: GPUDevice): DeviceFeatures {
  const subgroups = gpu.features.has('subgroups');
  const { subgroupMinSize = 4, subgroupMaxSize = 128 } = adapter.info ?? {};
  return {
    subgroups,
    subgroupMinSize: subgroups ? subgroupMinSize : 0,
    subgroupMaxSize: subgroups ? subgroupMaxSize : 0,
    f16: gpu.features.has('shader-f16'),
    timestampQuery: gpu.features.has('timestamp-query'),
  };
}
