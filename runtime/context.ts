/**
 * Everything that a computation depends on: device, memory, kernels, scopes, and whether launches run now or are recorded
 * in a plan. All state is here, so several contexts can be open at once and a lost one can be replaced.
 */

import fillSource from '../shaders/fill.wgsl';
import { anything, checkArguments, flag, number, numbers, object, oneOf, optional, text } from './arguments.ts';
import { closed, type Device, type DeviceFeatures, openDevice } from './device/device.ts';
import { MemoryPool, type MemoryReport, Storage } from './device/memory.ts';
import { Readback } from './device/readback.ts';
import { byteLength, DTYPES, type DType } from './dtype.ts';
import { LimitError, ShapeError, UsageError } from './errors.ts';
import { KernelCache } from './kernel/cache.ts';
import { KernelChoices } from './kernel/choices.ts';
import type { KernelSpec } from './kernel/spec.ts';
import { bytesOf, groups2d, halvesOf, type Launch, resolve } from './launch.ts';
import { EagerQueue } from './plan/eager.ts';
import { type Plan, planOf } from './plan/plan.ts';
import { nanFiller } from './plan/poison.ts';
import { Recorder } from './plan/record.ts';
import type { AdapterInfo, RuntimePlatform } from './platform/platform.ts';
import { reachableTensors, Scopes } from './scopes.ts';
import { checkShape, denseStrides, formatShape, type Shape, sizeOf } from './shape.ts';
import { byteOffset, Tensor, type TensorLayout } from './tensor.ts';
import type { Variants } from './variants.ts';

export interface ContextOptions {
  /** Name or kind of the adapter. Default: the best one. */
  adapter?: string;
  /** Variants of kernel families to use instead of the defaults. */
  variants?: Partial<Variants>;
  /** Fills new memory with NaN, to expose kernels that read unwritten memory. For tests. */
  poison?: boolean;
}

export interface TensorOptions {
  dtype?: DType;
  /** Axes from slowest to fastest in memory. Default: row-major. */
  order?: Shape;
}

const CONTEXT = {
  platform: anything,
  options: object({ adapter: optional(text), variants: optional(anything), poison: optional(flag) }),
};
const TENSOR = { shape: numbers, options: object({ dtype: optional(oneOf(...DTYPES)), order: optional(numbers) }) };

const FILL: KernelSpec = { file: 'fill.wgsl', source: fillSource, entry: 'fill' };

export class Context {
  readonly device: Device;
  /** Which variant each convolution uses. */
  readonly choices: KernelChoices;
  readonly #kernels: KernelCache;
  readonly #pool: MemoryPool;
  readonly #queue: EagerQueue;
  readonly #readback: Readback;
  readonly #scopes = new Scopes();
  #recorder: Recorder | null = null;
  #closing: Promise<void> | null = null;
  #gradientsEnabled = true;
  #nextId = 0;

  constructor(device: Device, options: ContextOptions = {}) {
    this.device = device;
    this.choices = new KernelChoices(device.features, options.variants);
    this.#kernels = new KernelCache(device);
    this.#queue = new EagerQueue(device);
    this.#readback = new Readback(device);
    this.#pool = new MemoryPool(device, options.poison ? nanFiller(device, this.#queue) : undefined);
  }

  get info(): AdapterInfo {
    return this.device.info;
  }

  get features(): DeviceFeatures {
    return this.device.features;
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  /** Rejects with DeviceLostError or KernelError when the device fails; never resolves. */
  get lost(): Promise<never> {
    return this.device.lost;
  }

  get gradientsEnabled(): boolean {
    return this.#gradientsEnabled;
  }

  /** True once close() has been called: pending work finishes, and new work is refused. */
  get isClosed(): boolean {
    return this.#closing !== null;
  }

  get isRecording(): boolean {
    return this.#recorder !== null;
  }

  memory(): MemoryReport {
    return this.#pool.report();
  }

  /** A tensor of the given values, in logical row-major order. @throws UsageError, ShapeError, LimitError */
  tensor(values: ArrayLike<number>, shape: Shape, options: TensorOptions = {}): Tensor {
    const tensor = this.#allocate(shape, options, false);
    try {
      tensor.write(values);
    } catch (error) {
      tensor.dispose();
      throw error;
    }
    return tensor;
  }

  /** Uninitialized memory: every element must be written before it is read. @throws ShapeError, LimitError */
  empty(shape: Shape, options: TensorOptions = {}): Tensor {
    return this.#allocate(shape, options, this.isRecording);
  }

  zeros(shape: Shape, options: TensorOptions = {}): Tensor {
    return this.full(shape, 0, options);
  }

  /** A tensor filled with one value (only 0 for integer types). */
  full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
    checkArguments('full', { shape: numbers, value: number, options: anything }, [shape, value, options]);
    const tensor = this.empty(shape, options);
    const isFloat = tensor.dtype === 'f32' || tensor.dtype === 'f16';
    if (!isFloat && value !== 0) {
      tensor.dispose();
      throw new UsageError(`full: a tensor of ${tensor.dtype} can only be filled with 0, not ${value}.`, {
        remedy: 'context.tensor(), or cast()',
      });
    }
    const count = isFloat ? tensor.size : bytesOf(tensor) / 4; // integers: count words
    this.launch({
      kernel: FILL,
      bindings: { y: tensor },
      uniforms: { count, value },
      groups: groups2d(Math.ceil(count / 256)),
    });
    return tensor;
  }

