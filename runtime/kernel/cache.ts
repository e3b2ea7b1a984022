/**
 * Compiles each kernel once: shader source -> layouts and pipeline. Specs that emit the same WGSL share a pipeline. Eager
 * launches compile when needed; a recorded plan compiles all its kernels in parallel.
 */
import type { Device } from '../device/device.ts';
import { KernelError } from '../errors.ts';
import { emit } from './emit.ts';
import { storedAsHalves } from './halves.ts';
import { type KernelInterface, reflect } from './reflect.ts';
import { type KernelSpec, kernelKey } from './spec.ts';

const COMPUTE = 4; // GPUShaderStage.COMPUTE, which is a global only in browsers

/** A kernel on one device. */
export class Kernel {
  readonly label: string;
  readonly text: string;
  readonly interface: KernelInterface;
  readonly bindGroupLayout: GPUBindGroupLayout;
  readonly #device: Device;
  readonly #descriptor: () => GPUComputePipelineDescriptor;
  #module: GPUShaderModule | null = null;
  #pipeline: GPUComputePipeline | null = null;
  #compiling: Promise<void> | null = null;

  constructor(device: Device, spec: KernelSpec, text: string) {
    this.label = `${spec.file}:${spec.entry}`;
    this.text = text;
    this.interface = reflect(spec.file, text, spec.entry);
    this.#device = device;
    this.bindGroupLayout = device.gpu.createBindGroupLayout({
      label: this.label,
      entries: layoutEntries(this.interface),
    });
    this.#descriptor = () => ({
      label: this.label,
      layout: device.gpu.createPipelineLayout({ bindGroupLayouts: [this.bindGroupLayout] }),
      compute: {
        module: (this.#module ??= device.gpu.createShaderModule({ label: this.label, code: text })),
        entryPoint: spec.entry,
      },
    });
  }

  /** The pipeline, compiled on first use. Errors are reported through Device.lost, with the shader source. */
  get pipeline(): GPUComputePipeline {
    if (!this.#pipeline) {
      this.#pipeline = this.#device.gpu.createComputePipeline(this.#descriptor());
      const diagnosed = this.#diagnose(this.#module!).then((error) => error && this.#device.fail(error));
      this.#device.during(diagnosed).catch(() => {}); // the device was lost, which it reports itself
    }
    return this.#pipeline;
  }

  /** Compiles asynchronously. @throws KernelError with the line and the shader source */
  compile(): Promise<void> {
    if (this.#pipeline) return Promise.resolve();
    this.#compiling ??= this.#device.wait(this.#device.gpu.createComputePipelineAsync(this.#descriptor())).then(
      (pipeline) => {
        this.#pipeline = pipeline;
      },
      async (error: Error) => {
        const failure = new KernelError(`${this.label} does not compile: ${error.message}`);
        throw (await this.#diagnose(this.#module!)) ?? (await this.#device.reasonOf(failure));
      },
    );
    return this.#compiling;
  }

  async #diagnose(module: GPUShaderModule): Promise<KernelError | null> {
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((message) => message.type === 'error');
    if (errors.length === 0) return null;
    const lines = this.text.split('\n');
    const details = errors
      .slice(0, 3)
      .map(({ lineNum, message }) => `line ${lineNum}: ${message}\n    ${lines[lineNum - 1]?.trim()}`);
    return new KernelError(`${this.label} does not compile.`, { details, remedy: 'please report this' });
  }
}

export class KernelCache {
  readonly #device: Device;
  /** By spec object, to skip computing the key for specs that are launched repeatedly. */
  readonly #byObject = new WeakMap<KernelSpec, Kernel>();
  readonly #bySpec = new Map<string, Kernel>();
  readonly #byText = new Map<string, Kernel>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** @param halves names of the bindings stored as f16 */
  get(spec: KernelSpec, halves: readonly string[] = []): Kernel {
    if (halves.length > 0) return this.#find(spec, halves);
    const known = this.#byObject.get(spec);
    if (known) return known;
    const kernel = this.#find(spec, halves);
    this.#byObject.set(spec, kernel);
    return kernel;
  }

  #find(spec: KernelSpec, halves: readonly string[]): Kernel {
    const key = kernelKey(spec, halves);
    let kernel = this.#bySpec.get(key);
    if (!kernel) {
      const text = storedAsHalves(emit(spec), halves);
      const textKey = `${spec.entry}\n${text}`;
      kernel = this.#byText.get(textKey) ?? new Kernel(this.#device, spec, text);
      this.#byText.set(textKey, kernel);
      this.#bySpec.set(key, kernel);
    }
    return kernel;
  }
}

function layoutEntries({ storage, uniform }: KernelInterface): GPUBindGroupLayoutEntry[] {
  const entries: GPUBindGroupLayoutEntry[] = storage.map(({ binding, access }) => ({
    binding,
    visibility: COMPUTE,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  if (uniform) entries.push({ binding: uniform.binding, visibility: COMPUTE, buffer: { type: 'uniform' } });
  return entries;
}
