/**
 * Which implementation each convolution and matrix product of a context uses: a table by what is computed, and one fixed
 * choice for all that the table does not name. Keys and names say nothing of an adapter, so that a table serves other
 * hosts too; all choices give the same bits, so that it changes the time of a run and not its result.
 */
import type { DeviceFeatures } from '../device/device.ts';
import type { DType } from '../dtype.ts';
import { defaultVariants, type Variants } from '../variants.ts';

/** A convolution, its input gradient (`isTransposed`) or a matrix product (an image one pixel high), without operands. */
export interface ConvGeometry {
  images: number;
  inChannels: number;
  height: number;
  width: number;
  outChannels: number;
  outHeight: number;
  outWidth: number;
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
  /** True for the input gradient: x is then dy, and y the gradient. */
  isTransposed: boolean;
}

/** `sum`: conv.wgsl, over channels and taps. `weight`: conv_weight.wgsl, over pixels. */
export type ConvKind = 'sum' | 'weight';

/** As conv.wgsl names them. Of a weight gradient, w is dy and y is dw. */
export const OPERANDS = ['x', 'w', 'y'] as const;
export type Operand = (typeof OPERANDS)[number];

/** How the operands are stored. */
export type OperandTypes = Readonly<Record<Operand, DType>>;

export interface ConvChoice {
  variant: Variants['conv'];
  /** Rows and columns of output pixels of an invocation, where they are not those of the fixed choice. */
  patch: readonly [number, number] | null;
}

/** What is computed (`conv 3x3/1 64->64 16x16`) to the name of a choice (`subgroup`, `subgroup 4x8`). Plain JSON. */
export type KernelTable = Readonly<Record<string, string>>;

/** What a context was asked to compute, under one key. */
export interface AskedKernel {
  key: string;
  kind: ConvKind;
  /** Of the call with the most images. */
  geometry: ConvGeometry;
  types: OperandTypes;
  /** Floating-point operations of all calls. */
  flops: number;
}

const ALL_F32: OperandTypes = { x: 'f32', w: 'f32', y: 'f32' };

const VARIANT_NAMES: readonly Variants['conv'][] = ['subgroup', 'workgroup', 'register'];

export class KernelChoices {
  /** For what the table does not name. */
  readonly fixed: ConvChoice;
  /** The variants that the adapter can run, the fixed one first. */
  readonly variants: readonly Variants['conv'][];
  table: KernelTable = {};
  readonly #asked = new Map<string, AskedKernel>();
  #tried: ConvChoice | null = null;

  constructor(features: DeviceFeatures, variants: Partial<Variants> = {}) {
    const usual = defaultVariants(features).conv;
    this.fixed = { variant: variants.conv ?? usual, patch: null };
    const possible = VARIANT_NAMES.filter((name) => name !== 'subgroup' || usual === 'subgroup');
    this.variants = [...new Set([this.fixed.variant, ...possible])];
  }

  /** Everything that was asked for since the context was made, the most work first. */
  get asked(): AskedKernel[] {
    return [...this.#asked.values()].sort((a, b) => b.flops - a.flops);
  }

  /** The choice for a computation, which is noted. A choice that the adapter cannot run counts as not made. */
  of(kind: ConvKind, geometry: ConvGeometry, types = ALL_F32): ConvChoice {
    if (this.#tried) return this.#tried;
    const key = keyOf(kind, geometry, types);
    this.#note({ key, kind, geometry, types, flops: flopsOf(geometry) });
    const choice = Object.hasOwn(this.table, key) ? parseChoice(this.table[key]) : null;
    return choice && this.variants.includes(choice.variant) ? choice : this.fixed;
  }

  /** Runs `body` with one choice for whatever it asks, and notes nothing. */
  trying<T>(choice: ConvChoice, body: () => T): T {
    this.#tried = choice;
    try {
      return body();
    } finally {
      this.#tried = null;
    }
  }

  #note(call: AskedKernel): void {
    const known = this.#asked.get(call.key);
    if (known) known.flops += call.flops;
    if (known && known.geometry.images >= call.geometry.images) return;
    this.#asked.set(call.key, {
      ...call,
      geometry: plainGeometry(call.geometry),
      flops: known?.flops ?? call.flops,
    });
  }
}

/** Without the operands that a call has beside it: they must not be held here. */
function plainGeometry(call: ConvGeometry): ConvGeometry {
  const { images, inChannels, height, width, outChannels, outHeight, outWidth } = call;
  const { kernel, stride, padding, isTransposed } = call;
  return {
    ...{ images, inChannels, height, width, outChannels, outHeight, outWidth },
    ...{ kernel, stride, padding, isTransposed },
  };
}

/**
 * What is computed, but for the number of images: `conv weight 3x3/1 64->64 16x16`, `matmul 64x512->128`; then the operands
 * that are not f32: `conv 3x3/1 64->64 16x16, x f16, y f16`.
 */
export function keyOf(kind: ConvKind, geometry: ConvGeometry, types = ALL_F32): string {
  const others = OPERANDS.filter((operand) => types[operand] !== 'f32');
  return [shapeKeyOf(kind, geometry), ...others.map((operand) => `${operand} ${types[operand]}`)].join(', ');
}

function shapeKeyOf(kind: ConvKind, geometry: ConvGeometry): string {
  const { inChannels, outChannels, height, width, outHeight, outWidth, kernel, stride, isTransposed } = geometry;
  const weight = kind === 'weight' ? ' weight' : '';
  if (kernel[0] * kernel[1] * height === 1) return `matmul${weight} ${width}x${inChannels}->${outChannels}`;
  const pass = isTransposed ? ' input' : weight;
  const steps = stride[0] === stride[1] ? stride[0] : stride.join('x');
  return `conv${pass} ${kernel.join('x')}/${steps} ${inChannels}->${outChannels} ${outHeight}x${outWidth}`;
}

/** Floating-point operations of the whole window. */
export function flopsOf(geometry: ConvGeometry): number {
  const { images, inChannels, outChannels, height, width, outHeight, outWidth, kernel, isTransposed } = geometry;
  // a transposed window meets a whole place once for each of its source's pixels and taps
  const pixels = images * (isTransposed ? height * width : outHeight * outWidth);
  return 2 * pixels * inChannels * outChannels * kernel[0] * kernel[1];
}

export function nameOf({ variant, patch }: ConvChoice): string {
  return patch ? `${variant} ${patch.join('x')}` : variant;
}

/** The choice of a name; null for a name of another version. */
function parseChoice(name: string): ConvChoice | null {
  const [, variant, rows, cols] = /^(\w+)(?: (\d+)x(\d+))?$/.exec(name) ?? [];
  const known = VARIANT_NAMES.find((each) => each === variant);
  return known ? { variant: known, patch: rows ? [Number(rows), Number(cols)] : null } : null;
}

/** A table that was read from a file, or null when it is none. */
export function parseKernelTable(value: unknown): KernelTable | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.values(value).every((name) => typeof name === 'string' && parseChoice(name) !== null)
    ? (value as KernelTable)
    : null;
}
