/**
 * A tensor: a logical shape over a range of device memory. Views (transpose, slice, expand) share the storage. Dispose
 * tensors after use, or create them inside Context.scope, which does.
 */
import type { TapeNode } from './autograd/tape.ts';
import type { Context } from './context.ts';
import type { Storage } from './device/memory.ts';
import { ARRAYS, bytesPerElement, type DType, decoded, encoded, typedArray } from './dtype.ts';
import { ShapeError, UsageError } from './errors.ts';
import { extentOf, formatShape, isDenseIn, type Shape, sameShape, sizeOf } from './shape.ts';

/** A tensor's elements on the host. */
export type TensorValues = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

export interface TensorLayout {
  shape: Shape;
  /** Elements. */
  strides: Shape;
  /** Elements from the start of the storage. */
  offset: number;
}

export class Tensor {
  readonly context: Context;
  /** Counts up within a context. */
  readonly id: number;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** True for parameters, and for tensors computed from them. */
  requiresGrad = false;
  /** dLoss/dThis after backward(), for leaves with requiresGrad. */
  grad: Tensor | null = null;
  /** Where backward() writes the gradient: a range of an optimizer's gradient arena. Null: anywhere. */
  gradPlace: Tensor | null = null;
  /** The op call that computed it; null for a leaf. */
  node: TapeNode | null = null;
  #offset: number;
  #storage: Storage;
  #disposed = false;

  /** For the runtime only: use context.tensor() and the ops. Takes ownership of one reference to the storage. */
  constructor(context: Context, id: number, storage: Storage, layout: TensorLayout, dtype: DType) {
    this.context = context;
    this.id = id;
    this.shape = layout.shape;
    this.strides = layout.strides;
    this.dtype = dtype;
    this.size = sizeOf(layout.shape);
    this.#offset = layout.offset;
    this.#storage = storage;
  }

  get offset(): number {
    return this.#offset;
  }