  /**
   * Runs `body`, then disposes the tensors created in it except those reachable from its result (also through the tape).
   * @throws UsageError if body is async: its tensors would be disposed at its first await
   */
  scope<T>(body: () => T): T {
    const result = this.#scopes.run(body);
    if (!(result instanceof Promise)) return result;
    result.catch(() => {}); // it fails because its tensors are disposed; the error below says why
    throw new UsageError('scope: its body is async and would use tensors after the scope has ended.', {
      remedy: 'do not await inside a scope: return tensors from scope() and read() them afterwards',
    });
  }

  /** Runs `body` without leaving a tape. */
  noGrad<T>(body: () => T): T {
    const before = this.#gradientsEnabled;
    this.#gradientsEnabled = false;
    try {
      return body();
    } finally {
      this.#gradientsEnabled = before;
    }
  }

  /** Runs a kernel now, or adds it to the plan that is being recorded. */
  launch(launch: Launch): void {
    this.#expectOpen();
    for (const tensor of Object.values(launch.bindings)) this.#expectOwn(tensor);
    const sink = this.#recorder ?? this.#queue;
    const scratch: Storage[] = [];
    const resolved = resolve(this.#kernels.get(launch.kernel, halvesOf(launch)), launch, (bytes) => {
      const storage = this.#recorder ? new Storage(bytes, null) : this.#pool.allocate(bytes);
      scratch.push(storage);
      return storage;
    });
    for (const copy of resolved.copies) sink.copy(copy);
    for (const part of resolved.launches) sink.launch(part);
    for (const storage of scratch) storage.release();
  }

  /**
   * Records the launches of `body` (nothing runs) as a plan to be replayed: places memory, compiles kernels in parallel and
   * builds bind groups. Tensors created before keep their memory; refill them with write() between runs.
   * @throws LimitError, KernelError, and what body throws
   */
  record<T>(body: () => T): Promise<Plan<T>> {
    if (!this.#recorder) return this.#record(body);
    // thrown rather than rejected: the outer step does not await the promise
    throw new UsageError('record: a step is being recorded already.', { remedy: 'call record() outside of it' });
  }

  async #record<T>(body: () => T): Promise<Plan<T>> {
    this.#expectOpen();
    this.#queue.flush();
    const recorder = new Recorder();
    try {
      const { result: outputs, made } = this.#gather(recorder, body);
      const kept = reachableTensors(outputs);
      const pinned = new Set([...kept].map((tensor) => tensor.storage));
      this.#pool.trim(); // frees what was only needed until now, such as parameters before they were packed
      const replay = await this.device.during(recorder.finish(this.device, this.#pool, pinned));
      for (const tensor of [...made]) if (!kept.has(tensor)) tensor.dispose();
      return planOf(replay, outputs, this.#queue);
    } catch (error) {
      recorder.letGo();
      throw error;
    }
  }

  /** Resolves when everything launched so far has run. @throws DeviceLostError, KernelError */
  async sync(): Promise<void> {
    this.#expectOpen();
    await this.#idle();
  }

  /**
   * Closes the context: waits for the queue and pending reads, then frees all memory so that the process can exit. Safe to
   * call after a failure, and repeatedly.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    try {
      await this.#idle();
    } catch {
      // a failed device has nothing left to wait for; `lost` reports its error
    }
    await this.device.settled();
    this.#readback.close();
    this.#queue.close();
    this.#pool.trim();
    this.device.close();
  }

  async #idle(): Promise<void> {
    this.#queue.flush();
    await this.device.idle();
  }

  #expectOpen(): void {
    if (this.isClosed) throw closed();
  }

  #expectOwn(tensor: Tensor): void {
    if (tensor.context === this) return;
    throw new ShapeError('a launch with a tensor of another context.', {
      details: [`${formatShape(tensor.shape)} ${tensor.dtype}`],
      remedy: 'create all tensors from one context',
    });
  }

  /** For Tensor.view: a new tensor on a storage that the caller has retained. */
  adopt(storage: Storage, layout: TensorLayout, dtype: DType): Tensor {
    const tensor = new Tensor(this, this.#nextId++, storage, layout, dtype);
    this.#pool.liveTensors++;
    this.#scopes.add(tensor);
    return tensor;
  }

  /** Removes a tensor from all scopes: its owner must dispose it. */
  keep(tensor: Tensor): void {
    this.#scopes.remove(tensor);
  }

  /** For Tensor.dispose. */
  forget(tensor: Tensor): void {
    this.#pool.liveTensors--;
    this.keep(tensor);
  }

  /** For Tensor.write: bytes in memory order. */
  upload(tensor: Tensor, values: ArrayBufferView<ArrayBuffer>): void {
    this.#expectOpen();
    this.#queue.flush(); // otherwise the write would overtake launches that are encoded but not submitted
    const whole = values.byteLength % 4 === 0 ? values : padToWords(values);
    const { storage } = tensor;
    this.device.gpu.queue.writeBuffer(
      storage.buffer,
      storage.offset + byteOffset(tensor),
      whole.buffer,
      whole.byteOffset,
      whole.byteLength,
    );
  }

  /** For Tensor.read: the bytes of `extent` elements. */
  async download(tensor: Tensor, extent: number): Promise<ArrayBuffer> {
    this.#expectOpen();
    if (this.isRecording) {
      throw new UsageError('a tensor was read while a step is recorded.', {
        remedy: 'return it from the step, and read it after run()',
      });
    }
    this.#queue.flush();
    const { storage } = tensor;
    return this.#readback.read(storage.buffer, storage.offset + byteOffset(tensor), byteLength(tensor.dtype, extent));
  }

  /** Moves a dense tensor to `place`, which has the same layout. In a recorded step its kernel writes there directly. */
  moveInto(tensor: Tensor, place: Tensor): void {
    const [from, to] = [tensor.storage, place.storage];
    // a kernel may write a whole last vec4, but the memory after `place` belongs to another tensor
    if (!from.isPlaced && tensor.offset === 0 && tensor.size % 4 === 0) {
      from.place(to.buffer, to.offset + byteOffset(place));
      return;
    }
    this.copy(tensor, place);
  }

  /** Copies the bytes of a dense tensor to `place`, which has the same size, type and memory order. */
  copy(tensor: Tensor, place: Tensor): void {
    this.#expectOpen();
    for (const each of [tensor, place]) this.#expectOwn(each);
    const copy = {
      from: tensor.storage,
      fromOffset: byteOffset(tensor),
      to: place.storage,
      toOffset: byteOffset(place),
      bytes: bytesOf(place),
    };
    (this.#recorder ?? this.#queue).copy(copy);
  }

  /** Runs `body` with launches going to the recorder. */
  #gather<T>(recorder: Recorder, body: () => T): { result: T; made: Set<Tensor> } {
    this.#recorder = recorder;
    try {
      return this.#scopes.gather(body);
    } finally {
      this.#recorder = null;
    }
  }

  #allocate(shape: Shape, options: TensorOptions, planned: boolean): Tensor {
    this.#expectOpen();
    checkArguments('tensor', TENSOR, [shape, options]);
    checkShape('tensor', shape);
    const { dtype = 'f32', order } = options;
    if (order && order.length !== shape.length) {
      throw new ShapeError(`tensor: memory order ${formatShape(order)} does not fit shape ${formatShape(shape)}.`);
    }
    if (dtype === 'f16' && !this.features.f16) throw noHalves(shape);
    const bytes = byteLength(dtype, sizeOf(shape));
    this.#pool.checkLimits(bytes, `a tensor ${formatShape(shape)} ${dtype}`); // a plan allocates only when it is placed
    const storage = planned ? new Storage(bytes, null) : this.#pool.allocate(bytes);
    return this.adopt(storage, { shape: [...shape], strides: denseStrides(shape, order), offset: 0 }, dtype);
  }
}

/** Opens the platform's adapter and a context on it. @throws AdapterError, UsageError for an unknown option */
export async function openContext(platform: RuntimePlatform, options: ContextOptions = {}): Promise<Context> {
  checkArguments('openContext', CONTEXT, [platform, options]);
  return new Context(await openDevice(platform, options), options);
}

function noHalves(shape: Shape): LimitError {
  return new LimitError(`a tensor ${formatShape(shape)} f16: the adapter has no feature "shader-f16".`, {
    remedy: 'f32, or another adapter (--list-adapters)',
  });
}

function padToWords(values: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(values.byteLength / 4) * 4);
  padded.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return padded;
}