  get rank(): number {
    return this.shape.length;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** The memory, for launches. @throws UsageError if the tensor is disposed */
  get storage(): Storage {
    if (this.#disposed) {
      throw usedAfterDispose('a tensor', this.shape);
    }
    return this.#storage;
  }

  /** True if the elements are in row-major order without gaps. */
  get isContiguous(): boolean {
    return isDenseIn(this.shape, this.strides);
  }

  /** Moves the tensor to another storage, with the same strides. Only for packing parameters into an arena. */
  rebind(storage: Storage, offset: number): void {
    this.storage.release();
    this.#storage = storage;
    this.#offset = offset;
  }

  /**
   * Fills the tensor from the host, in logical row-major order. Takes effect before the next launch or run().
   * @throws ShapeError when the number of values differs; UsageError for values that an integer type does not have
   */
  write(values: ArrayLike<number>): void {
    checkValues('write', values);
    checkRange('write', this.dtype, values);
    if (values.length !== this.size) {
      throw new ShapeError(`write: ${values.length} values for a tensor of ${this.size}.`, {
        details: [`tensor ${formatShape(this.shape)}`],
      });
    }
    if (this.isContiguous) {
      this.context.upload(this, encoded(this.dtype, values));
      return;
    }
    if (extentOf(this.shape, this.strides) !== this.size) {
      throw new ShapeError('write: the tensor is a view with gaps or repeats.', { details: [formatShape(this.shape)] });
    }
    const memory = typedArray(this.dtype, this.size);
    forEachElement(this.shape, this.strides, (logical, at) => {
      memory[at] = values[logical];
    });
    this.context.upload(this, encoded(this.dtype, memory));
  }

  /** The elements in logical row-major order, after all work launched before. @throws DeviceLostError, KernelError */
  async read(): Promise<TensorValues> {
    const extent = extentOf(this.shape, this.strides);
    const memory = decoded(this.dtype, await this.context.download(this, extent), extent);
    if (this.isContiguous) return memory;
    const values = typedArray(this.dtype, this.size);
    forEachElement(this.shape, this.strides, (logical, at) => {
      values[logical] = memory[at];
    });
    return values;
  }

  /** The value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: a tensor of ${this.size} elements, ${formatShape(this.shape)}, expected one.`);
    return (await this.read())[0];
  }

  /** The same memory with another layout. Shares the storage; dispose it separately. */
  view(layout: TensorLayout): Tensor {
    this.storage.retain();
    return this.context.adopt(this.storage, layout, this.dtype);
  }

  /** The same values without history. */
  detach(): Tensor {
    return this.view({ shape: this.shape, strides: this.strides, offset: this.offset });
  }

  /** Releases the memory unless another view uses it. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#storage.release();
    this.#disposed = true;
    this.context.forget(this);
  }
}

export function usedAfterDispose(subject: string, shape: Shape): UsageError {
  return new UsageError(`${subject} ${formatShape(shape)} was used after dispose(), or after the scope that made it.`, {
    remedy: 'return it from the scope that makes it, and dispose of it after its last use',
  });
}

/** Bytes from the start of the storage to the first element. @throws ShapeError if that is not a word boundary */
export function byteOffset({ offset, dtype, shape }: Tensor): number {
  const bytes = offset * bytesPerElement(dtype);
  if (bytes % 4 === 0) return bytes;
  throw new ShapeError(`a view of ${dtype} starts at byte ${bytes}, inside a word of four bytes.`, {
    details: [`view ${formatShape(shape)}`],
    remedy: "cast(x, 'f32') first, and a view of that",
  });
}

/** True if two tensors may overlap in memory. A disposed tensor does not. */
export function sharesMemory(a: Tensor, b: Tensor): boolean {
  if (a.isDisposed || b.isDisposed || a.storage !== b.storage) return false;
  const [endA, endB] = [a, b].map(({ offset, shape, strides }) => offset + extentOf(shape, strides));
  return a.offset < endB && b.offset < endA;
}

/** @throws ShapeError naming `op` if the shapes differ */
export function expectShape(op: string, what: string, tensor: Tensor, shape: Shape): void {
  if (sameShape(tensor.shape, shape)) return;
  throw new ShapeError(`${op}: ${what} is ${formatShape(tensor.shape)}, expected ${formatShape(shape)}.`);
}

function forEachElement(shape: Shape, strides: Shape, visit: (logical: number, at: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  let at = 0;
  for (let logical = 0; logical < size; logical++) {
    visit(logical, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/** @throws UsageError for anything but an array of numbers: nested arrays, strings, 64-bit integers */
function checkValues(op: string, values: ArrayLike<unknown>): void {
  const isBig = values instanceof BigInt64Array || values instanceof BigUint64Array;
  if (ArrayBuffer.isView(values) && !(values instanceof DataView) && !isBig) return;
  const wrong = Array.isArray(values) ? values.find((each) => typeof each !== 'number') : values;
  if (Array.isArray(values) && wrong === undefined && !values.includes(undefined)) return;
  const got = isBig ? values.constructor.name : Array.isArray(wrong) ? 'nested arrays' : `of type ${typeof wrong}`;
  throw new UsageError(`${op}: the values are ${got}, expected an array of numbers.`, {
    remedy: Array.isArray(wrong) ? 'values.flat(), in row-major order' : 'Float32Array.from(values, Number)',
  });
}

/** The largest value of the integer types. */
const LARGEST: Partial<Record<DType, number>> = { u8: 2 ** 8 - 1, u32: 2 ** 32 - 1 };

/** @throws UsageError for a value that an integer type would wrap around or cut */
function checkRange(op: string, dtype: DType, values: ArrayLike<number>): void {
  const largest = LARGEST[dtype];
  if (largest === undefined || values instanceof ARRAYS[dtype]) return;
  for (let i = 0; i < values.length; i++) {
    if (Number.isInteger(values[i]) && values[i] >= 0 && values[i] <= largest) continue;
    throw new UsageError(`${op}: ${values[i]} at ${i}, expected whole numbers from 0 to ${largest} for ${dtype}.`, {
      remedy: `cast(x, '${dtype}') of a tensor of f32 rounds toward 0 and keeps to the range`,
    });
  }
}
